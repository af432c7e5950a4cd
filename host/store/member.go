package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type memberRow struct {
	ID           string             `db:"id"`
	Name         string             `db:"name"`
	Role         host.Role          `db:"role"`
	Prefix       string             `db:"prefix"`
	Hash         []byte             `db:"hash"`
	Environments document[[]string] `db:"environments"`
	Enabled      bool               `db:"enabled"`
	LastUsedAt   int64              `db:"last_used_at"`
	CreatedAt    int64              `db:"created_at"`
	UpdatedAt    int64              `db:"updated_at"`
	Revision     int64              `db:"revision"`
}

var (
	insertMember  = insertInto[memberRow]("member")
	updateMember  = update[memberRow]("member")
	memberColumns = columns[memberRow]("")
)

func memberRowOf(m *host.Member) memberRow {
	return memberRow{
		ID: m.ID, Name: m.Name, Role: m.Role, Prefix: m.Prefix, Hash: m.Hash[:],
		Environments: document[[]string]{m.Environments}, Enabled: m.Enabled, LastUsedAt: m.LastUsedAt.Millis(),
		CreatedAt: m.CreatedAt.Millis(), UpdatedAt: m.UpdatedAt.Millis(), Revision: m.Revision,
	}
}

func (r *memberRow) member() *host.Member {
	m := &host.Member{
		ID: r.ID, Name: r.Name, Role: r.Role, Prefix: r.Prefix, Environments: r.Environments.V, Enabled: r.Enabled, LastUsedAt: host.FromMillis(r.LastUsedAt),
		CreatedAt: host.FromMillis(r.CreatedAt), UpdatedAt: host.FromMillis(r.UpdatedAt), Revision: r.Revision,
	}
	copy(m.Hash[:], r.Hash)
	return m
}

const memberTaken = "name is already taken by another member"

// CreateMember implements host.MemberStore. It gives member its Revision.
func (db *DB) CreateMember(ctx context.Context, member *host.Member) (err error) {
	defer host.Wrap(&err, "store.CreateMember(%q)", member.ID)
	member.Revision = 1
	return db.main.write(ctx, func(s *session) error {
		if err := db.change(s, host.ChangedMember, member.ID, nil, member); err != nil {
			return err
		}
		_, err := s.save(insertMember, memberRowOf(member))
		return s.taken(err, memberTaken)
	})
}

// Member implements host.MemberStore.
func (db *DB) Member(ctx context.Context, id string) (member *host.Member, err error) {
	defer host.Wrap(&err, "store.Member(%q)", id)
	return read(ctx, db.main, func(s *session) (*host.Member, error) { return oneMember(s, id, "") })
}

func oneMember(s *session, id, lock string) (*host.Member, error) {
	row, err := one[memberRow](s, "Member", "SELECT "+memberColumns+" FROM member WHERE id = $1"+lock, id)
	if err != nil {
		return nil, err
	}
	return row.member(), nil
}

// Members implements host.MemberStore.
func (db *DB) Members(ctx context.Context, page host.Page) (members []*host.Member, total int, err error) {
	defer host.Wrap(&err, "store.Members")
	members = []*host.Member{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		rows, total, err := paged[memberRow](s, memberColumns, "member", "id", page)
		for i := range rows {
			members = append(members, rows[i].member())
		}
		return total, err
	})
	return members, total, err
}

// EachMember implements host.MemberStore. All members are of one moment.
func (db *DB) EachMember(ctx context.Context, fn func(*host.Member)) (err error) {
	defer host.Wrap(&err, "store.EachMember")
	return each(ctx, db.main, "SELECT "+memberColumns+" FROM member", func(row *memberRow) { fn(row.member()) })
}

// UpdateMember implements host.MemberStore. The id, the time of creation and
// that of the last use keep their values.
func (db *DB) UpdateMember(ctx context.Context, id string, change func(*host.Member) error) (member *host.Member, err error) {
	defer host.Wrap(&err, "store.UpdateMember(%q)", id)
	err = db.main.write(ctx, func(s *session) error {
		member, err = oneMember(s, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		old := *member
		if err := change(member); err != nil {
			return err
		}
		member.ID, member.CreatedAt, member.LastUsedAt = id, old.CreatedAt, old.LastUsedAt
		member.UpdatedAt, member.Revision = host.Now(), old.Revision+1
		if err := db.change(s, host.ChangedMember, id, &old, member); err != nil {
			return err
		}
		if _, err := s.save(updateMember, memberRowOf(member)); err != nil {
			return s.taken(err, memberTaken)
		}
		return keepSysadmin(s, &old)
	})
	if err != nil {
		return nil, err
	}
	return member, nil
}

// DeleteMember implements host.MemberStore.
func (db *DB) DeleteMember(ctx context.Context, id string, checks ...func(*host.Member) error) (err error) {
	defer host.Wrap(&err, "store.DeleteMember(%q)", id)
	return db.main.write(ctx, func(s *session) error {
		old, err := oneMember(s, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		if err := refused(old, checks); err != nil {
			return err
		}
		if err := db.change(s, host.ChangedMember, id, old, nil); err != nil {
			return err
		}
		if _, err := s.exec("DELETE FROM member WHERE id = $1", id); err != nil {
			return err
		}
		return keepSysadmin(s, old)
	})
}

// keepSysadmin refuses what was done to old if that took the last sysadmin
// away. Of those who change members at once, each waits for the one before
// (see change), so that two cannot both leave it to the other.
func keepSysadmin(s *session, old *host.Member) error {
	if !old.IsSysadmin() {
		return nil
	}
	left, err := one[int](s, "", "SELECT COUNT(*) FROM member WHERE role = $1 AND enabled", host.Sysadmin)
	if err == nil && left == 0 {
		err = host.Errorf(host.CodeConflict, "%s is the last sysadmin who is enabled, and one must remain", old.Name)
	}
	return err
}
