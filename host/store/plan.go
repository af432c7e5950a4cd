package store

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// plans keeps the statements of a pool that come again, prepared: parsing one
// takes SQLite as long as running it, and PostgreSQL a round trip. It is a runner.
type plans struct {
	*sqlx.DB
	mu   sync.Mutex
	kept map[string]*plan
	due  []*plan // to be prepared
}

// plan is a statement.
type plan struct {
	text  string
	stmt  *sqlx.Stmt // nil before it is prepared
	due   bool
	users int  // that began to use it and are not done
	gone  bool // nobody finds it any more
}

// maxPlans is how many are kept of a pool. Filters make any number of them; then it
// begins anew.
const maxPlans = 256

func newPlans(db *sqlx.DB) *plans {
	return &plans{DB: db, kept: map[string]*plan{}}
}

// find returns a statement that is prepared, for a user who is done some time;
// nil for one that is not. What comes for the second time is due.
func (s *plans) find(text string) *plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.kept[text]
	switch {
	case one == nil:
		if len(s.kept) >= maxPlans {
			s.forget()
		}
		s.kept[text] = &plan{text: text}
		return nil
	case one.stmt == nil:
		if !one.due { // a transaction may come here thousands of times
			one.due = true
			s.due = append(s.due, one)
		}
		return nil
	}
	one.users++
	return one
}

// forget begins anew. It needs the lock.
func (s *plans) forget() {
	for _, one := range s.kept {
		one.gone = true
		one.close()
	}
	clear(s.kept)
}

// close frees a statement that nobody finds or uses.
func (one *plan) close() {
	if one.gone && one.users == 0 && one.stmt != nil {
		_ = one.stmt.Close()
	}
}

// done ends the use of a statement; rows that it gave may still be read.
func (s *plans) done(one *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.users--
	one.close()
}

// prepare prepares what is due. It takes a connection, so that it must not be
// called within a transaction: there may be only one. What cannot be prepared
// fails where it is used.
func (s *plans) prepare(ctx context.Context) {
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.mu.Unlock()
	for _, one := range due {
		stmt, err := s.PreparexContext(ctx, one.text)
		s.mu.Lock()
		one.due = false
		if err == nil {
			one.stmt = stmt
			one.close() // if it is forgotten meanwhile
		}
		s.mu.Unlock()
	}
}

// QueryContext implements runner.
func (s *plans) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	one := s.find(text)
	if one == nil {
		s.prepare(ctx)
		return s.DB.QueryContext(ctx, text, args...)
	}
	defer s.done(one)
	return one.stmt.QueryContext(ctx, args...)
}

// QueryxContext implements runner.
func (s *plans) QueryxContext(ctx context.Context, text string, args ...any) (*sqlx.Rows, error) {
	rows, err := s.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return &sqlx.Rows{Rows: rows, Mapper: s.Mapper}, nil
}

// prepared is a transaction that uses the statements of its pool. It is a runner.
type prepared struct {
	*sqlx.Tx
	pool *plans
	own  map[string]*sqlx.Stmt // as the transaction has them
}

// begin starts a transaction.
func (s *plans) begin(ctx context.Context, options *sql.TxOptions) (*prepared, error) {
	s.prepare(ctx)
	tx, err := s.BeginTxx(ctx, options)
	if err != nil {
		return nil, err
	}
	return &prepared{tx, s, map[string]*sqlx.Stmt{}}, nil
}

func (p *prepared) find(ctx context.Context, text string) *sqlx.Stmt {
	if own := p.own[text]; own != nil {
		return own
	}
	one := p.pool.find(text)
	if one == nil {
		return nil
	}
	defer p.pool.done(one)
	own := p.StmtxContext(ctx, one.stmt)
	p.own[text] = own
	return own
}

// QueryContext implements runner.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if own := p.find(ctx, text); own != nil {
		return own.QueryContext(ctx, args...)
	}
	return p.Tx.QueryContext(ctx, text, args...)
}

// QueryxContext implements runner.
func (p *prepared) QueryxContext(ctx context.Context, text string, args ...any) (*sqlx.Rows, error) {
	rows, err := p.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return &sqlx.Rows{Rows: rows, Mapper: p.Mapper}, nil
}

// ExecContext implements runner.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if own := p.find(ctx, text); own != nil {
		return own.ExecContext(ctx, args...)
	}
	return p.Tx.ExecContext(ctx, text, args...)
}
