package host

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Bounds of a filter.
const (
	MaxFilterConditions = 200
	MaxFilterDepth      = 16       // of AND, OR and NOT within one another, and of lists
	MaxFilterValues     = 1000     // in all, those within lists included
	MaxFilterText       = 64 << 10 // bytes of all texts
	MaxFilterSet        = 100      // values that make the set of subsetOf, or a list of insensitiveAnyOf
)

// operators are the names of the query language.
var operators = map[string]struct {
	operator Operator
	negative bool
}{}

func init() {
	for _, o := range []struct {
		operator Operator
		negative bool
		names    string
	}{
		{Equal, false, "anyOf = in any eq"},
		{EqualFold, false, "insensitiveAnyOf ~= ieq iEquals insensitiveEquals iAnyOf"},
		{Equal, true, "noneOf != not none neq !eq"},
		{Like, false, "like"},
		{LessThan, false, "lessThan < lt"},
		{LessThanOrEqual, false, "lessThanOrEqual <= lte"},
		{GreaterThan, false, "greaterThan > gt"},
		{GreaterThanOrEqual, false, "greaterThanOrEqual >= gte"},
		{Intersects, false, "intersects ∩ intersect intersection intersectionOf"},
		{SupersetOf, false, "supersetOf ⊇ superset overlap overlaps overlapsAny supersetOfAny"},
		{SubsetOf, false, "subsetOf ⊆ subset overlapped subsetOfAny overlappedBy"},
		{ContainsAnyOf, false, "containsAnyOf ∈ containsAny"},
		{ContainsAllOf, false, "containsAllOf containsAll"},
		{ContainsAnyOf, true, "containsNoneOf ∉ containsNone"},
	} {
		for _, name := range strings.Fields(o.names) {
			spec := operators[name]
			spec.operator, spec.negative = o.operator, o.negative
			operators[name] = spec
		}
	}
}

// ParseFilter reads a filter:
//
//	{"status": "open", "total": {">=": 10, "<": 20}, "OR": [{"tags": {"intersects": ["a"]}}, {"NOT": {…}}]}
//
// Members of an object must all be met. A field is a path (see ParsePath) with
// an object of operators and values, or with a value or a list of values, which
// stands for anyOf. AND and OR take lists of filters, NOT takes one; a field of
// such a name is written with a backslash before it. Null and the empty object
// match everything. The error is a CodeInvalid that names the field.
func ParseFilter(raw json.RawMessage) (*Filter, error) {
	value, err := parseJSON("the filter", raw)
	if err != nil {
		return nil, err
	}
	return parseFilter(value)
}

func parseFilter(value any) (*Filter, error) {
	if value == nil {
		return nil, nil
	}
	return (&filterParser{}).filter("filter", value, 1)
}

// filterParser counts what the bounds are about.
type filterParser struct {
	conditions, values, text int
}

// filter reads an object whose members must all be met. what says where it is.
func (p *filterParser) filter(what string, value any, depth int) (*Filter, error) {
	members, ok := value.(map[string]any)
	if !ok {
		return nil, Errorf(CodeInvalid, "%s must be an object of fields and conditions", what)
	}
	if depth > MaxFilterDepth {
		return nil, Errorf(CodeInvalid, "filter: AND, OR and NOT may be %d deep", MaxFilterDepth)
	}
	all := []*Filter{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f, err := p.member(name, members[name], depth)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return &Filter{All: all}, p.countEmpty(len(members))
}

// member reads a member of a filter. What it returns must all be met.
func (p *filterParser) member(name string, value any, depth int) ([]*Filter, error) {
	switch name {
	case "AND":
		return p.list(name, value, depth)
	case "OR":
		list, err := p.list(name, value, depth)
		return []*Filter{{Any: list}}, err
	case "NOT":
		f, err := p.filter(name, value, depth+1)
		return []*Filter{{Not: f}}, err
	}
	path, err := parseField("filter", name)
	if err != nil {
		return nil, err
	}
	return p.field(path, value)
}

func (p *filterParser) list(name string, value any, depth int) ([]*Filter, error) {
	elements, ok := value.([]any)
	if !ok {
		return nil, Errorf(CodeInvalid, "filter: %s must be a list of filters", name)
	}
	list := []*Filter{}
	for _, element := range elements {
		f, err := p.filter(name, element, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, p.countEmpty(len(list))
}

// countEmpty counts what has no members as a condition, too.
func (p *filterParser) countEmpty(members int) error {
	if members > 0 {
		return nil
	}
	return p.count(1)
}

// count adds conditions and checks how many there are.
func (p *filterParser) count(conditions int) error {
	if p.conditions += conditions; p.conditions > MaxFilterConditions {
		return Errorf(CodeInvalid, "filter: at most %d conditions are allowed", MaxFilterConditions)
	}
	return nil
}

// field reads what a field must meet.
func (p *filterParser) field(path Path, value any) ([]*Filter, error) {
	conditions, ok := value.(map[string]any)
	if !ok {
		conditions = map[string]any{string(Equal): value}
	}
	if len(conditions) == 0 {
		return nil, Errorf(CodeInvalid, "filter: %s has no operator", path)
	}
	var all []*Filter
	for _, name := range slices.Sorted(maps.Keys(conditions)) {
		spec, ok := operators[name]
		if !ok {
			return nil, Errorf(CodeInvalid, "filter: %s: there is no operator %.100q", path, name)
		}
		f, err := p.condition(path, spec.operator, conditions[name])
		if err != nil {
			return nil, Errorf(CodeInvalid, "filter: %s: %s: %s", path, name, AsError(err).Message)
		}
		if spec.negative {
			f = &Filter{Not: f}
		}
		all = append(all, f)
	}
	return all, p.count(0)
}

// condition reads the operand of an operator. For those of lists, a list of
// lists stands for any of them.
func (p *filterParser) condition(path Path, operator Operator, value any) (*Filter, error) {
	if _, ok := value.(map[string]any); ok {
		return nil, Errorf(CodeInvalid, "an object cannot be compared with")
	}
	if err := p.measure(value, 1); err != nil {
		return nil, err
	}
	operands := []any{value}
	if list, ok := value.([]any); ok && len(list) > 0 && forLists(operator) && !slices.ContainsFunc(list, isNoList) {
		operands = list
	}
	f := &Filter{Any: []*Filter{}}
	for _, operand := range operands {
		c := &Condition{Path: path, Operator: operator, Values: valuesOf(operator, operand)}
		if err := c.check(operand); err != nil {
			return nil, err
		}
		f.Any = append(f.Any, &Filter{Condition: c})
	}
	p.conditions += len(operands)
	if len(f.Any) == 1 {
		f = f.Any[0]
	}
	return f, nil
}

func forLists(o Operator) bool {
	switch o {
	case Intersects, SupersetOf, SubsetOf, ContainsAnyOf, ContainsAllOf:
		return true
	}
	return false
}

func isNoList(value any) bool {
	_, ok := value.([]any)
	return !ok
}

// valuesOf are the values of an operand: its elements, and for equality a list
// as a whole as well.
func valuesOf(operator Operator, operand any) []any {
	list, ok := operand.([]any)
	switch {
	case !ok:
		return []any{operand}
	case operator == Equal || operator == EqualFold:
		return append(slices.Clip(list), operand)
	}
	return list
}

// measure counts the values within one. A list is none itself, unless it is
// within another.
func (p *filterParser) measure(value any, depth int) error {
	if _, isList := value.([]any); !isList || depth > 1 {
		p.values++
	}
	switch v := value.(type) {
	case string:
		p.text += len(v)
	case json.Number:
		if !ModestNumber(string(v)) {
			return Errorf(CodeInvalid, "a number may have %d characters and an exponent of %d", maxDigits, maxExponent)
		}
	case []any:
		for _, element := range v {
			if err := p.measure(element, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range v {
			p.text += len(name)
			if err := p.measure(member, depth+1); err != nil {
				return err
			}
		}
	}
	if depth > MaxFilterDepth || p.values > MaxFilterValues || p.text > MaxFilterText {
		return Errorf(CodeInvalid, "the values of a filter may be %d, with %d bytes of text, in lists %d deep", MaxFilterValues, MaxFilterText, MaxFilterDepth)
	}
	return nil
}
