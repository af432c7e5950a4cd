package store_test

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/posternhq/postern/host"
)

// The functions below are the query language once more, as host/query.go tells
// it and without a thought for speed: on decoded values, with numbers of any
// size. Nothing of them is used by the store.

// naiveMatch reports whether a document meets a filter.
func naiveMatch(f *host.Filter, r *host.Record, document map[string]any) bool {
	switch {
	case f == nil:
		return true
	case f.Not != nil:
		return !naiveMatch(f.Not, r, document)
	case f.Condition != nil:
		return naiveCondition(f.Condition, naiveValue(f.Condition.Path, r, document))
	case f.Any != nil:
		return slices.ContainsFunc(f.Any, func(f *host.Filter) bool { return naiveMatch(f, r, document) })
	}
	return !slices.ContainsFunc(f.All, func(f *host.Filter) bool { return !naiveMatch(f, r, document) })
}

// naiveValue is what a path leads to; nil for nothing, as for null.
func naiveValue(path host.Path, r *host.Record, document map[string]any) any {
	switch path[0] {
	case "__id":
		return r.ID
	case "__created_at":
		return r.CreatedAt.String() // as texts such times are in their order
	case "__updated_at":
		return r.UpdatedAt.String()
	case "__version":
		return json.Number(big.NewInt(r.Version).String())
	}
	var value any = document
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func naiveCondition(c *host.Condition, field any) bool {
	some := func(match func(value any) bool) bool { return slices.ContainsFunc(c.Values, match) }
	every := func(match func(value any) bool) bool {
		return !some(func(value any) bool { return !match(value) })
	}
	text, isText := field.(string)
	list, isList := field.([]any)
	holds := func(value any) bool {
		part, ok := value.(string)
		return isText && ok && strings.Contains(text, part)
	}
	has := func(value any) bool { return isList && naiveHas(list, value) }
	switch c.Operator {
	case host.Equal:
		return some(func(value any) bool { return !isObject(field) && naiveSame(field, value) })
	case host.EqualFold:
		return some(func(value any) bool { return !isObject(field) && naiveSameFold(field, value) })
	case host.Like:
		return some(holds)
	case host.Intersects:
		return some(has)
	case host.SupersetOf:
		return isList && every(has)
	case host.SubsetOf:
		return isList && naiveSubset(list, c.Values)
	case host.ContainsAnyOf:
		return some(has) || some(holds)
	case host.ContainsAllOf:
		return isList && every(has) || isText && every(holds)
	}
	return naiveOrder(c.Operator, field, c.Values[0])
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func naiveHas(list []any, value any) bool {
	return slices.ContainsFunc(list, func(element any) bool { return naiveSame(element, value) })
}

func naiveSubset(list, values []any) bool {
	return !slices.ContainsFunc(list, func(element any) bool { return !naiveHas(values, element) })
}

// naiveSame compares two values of any depth.
func naiveSame(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && number(a).Cmp(number(b)) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, naiveSame)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			if _, there := b[name]; !there || !naiveSame(a[name], b[name]) {
				return false
			}
		}
		return true
	}
	if isObject(b) || isSlice(b) {
		return false
	}
	return a == b
}

func isSlice(value any) bool {
	_, ok := value.([]any)
	return ok
}

func naiveSameFold(a, b any) bool {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return ok && strings.EqualFold(x, y)
	}
	if x, ok := a.([]any); ok {
		y, ok := b.([]any)
		return ok && naiveSubset(x, y) && naiveSubset(y, x)
	}
	return naiveSame(a, b)
}

func number(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		panic(n)
	}
	return r
}

func naiveOrder(o host.Operator, field, value any) bool {
	if naiveRank(field) != naiveRank(value) {
		return false
	}
	c, _ := naiveCompare(field, value)
	switch o {
	case host.LessThan:
		return c < 0
	case host.LessThanOrEqual:
		return c <= 0
	case host.GreaterThan:
		return c > 0
	}
	return c >= 0
}

// naiveRank puts the types in order.
func naiveRank(value any) int {
	switch v := value.(type) {
	case nil:
		return 0
	case bool:
		if v {
			return 2
		}
		return 1
	case json.Number:
		return 3
	case string:
		return 4
	case []any:
		return 5
	}
	return 6
}

// naiveCompare is the order of a sort. It is not known for objects, and for
// lists and objects within lists.
func naiveCompare(a, b any) (order int, known bool) {
	if c := cmp.Compare(naiveRank(a), naiveRank(b)); c != 0 {
		return c, true
	}
	switch a := a.(type) {
	case json.Number:
		return number(a).Cmp(number(b.(json.Number))), true
	case string:
		b := b.(string)
		return cmp.Or(slices.Compare(naiveFold(a), naiveFold(b)), slices.Compare([]rune(a), []rune(b))), true
	case []any:
		return naiveCompareLists(a, b.([]any))
	case map[string]any:
		return 0, false
	}
	return 0, true
}

func naiveCompareLists(a, b []any) (order int, known bool) {
	for i := range min(len(a), len(b)) {
		if naiveRank(a[i]) == naiveRank(b[i]) && (isSlice(a[i]) || isObject(a[i])) {
			if naiveSame(a[i], b[i]) {
				continue
			}
			return 0, false
		}
		if c, known := naiveCompare(a[i], b[i]); c != 0 || !known {
			return c, known
		}
	}
	return cmp.Compare(len(a), len(b)), true
}

// naiveFold replaces each character by the first of those that differ from it
// in case.
func naiveFold(s string) []rune {
	runes := []rune(s)
	for i, r := range runes {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			runes[i] = min(runes[i], other)
		}
	}
	return runes
}
