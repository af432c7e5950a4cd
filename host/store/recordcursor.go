package store

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// selection is a query of an object's records as SQL.
type selection struct {
	db            *DB
	object        *host.Object
	table         string
	filter        condition
	keys          []key // of the sort, without the id, which comes last
	descending    bool  // the order of the id
	limit, offset int
	after         *cursor // nil for the beginning
}

// key is an expression that records are sorted by.
type key struct {
	expression string
	nullable   bool
	descending bool
}

// cursor is the place behind a record in a query.
type cursor struct {
	Query  []byte `json:"q"` // digest of the filter and the sort
	Values []any  `json:"v"` // of the keys
	ID     string `json:"i"`
}

func (db *DB) newSelection(o *host.Object, table string, q *host.Query) (*selection, error) {
	c := compiler{&db.main.dialect.records}
	s := &selection{db: db, object: o, table: table, filter: c.filter(q.Filter), limit: q.Limit, offset: max(q.Offset, 0)}
	if s.limit <= 0 {
		s.limit = host.DefaultQueryLimit
	}
	s.limit = min(s.limit, host.MaxQueryLimit)
	for _, sort := range q.Sort {
		s.descending = sort.Descending
		column := columnOf(sort.Path)
		if column == "id" {
			break // nothing is left to order
		}
		if column != "" {
			s.keys = append(s.keys, key{column, false, sort.Descending})
		} else {
			s.keys = append(s.keys, key{fieldOf(c.dialect, sort.Path), true, sort.Descending})
		}
	}
	if q.Cursor == "" {
		return s, nil
	}
	s.offset = 0
	var err error
	s.after, err = s.unseal(q.Cursor)
	return s, err
}

// statement is SQL with its parameters.
type statement struct {
	text string
	args []any
}

// count is the statement that counts the matches.
func (s *selection) count() statement {
	return statement{"SELECT COUNT(*) FROM " + s.table + " WHERE " + s.filter.numbered(), s.filter.values}
}

// parts are the conditions that give the records of the selection one after the
// other, with what is left to order in each. Behind a cursor there are several:
// for the records that are alike in the first key, for those behind them, and
// for those without it. Only so each is one range of an index.
func (s *selection) parts() []part {
	if s.after == nil {
		return []part{{always, s.keys}}
	}
	if len(s.keys) == 0 {
		return []part{{s.behind(nil, nil), nil}}
	}
	first, value := s.keys[0], s.after.Values[0]
	parts := []part{{both(first.same(value), s.behind(s.keys[1:], s.after.Values[1:])), s.keys[1:]}}
	if value != nil || !first.descending {
		parts = append(parts, part{first.behind(value), s.keys})
	}
	if value != nil && first.descending && first.nullable {
		parts = append(parts, part{first.same(nil), s.keys[1:]})
	}
	return parts
}

// part is some of a selection's records, and the keys they are sorted by.
type part struct {
	condition condition
	keys      []key
}

// statement gives the first limit records of a part, each with all keys of the
// selection. The numbers are written out, because planners look at them.
func (s *selection) statement(p part, limit int) statement {
	columns, order := recordColumns, ""
	for _, k := range s.keys {
		columns += ", " + k.expression
	}
	for _, k := range append(slices.Clip(p.keys), s.id()) {
		order += ", " + k.order()
	}
	condition := both(s.filter, p.condition)
	return statement{fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %d OFFSET %d",
		columns, s.table, condition.numbered(), order[len(", "):], limit, s.offset), condition.values}
}

// id is the key that comes after all others.
func (s *selection) id() key { return key{"id", false, s.descending} }

// scan reads a row of such a statement.
func (s *selection) scan(row *sql.Rows) (record *host.Record, keys []any, err error) {
	keys = make([]any, len(s.keys))
	places := make([]any, len(keys))
	for i := range keys {
		places[i] = &keys[i]
	}
	record, err = scanRecord(row, places...)
	return record, keys, err
}

func (k *key) order() string {
	order := k.expression
	if k.descending {
		order += " DESC"
	}
	switch {
	case k.nullable && k.descending:
		order += " NULLS LAST"
	case k.nullable:
		order += " NULLS FIRST"
	}
	return order
}

// behind is the condition of the records that are behind the cursor by the keys
// with the values: behind in the first, or the same there and behind in the
// next, and in the end by id.
func (s *selection) behind(keys []key, values []any) condition {
	if len(keys) == 0 {
		id := s.id()
		return id.behind(s.after.ID)
	}
	k, value := keys[0], values[0]
	last := never
	if value != nil && k.descending && k.nullable {
		last = k.same(nil)
	}
	return either(k.behind(value), last, both(k.same(value), s.behind(keys[1:], values[1:])))
}

// same is the condition of the records whose key has the value.
func (k *key) same(value any) condition {
	if value == nil {
		return where(k.expression + " IS NULL")
	}
	return where(k.expression+" = ?", value)
}

// behind is the condition of the records whose key is behind the value and not
// NULL.
func (k *key) behind(value any) condition {
	switch {
	case value == nil && k.descending:
		return never
	case value == nil:
		return where(k.expression + " IS NOT NULL")
	case k.descending:
		return where(k.expression+" < ?", value)
	}
	return where(k.expression+" > ?", value)
}

// digest tells queries apart by all that a cursor depends on.
func (s *selection) digest() []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%v\n", s.filter.text, s.filter.values, s.descending)
	for _, k := range s.keys {
		fmt.Fprintf(h, "%s\n", k.order())
	}
	return h.Sum(nil)[:16]
}

// place binds cursors to the object, and with it to the app.
func (s *selection) place() string { return "cursor " + s.object.AppID + " " + s.object.ID }

var errSealer = errors.New("cursors cannot be made without a sealer")

// maxCursor is how long a cursor may be: it comes back in a query, whose length
// is bounded.
const maxCursor = 64 << 10

// seal is the cursor behind a record with the values of the keys.
func (s *selection) seal(values []any, id string) (string, error) {
	if s.db.sealer == nil {
		return "", errSealer
	}
	for i, value := range values {
		if text, ok := value.([]byte); ok {
			values[i] = string(text)
		}
	}
	plain, err := json.Marshal(cursor{s.digest(), values, id})
	if err != nil {
		return "", err
	}
	if len(plain) > maxCursor {
		return "", host.Errorf(host.CodeInvalid, "sort: the values of the record %s are too long to go on behind it", id)
	}
	sealed, err := s.db.sealer.Seal(plain, s.place())
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// unseal reads a cursor. One of another query, or of another object, is refused.
func (s *selection) unseal(text string) (*cursor, error) {
	if s.db.sealer == nil {
		return nil, errSealer
	}
	refused := host.Errorf(host.CodeInvalid, "cursor: it is not of this query; filter and sort must be the same")
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, refused
	}
	plain, err := s.db.sealer.Unseal(sealed, s.place())
	if err != nil {
		return nil, refused
	}
	var c cursor
	value := json.NewDecoder(bytes.NewReader(plain))
	value.UseNumber()
	if err := value.Decode(&c); err != nil || len(c.Values) != len(s.keys) || !bytes.Equal(c.Query, s.digest()) {
		return nil, refused
	}
	for i, v := range c.Values {
		if number, ok := v.(json.Number); ok {
			if c.Values[i], err = number.Int64(); err != nil {
				return nil, refused
			}
		}
	}
	return &c, nil
}
