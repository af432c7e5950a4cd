package store

import (
	"context"

	"github.com/posternhq/postern/host"
)

type tokenRow struct {
	ID   string `db:"id"`
	Name string `db:"name"`
	accessRow
	ExpiresAt int64  `db:"expires_at"`
	KeyID     string `db:"key_id"`
	CreatedAt int64  `db:"created_at"`
}

// tokenView is a token as it is read: with its usage.
type tokenView struct {
	tokenRow
	usageRow
}

var (
	insertToken  = insertInto[tokenRow]("token")
	tokenColumns = columns[tokenRow]("token.")
)

func tokenRowOf(t *host.Token) tokenRow {
	return tokenRow{
		ID: t.ID, Name: t.Name, accessRow: accessRowOf(&t.Access),
		ExpiresAt: t.ExpiresAt.Millis(), KeyID: t.KeyID, CreatedAt: t.CreatedAt.Millis(),
	}
}

func (r *tokenView) token() *host.Token {
	return &host.Token{
		ID: r.ID, Name: r.Name, Access: r.access(), ExpiresAt: host.FromMillis(r.ExpiresAt),
		KeyID: r.KeyID, Usage: r.usage(), CreatedAt: host.FromMillis(r.CreatedAt),
	}
}

// CreateToken implements host.TokenStore.
func (db *DB) CreateToken(ctx context.Context, token *host.Token) (err error) {
	defer host.Wrap(&err, "store.CreateToken(%q)", token.ID)
	return db.main.write(ctx, func(s *session) error {
		if err := db.change(s, host.ChangedToken, token.ID, nil, token); err != nil {
			return err
		}
		if err := addCredential(s, token.ID, nil); err != nil {
			return s.taken(err, "token: this token exists already")
		}
		_, err := s.save(insertToken, tokenRowOf(token))
		if err != nil && s.dialect.kind(err) == reference {
			// Another host rotated and deleted the key meanwhile.
			return host.Caused(host.CodeConflict, err, "the signing key of the token was deleted: try again")
		}
		return s.taken(err, "name is already taken by another token")
	})
}

// Token implements host.TokenStore.
func (db *DB) Token(ctx context.Context, id string) (token *host.Token, err error) {
	defer host.Wrap(&err, "store.Token(%q)", id)
	return read(ctx, db.main, func(s *session) (*host.Token, error) { return oneToken(s, id, "") })
}

func oneToken(s *session, id, lock string) (*host.Token, error) {
	row, err := one[tokenView](s, "Token", "SELECT "+tokenColumns+usageColumns("token")+" FROM token WHERE id = $1"+lock, id)
	if err != nil {
		return nil, err
	}
	return row.token(), nil
}

// Tokens implements host.TokenStore.
func (db *DB) Tokens(ctx context.Context, environments []string, page host.Page) (tokens []*host.Token, total int, err error) {
	defer host.Wrap(&err, "store.Tokens")
	tokens = []*host.Token{}
	total, err = read(ctx, db.main, func(s *session) (int, error) {
		where, args := inEnvironments("token", environments)
		rows, total, err := paged[tokenView](s, tokenColumns+usageColumns("token"), where, "token.id", page, args...)
		for i := range rows {
			tokens = append(tokens, rows[i].token())
		}
		return total, err
	})
	return tokens, total, err
}

// EachToken implements host.TokenStore. All tokens are of one moment.
func (db *DB) EachToken(ctx context.Context, fn func(*host.Token)) (err error) {
	defer host.Wrap(&err, "store.EachToken")
	return each(ctx, db.main, "SELECT "+tokenColumns+" FROM token", func(row *tokenView) { fn(row.token()) })
}

// DeleteToken implements host.TokenStore.
func (db *DB) DeleteToken(ctx context.Context, id string) (err error) {
	defer host.Wrap(&err, "store.DeleteToken(%q)", id)
	return db.main.write(ctx, func(s *session) error {
		token, err := oneToken(s, id, s.dialect.rowLock)
		if err != nil {
			return err
		}
		if err := db.change(s, host.ChangedToken, id, token, nil); err != nil {
			return err
		}
		return dropCredential(s, id)
	})
}
