package store

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/posternhq/postern/host"
)

type groupRow struct {
	ID        string `db:"id"`
	AppID     string `db:"app_id"`
	Name      string `db:"name"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
	Revision  int64  `db:"revision"`
}

// groupView is a key group as it is read: with its members, joined by commas.
type groupView struct {
	groupRow
	Members string `db:"members"`
}

var (
	insertGroup  = insertInto[groupRow]("key_group")
	updateGroup  = update[groupRow]("key_group")
	groupColumns = columns[groupRow]("key_group.") + `, COALESCE((SELECT string_agg(m.credential_id, ',' ORDER BY m.credential_id)
		FROM key_group_member m WHERE m.key_group_id = key_group.id), '') AS members`
)

func groupRowOf(g *host.KeyGroup) groupRow {
	return groupRow{ID: g.ID, AppID: g.AppID, Name: g.Name, CreatedAt: g.CreatedAt.Millis(), UpdatedAt: g.UpdatedAt.Millis(), Revision: g.Revision}
}

func (r *groupView) group() *host.KeyGroup {
	g := &host.KeyGroup{
		ID: r.ID, AppID: r.AppID, Name: r.Name, Members: []string{}, Revision: r.Revision,
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt),
	}
	if r.Members != "" {
		g.Members = strings.Split(r.Members, ",")
	}
	return g
}

const groupTaken = "name is already taken by another key group of this app"

// CreateKeyGroup implements host.KeyGroupStore. It gives group its Revision.
func (db *DB) CreateKeyGroup(ctx context.Context, group *host.KeyGroup) (err error) {
	defer host.Wrap(&err, "store.CreateKeyGroup(%q)", group.ID)
	created := *group
	created.Revision, created.Members = 1, sorted(group.Members)
	err = db.main.write(ctx, func(s *session) error {
		if err := lockApp(s, created.AppID); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedKeyGroups, created.AppID, nil, &created); err != nil {
			return err
		}
		if _, err := s.save(insertGroup, groupRowOf(&created)); err != nil {
			return s.taken(err, groupTaken)
		}
		return insertMembers(s, &created)
	})
	if err == nil {
		*group = created
	}
	return err
}

// sorted returns list in order and without repetitions.
func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

// memberChunk is how many members one statement inserts.
const memberChunk = 500

// insertMembers adds the members, which are sorted, of a group that has none.
func insertMembers(s *session, group *host.KeyGroup) error {
	for chunk := range slices.Chunk(group.Members, memberChunk) {
		query, args, err := sqlx.In(`INSERT INTO key_group_member (key_group_id, credential_id)
			SELECT ?, id FROM credential WHERE id IN (?) AND (app_id IS NULL OR app_id = ?) ORDER BY id`, group.ID, chunk, group.AppID)
		if err != nil {
			return err
		}
		inserted, err := s.exec(sqlx.Rebind(sqlx.DOLLAR, query), args...)
		if err != nil {
			return err
		}
		if inserted < int64(len(chunk)) {
			return errMember(s, group, chunk)
		}
	}
	return nil
}

// errMember names the first of some ids that did not become a member.
func errMember(s *session, group *host.KeyGroup, ids []string) error {
	members, err := list[string](s, "SELECT credential_id FROM key_group_member WHERE key_group_id = $1", group.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.Contains(members, id) {
			return errNoMember(id)
		}
	}
	return nil
}

func errNoMember(id string) error {
	return host.Errorf(host.CodeInvalid, "members: there is no key, token or issuer of this app with the id %s", id)
}

// CheckMembers implements host.KeyGroupStore. Which id is named does not tell
// one that is not there from one that belongs to another environment.
func (db *DB) CheckMembers(ctx context.Context, appID string, ids, environments []string) (err error) {
	defer host.Wrap(&err, "store.CheckMembers(%q, %d ids)", appID, len(ids))
	_, err = read(ctx, db.main, func(s *session) (none struct{}, err error) {
		for chunk := range slices.Chunk(sorted(ids), memberChunk) {
			found, err := credentials(s, appID, chunk, environments)
			if err != nil {
				return none, err
			}
			for _, id := range chunk {
				if !slices.Contains(found, id) {
					return none, errNoMember(id)
				}
			}
		}
		return none, nil
	})
	return err
}

// credentials are those of some ids that are a credential of the app, or of
// every app in one of the environments.
func credentials(s *session, appID string, ids, environments []string) ([]string, error) {
	query, args := `SELECT credential.id FROM credential
		LEFT JOIN key ON key.id = credential.id LEFT JOIN token ON token.id = credential.id
		WHERE credential.id IN (?) AND (credential.app_id IS NULL OR credential.app_id = ?)`, []any{ids, appID}
	if len(environments) > 0 {
		query += " AND (COALESCE(key.environment, token.environment) IS NULL OR COALESCE(key.environment, token.environment) IN (?))"
		args = append(args, environments)
	}
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return nil, err
	}
	return list[string](s, sqlx.Rebind(sqlx.DOLLAR, query), args...)
}

// KeyGroup implements host.KeyGroupStore.
func (db *DB) KeyGroup(ctx context.Context, appID, name string) (group *host.KeyGroup, err error) {
	defer host.Wrap(&err, "store.KeyGroup(%q, %q)", appID, name)
	return read(ctx, db.main, func(s *session) (*host.KeyGroup, error) { return oneGroup(s, appID, name) })
}

func oneGroup(s *session, appID, name string) (*host.KeyGroup, error) {
	row, err := one[groupView](s, "Key group", "SELECT "+groupColumns+" FROM key_group WHERE app_id = $1 AND name = $2", appID, name)
	if err != nil {
		return nil, err
	}
	return row.group(), nil
}

// KeyGroups implements host.KeyGroupStore.
func (db *DB) KeyGroups(ctx context.Context, appID string, page host.Page) (groups []*host.KeyGroup, total int, err error) {
	defer host.Wrap(&err, "store.KeyGroups(%q)", appID)
	groups = []*host.KeyGroup{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[groupView](s, groupColumns, "key_group WHERE app_id = $1", "key_group.id", page, appID)
		for i := range rows {
			groups = append(groups, rows[i].group())
		}
		return total, err
	})
	return groups, total, err
}

// EachKeyGroup implements host.KeyGroupStore. All groups are of one moment.
func (db *DB) EachKeyGroup(ctx context.Context, appID string, fn func(*host.KeyGroup)) (err error) {
	defer host.Wrap(&err, "store.EachKeyGroup(%q)", appID)
	where, args := ofApp(appID)
	return each(ctx, db.main, "SELECT "+groupColumns+" FROM key_group"+where, func(row *groupView) { fn(row.group()) }, args...)
}

// UpdateKeyGroup implements host.KeyGroupStore. The ids and the time of
// creation keep their values.
func (db *DB) UpdateKeyGroup(ctx context.Context, appID, name string, change func(*host.KeyGroup) error) (group *host.KeyGroup, err error) {
	defer host.Wrap(&err, "store.UpdateKeyGroup(%q, %q)", appID, name)
	err = db.main.write(ctx, func(s *session) error {
		group, err = lockGroup(s, appID, name)
		if err != nil {
			return err
		}
		old := *group
		old.Members = slices.Clone(group.Members)
		if err := change(group); err != nil {
			return err
		}
		group.ID, group.AppID, group.CreatedAt = old.ID, old.AppID, old.CreatedAt
		group.UpdatedAt, group.Revision, group.Members = host.Now(), old.Revision+1, sorted(group.Members)
		return db.replaceGroup(s, group, &old)
	})
	if err != nil {
		return nil, err
	}
	return group, nil
}

// lockGroup finds a group and keeps the releases of its app as they are.
func lockGroup(s *session, appID, name string) (*host.KeyGroup, error) {
	err := lockApp(s, appID)
	if host.CodeOf(err) == host.CodeNotFound {
		return nil, host.Errorf(host.CodeNotFound, "Key group not found")
	}
	if err != nil {
		return nil, err
	}
	return oneGroup(s, appID, name)
}

func (db *DB) replaceGroup(s *session, group, old *host.KeyGroup) error {
	if group.Name != old.Name {
		if err := groupUnused(s, old); err != nil {
			return err
		}
	}
	if err := db.change(s, host.ChangedKeyGroups, group.AppID, old, group); err != nil {
		return err
	}
	if _, err := s.save(updateGroup, groupRowOf(group)); err != nil {
		return s.taken(err, groupTaken)
	}
	if slices.Equal(group.Members, old.Members) {
		return nil
	}
	if _, err := s.exec("DELETE FROM key_group_member WHERE key_group_id = $1", group.ID); err != nil {
		return err
	}
	return insertMembers(s, group)
}

// groupUnused refuses a group that a retained release names.
func groupUnused(s *session, group *host.KeyGroup) error {
	users, err := list[int](s, "SELECT number FROM release_key_group WHERE app_id = $1 AND name = $2 ORDER BY number DESC LIMIT 1", group.AppID, group.Name)
	if err == nil && len(users) > 0 {
		err = host.Errorf(host.CodeConflict, "key group %s is used by release %d", group.Name, users[0])
	}
	return err
}

// DeleteKeyGroup implements host.KeyGroupStore.
func (db *DB) DeleteKeyGroup(ctx context.Context, appID, name string, checks ...func(*host.KeyGroup) error) (err error) {
	defer host.Wrap(&err, "store.DeleteKeyGroup(%q, %q)", appID, name)
	return db.main.write(ctx, func(s *session) error {
		group, err := lockGroup(s, appID, name)
		if err != nil {
			return err
		}
		if err := refused(group, checks); err != nil {
			return err
		}
		if err := groupUnused(s, group); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedKeyGroups, appID, group, nil); err != nil {
			return err
		}
		_, err = s.exec("DELETE FROM key_group WHERE id = $1", group.ID)
		return err
	})
}
