package host_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]*host.Query{
		``:   {Limit: 100},
		`{}`: {Limit: 100},
		`{"object":"x","sort":null,"filter":null,"limit":null}`: {Limit: 100},
		`{"sort":["a.b","-__created_at","-a\\.b"],"fields":["c","__version"],"limit":1000,"offset":5,"count":true}`: {
			Sort:   []host.Sort{{Path: host.Path{"a", "b"}}, {Path: host.Path{"__created_at"}, Descending: true}, {Path: host.Path{"a.b"}, Descending: true}},
			Fields: []host.Path{{"c"}, {"__version"}}, Limit: 1000, Offset: 5, Count: true},
		`{"fields":[],"cursor":"c","offset":0}`: {Fields: []host.Path{}, Limit: 100, Cursor: "c"},
		`{"filter":{"a":1}}`:                    {Limit: 100, Filter: &host.Filter{Condition: &host.Condition{Path: host.Path{"a"}, Operator: host.Equal, Values: []any{json.Number("1")}}}},
	} {
		got, err := host.ParseQuery(json.RawMessage(raw))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("ParseQuery(%s): %v\n%s", raw, err, diff)
		}
	}
}

func TestParseQuery_Errors(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`[]`:                        "the query must be a JSON object",
		`{`:                         "the query must be valid JSON",
		`{"where":{}}`:              `"where" is no member of a query`,
		`{"limit":0}`:               "limit must be an integer from 1 to 1000",
		`{"limit":1001}`:            "limit must be an integer from 1 to 1000",
		`{"limit":"5"}`:             "limit must be an integer from 1 to 1000",
		`{"offset":-1}`:             "offset must be an integer from 0 to 1000000",
		`{"offset":1.5}`:            "offset must be an integer from 0 to 1000000",
		`{"count":1}`:               "count must be true or false",
		`{"cursor":""}`:             "cursor must be the cursor of an answer",
		`{"cursor":"c","offset":1}`: "offset: a cursor continues where the query before ended; leave offset out",
		`{"sort":"a"}`:              "sort must be a list of at most 8 fields",
		`{"sort":[1]}`:              "sort must be a list of texts",
		`{"sort":["a","-a"]}`:       "sort: a is named twice",
		`{"sort":["-"]}`:            `sort: the field "" must be names of 1-200 bytes separated by dots`,
		`{"sort":["__x"]}`:          "sort: there is no field __x: names that begin with __ are reserved",
		`{"fields":["__id.x"]}`:     "fields: there is no field __id.x: names that begin with __ are reserved",
		`{"fields":[` + strings.Repeat(`"a",`, 100) + `"a"]}`: "fields must be a list of at most 100 fields",
		`{"filter":5}`: "filter must be an object of fields and conditions",
	} {
		_, err := host.ParseQuery(json.RawMessage(raw))
		if e := host.AsError(err); err == nil || e.Code != host.CodeInvalid || e.Message != want {
			t.Errorf("ParseQuery(%.80s): %v, want %s", raw, err, want)
		}
	}
}

// show writes a filter in a form that tests can compare.
func show(f *host.Filter) string {
	var parts []string
	switch {
	case f == nil:
		return "everything"
	case f.Not != nil:
		return "NOT " + show(f.Not)
	case f.Condition != nil:
		values, _ := json.Marshal(f.Condition.Values)
		return fmt.Sprintf("%s %s %s", f.Condition.Path, f.Condition.Operator, values)
	case f.Any != nil:
		for _, one := range f.Any {
			parts = append(parts, show(one))
		}
		return "ANY(" + strings.Join(parts, ", ") + ")"
	}
	for _, one := range f.All {
		parts = append(parts, show(one))
	}
	return "ALL(" + strings.Join(parts, ", ") + ")"
}

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`null`:                                   `everything`,
		`{}`:                                     `ALL()`,
		`{"a":null}`:                             `a anyOf [null]`,
		`{"a.b":["x",1]}`:                        `a.b anyOf ["x",1,["x",1]]`,
		`{"a":[]}`:                               `a anyOf [[]]`,
		`{"b":{"<":2,">=":1},"a":true}`:          `ALL(a anyOf [true], b lessThan [2], b greaterThanOrEqual [1])`,
		`{"a":{"!=":["x"]}}`:                     `NOT a anyOf ["x",["x"]]`,
		`{"a":{"containsNone":["x"]}}`:           `NOT a containsAnyOf ["x"]`,
		`{"a":{"∩":5}}`:                          `a intersects [5]`,
		`{"a":{"⊇":[[1],[2,3]]}}`:                `ANY(a supersetOf [1], a supersetOf [2,3])`,
		`{"a":{"⊆":[[1],2]}}`:                    `a subsetOf [[1],2]`,
		`{"a":{"supersetOf":[]}}`:                `a supersetOf []`,
		`{"a":{"supersetOf":[{"b":1}]}}`:         `a supersetOf [{"b":1}]`,
		`{"a":{"~=":["X",["y"]]}}`:               `a insensitiveAnyOf ["X",["y"],["X",["y"]]]`,
		`{"OR":[{"a":1},{"b":2,"c":3}],"d":4}`:   `ALL(ANY(a anyOf [1], ALL(b anyOf [2], c anyOf [3])), d anyOf [4])`,
		`{"AND":[{"a":1},{"NOT":{"b":2}}]}`:      `ALL(a anyOf [1], NOT b anyOf [2])`,
		`{"OR":[]}`:                              `ANY()`,
		`{"AND":[],"NOT":{}}`:                    `NOT ALL()`,
		`{"\\AND":1}`:                            `AND anyOf [1]`,
		`{"__id":["x","y"],"__version":{">":1}}`: `ALL(__id anyOf ["x","y"], __version greaterThan [1])`,
		`{"__created_at":{"lt":"2026-01-01T00:00:00+01:00"}}`: `__created_at lessThan ["2026-01-01T00:00:00+01:00"]`,
	} {
		f, err := host.ParseFilter(json.RawMessage(raw))
		if err != nil || show(f) != want {
			t.Errorf("ParseFilter(%s) = %v\n got %s\nwant %s", raw, err, show(f), want)
		}
	}
}

// TestParseFilter_Aliases writes every name down once more.
func TestParseFilter_Aliases(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		`a anyOf ["x"]`:              {"anyOf", "=", "in", "any", "eq"},
		`a insensitiveAnyOf ["x"]`:   {"insensitiveAnyOf", "~=", "ieq", "iEquals", "insensitiveEquals", "iAnyOf"},
		`NOT a anyOf ["x"]`:          {"noneOf", "!=", "not", "none", "neq", "!eq"},
		`a like ["x"]`:               {"like"},
		`a lessThan ["x"]`:           {"lessThan", "<", "lt"},
		`a lessThanOrEqual ["x"]`:    {"lessThanOrEqual", "<=", "lte"},
		`a greaterThan ["x"]`:        {"greaterThan", ">", "gt"},
		`a greaterThanOrEqual ["x"]`: {"greaterThanOrEqual", ">=", "gte"},
		`a intersects ["x"]`:         {"intersects", "∩", "intersect", "intersection", "intersectionOf"},
		`a supersetOf ["x"]`:         {"supersetOf", "⊇", "superset", "overlap", "overlaps", "overlapsAny", "supersetOfAny"},
		`a subsetOf ["x"]`:           {"subsetOf", "⊆", "subset", "overlapped", "subsetOfAny", "overlappedBy"},
		`a containsAnyOf ["x"]`:      {"containsAnyOf", "∈", "containsAny"},
		`a containsAllOf ["x"]`:      {"containsAllOf", "containsAll"},
		`NOT a containsAnyOf ["x"]`:  {"containsNoneOf", "∉", "containsNone"},
	} {
		for _, name := range names {
			f, err := host.ParseFilter(json.RawMessage(`{"a":{"` + name + `":"x"}}`))
			if err != nil || show(f) != want {
				t.Errorf("%s: %v, %v; want %s", name, show(f), err, want)
			}
		}
	}
}

func TestParseFilter_Errors(t *testing.T) {
	t.Parallel()
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	const values = "filter: a: anyOf: the values of a filter may be 1000, with 65536 bytes of text, in lists 16 deep"
	for raw, want := range map[string]string{
		`[]`:                     "filter must be an object of fields and conditions",
		`{"AND":{}}`:             "filter: AND must be a list of filters",
		`{"OR":[5]}`:             "OR must be an object of fields and conditions",
		`{"NOT":[]}`:             "NOT must be an object of fields and conditions",
		`{"a":{}}`:               "filter: a has no operator",
		`{"a":{"b":1}}`:          `filter: a: there is no operator "b"`,
		`{"a":{"=":{"b":1}}}`:    "filter: a: =: an object cannot be compared with",
		`{"a":{"<":[1]}}`:        "filter: a: <: the value must be a number or a text",
		`{"a":{"<":null}}`:       "filter: a: <: the value must be a number or a text",
		`{"a":{"like":["x",1]}}`: "filter: a: like: the value must be a text or a list of texts",
		`{"a":{"subset":[` + repeat("1", 101) + `]}}`: "filter: a: subset: at most 100 values are allowed",
		`{"a":{"~=":[` + repeat("1", 101) + `]}}`:     "filter: a: ~=: at most 100 values are allowed",
		`{"a":1e500}`:                                                     "filter: a: anyOf: a number may have 400 characters and an exponent of 400",
		`{"a":[` + repeat("1", 1001) + `]}`:                               values,
		`{"a":[` + repeat("[]", 1001) + `]}`:                              values,
		`{"a":"` + strings.Repeat("x", 65537) + `"}`:                      values,
		`{"a":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`: values,
		`{"OR":[` + repeat(`{"a":1}`, 201) + `]}`:                         "filter: at most 200 conditions are allowed",
		`{"OR":[` + repeat(`{}`, 201) + `]}`:                              "filter: at most 200 conditions are allowed",
		`{"AND":[` + repeat(`{"OR":[]}`, 201) + `]}`:                      "filter: at most 200 conditions are allowed",
		`{"AND":[` + repeat(`{"NOT":{}}`, 201) + `]}`:                     "filter: at most 200 conditions are allowed",
		strings.Repeat(`{"NOT":`, 17) + `{}` + strings.Repeat(`}`, 17):    "filter: AND, OR and NOT may be 16 deep",
		`{"a..b":1}`:                   `filter: the field "a..b" must be names of 1-200 bytes separated by dots`,
		`{"__a":1}`:                    "filter: there is no field __a: names that begin with __ are reserved",
		`{"__id":{"like":"x"}}`:        "filter: __id: like: only equality and order are compared here",
		`{"__id":null}`:                "filter: __id: anyOf: the value must be a text",
		`{"__version":[1,1.5]}`:        "filter: __version: anyOf: the value must be an integer",
		`{"__version":{"<":[1]}}`:      "filter: __version: <: the value must not be a list",
		`{"__updated_at":"yesterday"}`: "filter: __updated_at: anyOf: the value must be a time such as 2026-05-16T20:14:48.939Z",
	} {
		_, err := host.ParseFilter(json.RawMessage(raw))
		if e := host.AsError(err); err == nil || e.Code != host.CodeInvalid || e.Message != want {
			t.Errorf("ParseFilter(%.80s): %v, want %s", raw, err, want)
		}
	}
}

// TestParseFilter_Bounds admits what is just within them.
func TestParseFilter_Bounds(t *testing.T) {
	t.Parallel()
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	for _, raw := range []string{
		`{"OR":[` + repeat(`{"a":1}`, 200) + `]}`,
		`{"NOT":{"AND":[` + repeat(`{"OR":[{"a":1}]}`, 199) + `,{}]}}`,
		`{"a":[` + repeat("1", 1000) + `]}`,
		`{"a":{"subset":[` + repeat("1", 100) + `]}}`,
		`{"a":"` + strings.Repeat("x", 65536) + `"}`,
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`,
	} {
		if _, err := host.ParseFilter(json.RawMessage(raw)); err != nil {
			t.Errorf("ParseFilter(%.80s): %v", raw, err)
		}
	}
}
