package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// A row type is a struct whose fields carry the columns of a table as db tags.
// The functions below write the statements that list them all.

// columns lists the columns of a row type, with a prefix such as "app.".
func columns[Row any](prefix string) string {
	return prefix + strings.Join(columnNames[Row](), ", "+prefix)
}

func columnNames[Row any]() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Row]()) {
		if name := field.Tag.Get("db"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// insertInto is the statement for session.save that adds a Row.
func insertInto[Row any](table string) string {
	return "INSERT INTO " + table + " (" + columns[Row]("") + ") VALUES (" + columns[Row](":") + ")"
}

// update is the statement for session.save that replaces the row that has the
// id of a Row.
func update[Row any](table string) string {
	var set []string
	for _, name := range columnNames[Row]() {
		set = append(set, name+" = :"+name)
	}
	return "UPDATE " + table + " SET " + strings.Join(set, ", ") + " WHERE id = :id"
}

// document is a value that is kept as JSON in a column of text. JSON escapes
// what a text must not hold, so that any value can be stored.
type document[T any] struct{ V T }

// Value encodes it for the driver.
func (d document[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.V)
	return string(b), err
}

// Scan decodes it from the driver.
func (d *document[T]) Scan(stored any) error {
	switch s := stored.(type) {
	case string:
		return json.Unmarshal([]byte(s), &d.V)
	case []byte:
		return json.Unmarshal(s, &d.V)
	}
	return fmt.Errorf("a JSON document was stored as %T", stored)
}

// filledMap returns m, or an empty map for nil, which JSON would show as null.
func filledMap[T any](m map[string]T) map[string]T {
	if m == nil {
		return map[string]T{}
	}
	return m
}

// filled returns list, or an empty list for nil, which JSON would show as null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// refused is the first refusal of checks, who are asked before something goes.
func refused[T any](v T, checks []func(T) error) error {
	for _, check := range checks {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}
