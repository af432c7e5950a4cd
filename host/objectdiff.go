package host

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// ObjectDiff is what definitions have that others lack or have otherwise.
type ObjectDiff struct {
	Added   []*Object      `json:"added"`
	Changed []ObjectChange `json:"changed"`
}

// ObjectChange is an object that both have, with what differs.
type ObjectChange struct {
	Name   string        `json:"name"`
	Fields []FieldChange `json:"fields"`
}

// Empty reports whether nothing changes.
func (d *ObjectDiff) Empty() bool { return len(d.Added)+len(d.Changed) == 0 }

// DiffObjects tells how the definitions from would become to, by their names
// and in their order. What only from has would stay.
func DiffObjects(from, to []*Object) *ObjectDiff {
	d := &ObjectDiff{Added: []*Object{}, Changed: []ObjectChange{}}
	for _, o := range slices.SortedFunc(slices.Values(to), func(x, y *Object) int { return cmp.Compare(x.Name, y.Name) }) {
		i := slices.IndexFunc(from, func(old *Object) bool { return old.Name == o.Name })
		if i < 0 {
			d.Added = append(d.Added, o)
		} else if fields := diffObject(from[i], o); len(fields) > 0 {
			d.Changed = append(d.Changed, ObjectChange{o.Name, fields})
		}
	}
	return d
}

func diffObject(from, to *Object) (changes []FieldChange) {
	for _, f := range []struct {
		name     string
		old, new json.RawMessage
	}{
		{"schema", canonical(from.Schema), canonical(to.Schema)},
		{"unique_fields", fieldList(from.UniqueFields), fieldList(to.UniqueFields)},
		{"indexed_fields", fieldList(from.IndexedFields), fieldList(to.IndexedFields)},
	} {
		if !bytes.Equal(f.old, f.new) {
			changes = append(changes, FieldChange{f.name, f.old, f.new})
		}
	}
	return changes
}

// canonical is JSON with its members in order, so that the way it is written
// does not count.
func canonical(raw json.RawMessage) json.RawMessage {
	value, err := parseJSON("schema", raw)
	if err != nil {
		return json.RawMessage("null") // none: what is stored is valid
	}
	return appendJSON(nil, value)
}

// fieldList is a list of fields as JSON. Their order means nothing.
func fieldList(fields []string) json.RawMessage {
	sorted := slices.Sorted(slices.Values(fields))
	b := []byte{'['}
	for i, field := range sorted {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendText(b, strings.ToValidUTF8(field, ""))
	}
	return append(b, ']')
}
