package store

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// condition is SQL that is true, false or NULL of a record, which is no match.
// A question mark stands for each of the values: what a client wrote reaches
// the text of a statement in no other way, but for names, which are escaped.
type condition struct {
	text   string
	values []any
}

// where is a condition with its values in the order of the question marks.
func where(text string, values ...any) condition { return condition{text, values} }

// numbered is the condition as both databases take it. No text in it but the
// marks has a question mark: names are escaped.
func (c condition) numbered() string {
	var b strings.Builder
	for i, part := range strings.Split(c.text, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// Conditions that need no field.
var always, never = condition{text: "TRUE"}, condition{text: "FALSE"}

// both is true if all conditions are, either if one is. What decides nothing is
// left out, and what decides alone stands alone: databases find the index of a
// condition only where it stands plainly.
func both(conditions ...condition) condition   { return join(conditions, " AND ", always, never) }
func either(conditions ...condition) condition { return join(conditions, " OR ", never, always) }

func join(conditions []condition, operator string, neutral, decisive condition) condition {
	var rest []condition
	for _, c := range conditions {
		switch c.text {
		case decisive.text:
			return decisive
		case neutral.text:
		default:
			rest = append(rest, c)
		}
	}
	if len(rest) == 0 {
		return neutral
	}
	return balanced(rest, operator)
}

// balanced makes a tree of little depth, which databases bound.
func balanced(conditions []condition, operator string) condition {
	n := len(conditions)
	if n == 1 {
		return conditions[0]
	}
	left, right := balanced(conditions[:n/2], operator), balanced(conditions[n/2:], operator)
	return where("("+left.text+operator+right.text+")", slices.Concat(left.values, right.values)...)
}

// compiler turns filters into conditions.
type compiler struct{ dialect *recordDialect }

// fieldOf is the expression of a field that clients write, the same in every
// statement, because an index is of an expression.
func fieldOf(d *recordDialect, path host.Path) string {
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = escapeName(name)
	}
	return "(" + d.field(names) + ")"
}

// filter is the condition of the records that f matches.
func (c compiler) filter(f *host.Filter) condition {
	switch {
	case f == nil:
		return always
	case f.Condition != nil:
		return c.condition(f.Condition)
	case f.Not != nil:
		inner := c.filter(f.Not)
		return where("("+inner.text+" IS NOT TRUE)", inner.values...)
	case f.Any != nil:
		return either(conditions(f.Any, c.filter)...)
	}
	return both(conditions(f.All, c.filter)...)
}

// conditions makes one of each of a list.
func conditions[T any](list []T, of func(T) condition) []condition {
	conditions := make([]condition, len(list))
	for i, value := range list {
		conditions[i] = of(value)
	}
	return conditions
}

func (c compiler) condition(h *host.Condition) condition {
	values := h.Values
	if column := columnOf(h.Path); column != "" {
		return either(conditions(values, func(value any) condition { return compare(column, h.Operator, value) })...)
	}
	f := field{fieldOf(c.dialect, h.Path), c.dialect.find}
	switch h.Operator {
	case host.Equal:
		return f.equal(values)
	case host.EqualFold:
		return f.equalFold(values)
	case host.Like:
		return f.text(either, values)
	case host.Intersects:
		return either(conditions(values, f.has)...)
	case host.SupersetOf:
		return f.supersetOf(values)
	case host.SubsetOf:
		return f.subsetOf(values)
	case host.ContainsAnyOf:
		return either(either(conditions(values, f.has)...), f.text(either, texts(values)))
	case host.ContainsAllOf:
		if len(texts(values)) < len(values) {
			return f.supersetOf(values)
		}
		return either(f.supersetOf(values), f.text(both, values))
	}
	return f.order(h.Operator, values)
}

func texts(values []any) []any {
	var texts []any
	for _, value := range values {
		if _, ok := value.(string); ok {
			texts = append(texts, value)
		}
	}
	return texts
}

// field is the expression of a field, and the function that finds a text in
// another.
type field struct{ expression, find string }

// equal matches the values, each as a whole. No object equals another.
func (f field) equal(values []any) condition {
	null, some := never, where("")
	for _, value := range values {
		switch value.(type) {
		case nil:
			null = where(f.expression + " IS NULL")
		case map[string]any:
		default:
			some = where(some.text+", ?", append(some.values, term(value))...)
		}
	}
	if len(some.values) == 0 {
		return null
	}
	return either(null, where(f.expression+" IN ("+some.text[len(", "):]+")", some.values...))
}

func (f field) equalFold(values []any) condition {
	var conditions []condition
	var exact []any
	for _, value := range values {
		switch v := value.(type) {
		case string:
			fold := folded(v)
			conditions = append(conditions, f.between(fold+foldEnd, fold+foldPast))
		case []any:
			conditions = append(conditions, both(f.supersetOf(v), f.subsetOf(v)))
		default:
			exact = append(exact, value)
		}
	}
	return either(append(conditions, f.equal(exact))...)
}

// between matches terms from the first to just before the last.
func (f field) between(first, last string) condition {
	return where("("+f.expression+" >= ? AND "+f.expression+" < ?)", first, last)
}

// ofType matches terms with the first digit.
func (f field) ofType(digit string) condition { return f.between(digit, next(digit)) }

// next is the digit after one.
func next(digit string) string { return string(digit[0] + 1) }

// text matches texts that hold the values, which are texts: both of them all, or
// either.
func (f field) text(join func(...condition) condition, values []any) condition {
	behind := "substr(" + f.expression + ", " + f.find + "(" + f.expression + ", '" + foldEnd + "'))"
	return both(f.ofType(termText), join(conditions(values, func(value any) condition {
		text, _ := value.(string)
		return where(f.find+"("+behind+", ?) > 0", escaped(text))
	})...))
}

// has matches lists that the value is an element of. Only lists hold itemOpen.
func (f field) has(value any) condition {
	return where(f.find+"("+f.expression+", ?) > 0", item(value))
}

func item(value any) string { return itemOpen + string(appendItem(nil, value)) + itemEnd }

func (f field) supersetOf(values []any) condition {
	if len(values) == 0 {
		return f.ofType(termList)
	}
	return both(conditions(values, f.has)...)
}

// subsetOf takes the values out of the list: nothing may be left of it.
func (f field) subsetOf(values []any) condition {
	rest := where(f.expression)
	for _, value := range values {
		rest = where("replace("+rest.text+", ?, '')", append(rest.values, item(value))...)
	}
	return where(rest.text+" = '"+termList+"'", rest.values...)
}

// order compares with one value, which is a number or a text, what is of its
// type.
func (f field) order(operator host.Operator, values []any) condition {
	sign := signs[operator]
	if len(values) != 1 || sign == "" {
		return never
	}
	value := term(values[0])
	compared := where(f.expression+" "+sign+" ?", value)
	if sign[0] == '<' {
		return both(where(f.expression+" >= ?", value[:1]), compared)
	}
	return both(compared, where(f.expression+" < ?", next(value[:1])))
}

var signs = map[host.Operator]string{
	host.LessThan: "<", host.LessThanOrEqual: "<=", host.GreaterThan: ">", host.GreaterThanOrEqual: ">=",
}

// columnOf is the column of a field that the host keeps, "" for all others.
func columnOf(path host.Path) string {
	if len(path) == 1 {
		return systemColumns[path[0]]
	}
	return ""
}

var systemColumns = map[string]string{
	host.FieldID: "id", host.FieldCreatedAt: "created_at", host.FieldUpdatedAt: "updated_at", host.FieldVersion: "version",
}

// compare compares a column, which is never NULL, with a value of its type.
func compare(column string, operator host.Operator, value any) condition {
	sign, ordered := signs[operator]
	if !ordered {
		sign = "="
	}
	var floor any // the greatest value of the column that is not above value
	exact := true // whether floor is value
	switch v := value.(type) {
	case string:
		if column == "id" {
			// No id holds a NUL, which PostgreSQL has no text with.
			floor, _, _ = strings.Cut(v, "\x00")
			exact = floor == v
			break
		}
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return never
		}
		ms := at.UnixMilli()
		floor, exact = ms, time.UnixMilli(ms).Equal(at)
	case json.Number:
		number, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return never
		}
		floor = number
	default:
		return never
	}
	if !exact {
		sign = map[string]string{"<": "<=", "<=": "<=", ">": ">", ">=": ">"}[sign]
	}
	if sign == "" {
		return never
	}
	return where(column+" "+sign+" ?", floor)
}
