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
	filter        string
	args          []any // of the filter
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
	c := &compiler{dialect: &db.main.dialect.records}
	s := &selection{db: db, object: o, table: table, filter: c.filter(q.Filter), limit: q.Limit, offset: max(q.Offset, 0)}
	s.args = c.args
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

// where is the WHERE of the filter and one more condition.
func (s *selection) where(more string) string {
	var conditions []string
	for _, condition := range []string{s.filter, more} {
		if condition != always {
			conditions = append(conditions, condition)
		}
	}
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + both(conditions)
}

// statements give the records of the selection one after the other, each with
// its keys. Most often there is one. Behind a record whose first key may be
// NULL there are two, one of the records where it is and one of the others:
// only so each is a range of an index.
func (s *selection) statements() []statement {
	if s.after == nil {
		return []statement{s.statement(func(*compiler) string { return always })}
	}
	if len(s.keys) == 0 || !s.keys[0].nullable {
		return []statement{s.statement(func(c *compiler) string { return s.behind(c, false) })}
	}
	first := s.keys[0]
	null, some := first.expression+" IS NULL", first.expression+" IS NOT NULL"
	switch isNull := s.after.Values[0] == nil; {
	case isNull && first.descending:
		return []statement{s.statement(func(c *compiler) string { return both([]string{null, s.behind(c, true)}) })}
	case isNull:
		return []statement{
			s.statement(func(c *compiler) string { return both([]string{null, s.behind(c, true)}) }),
			s.statement(func(*compiler) string { return some }),
		}
	case first.descending:
		return []statement{
			s.statement(func(c *compiler) string { return s.behind(c, false) }),
			s.statement(func(*compiler) string { return null }),
		}
	}
	return []statement{s.statement(func(c *compiler) string { return s.behind(c, false) })}
}

// statement is a SELECT of the records that meet the filter and one more
// condition.
func (s *selection) statement(condition func(*compiler) string) statement {
	c := &compiler{dialect: &s.db.main.dialect.records, args: slices.Clip(s.args)}
	columns, order := recordColumns, ""
	for _, k := range s.keys {
		columns += ", " + k.expression
		order += k.order() + ", "
	}
	id := key{"id", false, s.descending}
	text := "SELECT " + columns + " FROM " + s.table + s.where(condition(c)) + " ORDER BY " + order + id.order()
	n := len(c.args)
	return statement{fmt.Sprintf("%s LIMIT $%d OFFSET $%d", text, n+1, n+2), c.args}
}

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

// behind is the condition of the records behind the cursor. The first key is
// known to be NULL, or not to be.
func (s *selection) behind(c *compiler, firstNull bool) string {
	keys, values := s.keys, s.after.Values
	if firstNull {
		keys, values = keys[1:], values[1:]
	}
	sign := ">"
	if s.descending {
		sign = "<"
	}
	switch {
	case len(keys) == 0:
		return "id " + sign + " " + c.place(s.after.ID)
	case len(s.keys) == 1 && keys[0].descending == s.descending:
		return fmt.Sprintf("(%s, id) %s (%s, %s)", keys[0].expression, sign, c.place(values[0]), c.place(s.after.ID))
	}
	// Key by key: behind in the first, or the same there and behind in the next.
	var alternatives, same []string
	for i, k := range keys {
		alternatives = append(alternatives, both(append(slices.Clip(same), k.behind(c, values[i]))))
		if values[i] == nil {
			same = append(same, k.expression+" IS NULL")
		} else {
			same = append(same, k.expression+" = "+c.place(values[i]))
		}
	}
	alternatives = append(alternatives, both(append(same, "id "+sign+" "+c.place(s.after.ID))))
	condition := either(alternatives)
	if firstNull {
		return condition
	}
	// The first key again, as a range that an index can begin with.
	from := " >= "
	if keys[0].descending {
		from = " <= "
	}
	return both([]string{keys[0].expression + from + c.place(values[0]), condition})
}

// behind is the condition of the records whose key is behind a value.
func (k *key) behind(c *compiler, value any) string {
	switch {
	case value == nil && k.descending:
		return never
	case value == nil:
		return k.expression + " IS NOT NULL"
	case k.descending && k.nullable:
		return "(" + k.expression + " < " + c.place(value) + " OR " + k.expression + " IS NULL)"
	case k.descending:
		return k.expression + " < " + c.place(value)
	}
	return k.expression + " > " + c.place(value)
}

// digest tells queries apart by all that a cursor depends on.
func (s *selection) digest() []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%v\n", s.filter, s.args, s.descending)
	for _, k := range s.keys {
		fmt.Fprintf(h, "%s\n", k.order())
	}
	return h.Sum(nil)[:16]
}

// place binds cursors to the object, and with it to the app.
func (s *selection) place() string { return "cursor " + s.object.AppID + " " + s.object.ID }

var errSealer = errors.New("cursors cannot be made without a sealer")

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

// decodeNumbers decodes JSON with its numbers as json.Number.
func decodeNumbers(data []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&value)
	return value, err
}
