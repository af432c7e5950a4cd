package host

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a query's lists.
const (
	maxSorts  = 8
	maxFields = 100
)

// ParseQuery reads a query as clients write it:
//
//	{"filter":{…},"sort":["status","-__created_at"],"fields":["name","address.city"],
//	 "limit":100,"offset":0,"cursor":"…","count":true}
//
// All members are optional and null stands for none. The member "object", which
// data operations have, is not looked at; any other is refused. For filter see
// ParseFilter. The error is a CodeInvalid that names the member.
func ParseQuery(raw json.RawMessage) (*Query, error) {
	q := &Query{Limit: DefaultQueryLimit}
	if len(raw) == 0 {
		return q, nil
	}
	value, err := parseJSON("the query", raw)
	if err != nil {
		return nil, err
	}
	members, ok := value.(map[string]any)
	if !ok {
		return nil, Errorf(CodeInvalid, "the query must be a JSON object")
	}
	for name, member := range members {
		if member == nil {
			continue
		}
		if err := q.parseMember(name, member); err != nil {
			return nil, err
		}
	}
	if q.Cursor != "" && q.Offset > 0 {
		return nil, Errorf(CodeInvalid, "offset: a cursor continues where the query before ended; leave offset out")
	}
	return q, nil
}

func (q *Query) parseMember(name string, member any) (err error) {
	switch name {
	case "object":
	case "filter":
		q.Filter, err = parseFilter(member)
	case "sort":
		q.Sort, err = parseSort(member)
	case "fields":
		q.Fields, err = parseFields(member)
	case "limit":
		q.Limit, err = parseCount(name, member, 1, MaxQueryLimit)
	case "offset":
		q.Offset, err = parseCount(name, member, 0, MaxQueryOffset)
	case "cursor":
		if q.Cursor, _ = member.(string); q.Cursor == "" {
			err = Errorf(CodeInvalid, "cursor must be the cursor of an answer")
		}
	case "count":
		if q.Count, _ = member.(bool); member != q.Count {
			err = Errorf(CodeInvalid, "count must be true or false")
		}
	default:
		err = Errorf(CodeInvalid, "%.100q is no member of a query", name)
	}
	return err
}

func parseCount(name string, member any, least, most int) (int, error) {
	number, _ := member.(json.Number)
	n, err := strconv.Atoi(string(number))
	if err != nil || n < least || n > most {
		return 0, Errorf(CodeInvalid, "%s must be an integer from %d to %d", name, least, most)
	}
	return n, nil
}

// parseFields returns an empty list, not nil, for an empty list.
func parseFields(member any) ([]Path, error) {
	names, err := parseNames("fields", member, maxFields)
	if err != nil {
		return nil, err
	}
	fields := make([]Path, len(names))
	for i, name := range names {
		if fields[i], err = parseField("fields", name); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

func parseSort(member any) ([]Sort, error) {
	names, err := parseNames("sort", member, maxSorts)
	if err != nil {
		return nil, err
	}
	var sorts []Sort
	for _, name := range names {
		field, descending := strings.CutPrefix(name, "-")
		path, err := parseField("sort", field)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(sorts, func(s Sort) bool { return slices.Equal(s.Path, path) }) {
			return nil, Errorf(CodeInvalid, "sort: %.100s is named twice", field)
		}
		sorts = append(sorts, Sort{Path: path, Descending: descending})
	}
	return sorts, nil
}

// parseNames reads a list of texts.
func parseNames(what string, member any, most int) ([]string, error) {
	list, ok := member.([]any)
	if !ok || len(list) > most {
		return nil, Errorf(CodeInvalid, "%s must be a list of at most %d fields", what, most)
	}
	names := make([]string, len(list))
	for i, entry := range list {
		if names[i], ok = entry.(string); !ok {
			return nil, Errorf(CodeInvalid, "%s must be a list of texts", what)
		}
	}
	return names, nil
}

// parseField reads a path that may be one of those that the host keeps.
func parseField(what, name string) (Path, error) {
	path, err := ParsePath(name)
	if err != nil {
		return nil, Errorf(CodeInvalid, "%s: %s", what, AsError(err).Message)
	}
	if strings.HasPrefix(path[0], "__") && (len(path) > 1 || !isSystemField(path[0])) {
		return nil, Errorf(CodeInvalid, "%s: there is no field %.100s: names that begin with __ are reserved", what, name)
	}
	return path, nil
}
