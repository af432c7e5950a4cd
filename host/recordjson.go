package host

import (
	"encoding/json"
	"strconv"
	"strings"
)

// AppendJSON appends the record as JSON: first the members that the host keeps,
// then those of Data. With fields other than nil, only __id and those of the
// fields that it has, each within the objects that lead to it.
func (r *Record) AppendJSON(b []byte, fields []Path) []byte {
	b = append(b, `{"__id":"`...)
	b = append(append(b, r.ID...), '"')
	wanted := func(name string) bool {
		for _, field := range fields {
			if len(field) == 1 && field[0] == name {
				return true
			}
		}
		return fields == nil
	}
	if wanted(FieldCreatedAt) {
		b = append(r.CreatedAt.Append(append(b, `,"__created_at":"`...)), '"')
	}
	if wanted(FieldUpdatedAt) {
		b = append(r.UpdatedAt.Append(append(b, `,"__updated_at":"`...)), '"')
	}
	if wanted(FieldVersion) {
		b = strconv.AppendInt(append(b, `,"__version":`...), r.Version, 10)
	}
	data := []byte(r.Data)
	if fields != nil {
		data = r.selected(fields)
	}
	if len(data) > len("{}") {
		b = append(append(b, ','), data[1:len(data)-1]...)
	}
	return append(b, '}')
}

// MarshalJSON writes the whole record.
func (r *Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil, nil), nil }

// selected is the part of Data that the fields lead to.
func (r *Record) selected(fields []Path) []byte {
	part := map[string]any{}
	for _, field := range fields {
		if strings.HasPrefix(field[0], "__") {
			continue
		}
		if value, ok := dig(r.Data, field); ok {
			plant(part, field, value)
		}
	}
	return appendJSON(nil, part)
}

// dig returns what a path leads to in a JSON value.
func dig(data json.RawMessage, path Path) (value json.RawMessage, ok bool) {
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(data, &members) != nil {
			return nil, false
		}
		if data, ok = members[name]; !ok {
			return nil, false
		}
	}
	return data, true
}

// plant puts a value at a path of part, whose inner nodes are maps. What an
// outer field has selected already includes its inner ones.
func plant(part map[string]any, path Path, value json.RawMessage) {
	for _, name := range path[:len(path)-1] {
		inner, ok := part[name].(map[string]any)
		if !ok {
			if part[name] != nil {
				return
			}
			inner = map[string]any{}
			part[name] = inner
		}
		part = inner
	}
	part[path[len(path)-1]] = value
}
