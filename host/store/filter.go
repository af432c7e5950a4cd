package store

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/posternhq/postern/host"
)

// compiler turns filters and sorts into SQL. What a client wrote reaches the
// text of a statement as a parameter only, but for names, which are escaped.
type compiler struct {
	dialect *recordDialect
	args    []any
}

// place is a parameter with the value.
func (c *compiler) place(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

// fieldOf is the expression of a field that clients write, the same in every
// statement, because an index is of an expression.
func fieldOf(d *recordDialect, path host.Path) string {
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = escapeName(name)
	}
	return "(" + d.field(names) + ")"
}

// Conditions that need no field. A condition may be NULL, which is no match.
const (
	always = "TRUE"
	never  = "FALSE"
)

// filter is a condition for the records that f matches.
func (c *compiler) filter(f *host.Filter) string {
	switch {
	case f == nil:
		return always
	case f.Condition != nil:
		return c.condition(f.Condition)
	case f.Not != nil:
		return "(" + c.filter(f.Not) + " IS NOT TRUE)"
	case f.Any != nil:
		return either(c.filters(f.Any))
	}
	return both(c.filters(f.All))
}

func (c *compiler) filters(list []*host.Filter) []string {
	conditions := make([]string, len(list))
	for i, f := range list {
		conditions[i] = c.filter(f)
	}
	return conditions
}

func both(conditions []string) string   { return join(conditions, " AND ", always) }
func either(conditions []string) string { return join(conditions, " OR ", never) }

// join joins conditions as a tree of little depth, which databases bound.
func join(conditions []string, operator, none string) string {
	switch n := len(conditions); n {
	case 0:
		return none
	case 1:
		return conditions[0]
	default:
		return "(" + join(conditions[:n/2], operator, none) + operator + join(conditions[n/2:], operator, none) + ")"
	}
}

func (c *compiler) condition(condition *host.Condition) string {
	values := condition.Values
	if column := columnOf(condition.Path); column != "" {
		return c.column(column, condition.Operator, values)
	}
	field := fieldOf(c.dialect, condition.Path)
	switch condition.Operator {
	case host.Equal:
		return c.equal(field, values)
	case host.EqualFold:
		return c.equalFold(field, values)
	case host.Like:
		return either(c.each(values, field, c.holds))
	case host.Intersects:
		return either(c.each(values, field, c.has))
	case host.SupersetOf:
		return c.supersetOf(field, values)
	case host.SubsetOf:
		return c.subsetOf(field, values)
	case host.ContainsAnyOf:
		return either(append(c.each(values, field, c.has), c.each(texts(values), field, c.holds)...))
	case host.ContainsAllOf:
		if len(texts(values)) < len(values) {
			return c.supersetOf(field, values)
		}
		text := both(append(c.each(values, field, c.holds), c.ofType(field, termText)))
		return either([]string{c.supersetOf(field, values), text})
	}
	return c.order(field, condition.Operator, values)
}

// each makes a condition of each value.
func (c *compiler) each(values []any, field string, condition func(field string, value any) string) []string {
	conditions := make([]string, len(values))
	for i, value := range values {
		conditions[i] = condition(field, value)
	}
	return conditions
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

// equal matches the values, each as a whole. No object equals another.
func (c *compiler) equal(field string, values []any) string {
	var conditions, places []string
	for _, value := range values {
		switch value.(type) {
		case nil:
			conditions = append(conditions, field+" IS NULL")
		case map[string]any:
		default:
			places = append(places, c.place(term(value)))
		}
	}
	if len(places) > 0 {
		conditions = append(conditions, field+" IN ("+strings.Join(places, ", ")+")")
	}
	return either(conditions)
}

func (c *compiler) equalFold(field string, values []any) string {
	var conditions []string
	var exact []any
	for _, value := range values {
		switch v := value.(type) {
		case string:
			fold := folded(v)
			conditions = append(conditions, c.between(field, fold+foldEnd, fold+foldPast))
		case []any:
			conditions = append(conditions, both([]string{c.supersetOf(field, v), c.subsetOf(field, v)}))
		default:
			exact = append(exact, value)
		}
	}
	return either(append(conditions, c.equal(field, exact)))
}

// between matches terms from the first to just before the last.
func (c *compiler) between(field, first, last string) string {
	return "(" + field + " >= " + c.place(first) + " AND " + field + " < " + c.place(last) + ")"
}

// ofType matches terms with the first digit.
func (c *compiler) ofType(field, digit string) string {
	return c.between(field, digit, string(digit[0]+1))
}

// holds matches texts that the value, a text, is a part of.
func (c *compiler) holds(field string, value any) string {
	text, _ := value.(string)
	find := c.dialect.find
	behind := "substr(" + field + ", " + find + "(" + field + ", '" + foldEnd + "'))"
	return "(" + c.ofType(field, termText) + " AND " + find + "(" + behind + ", " + c.place(escaped(text)) + ") > 0)"
}

// has matches lists that the value is an element of. Only lists hold itemOpen.
func (c *compiler) has(field string, value any) string {
	return c.dialect.find + "(" + field + ", " + c.place(item(value)) + ") > 0"
}

func item(value any) string { return itemOpen + string(appendItem(nil, value)) + itemEnd }

func (c *compiler) supersetOf(field string, values []any) string {
	if len(values) == 0 {
		return c.ofType(field, termList)
	}
	return both(c.each(values, field, c.has))
}

// subsetOf takes the values out of the list: nothing may be left of it.
func (c *compiler) subsetOf(field string, values []any) string {
	rest := field
	for _, value := range values {
		rest = "replace(" + rest + ", " + c.place(item(value)) + ", '')"
	}
	return rest + " = '" + termList + "'"
}

// order compares with one value, which is a number or a text, what is of its
// type.
func (c *compiler) order(field string, operator host.Operator, values []any) string {
	if len(values) != 1 {
		return never
	}
	value := term(values[0])
	digit := value[:1]
	sign := signs[operator]
	if sign == "" {
		return never
	}
	condition := field + " " + sign + " " + c.place(value)
	if sign[0] == '<' {
		return "(" + field + " >= " + c.place(digit) + " AND " + condition + ")"
	}
	return "(" + condition + " AND " + field + " < " + c.place(string(digit[0]+1)) + ")"
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

// column compares a column, which is never NULL, with values of its type.
func (c *compiler) column(column string, operator host.Operator, values []any) string {
	var conditions []string
	for _, value := range values {
		conditions = append(conditions, c.compare(column, operator, value))
	}
	return either(conditions)
}

func (c *compiler) compare(column string, operator host.Operator, value any) string {
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
	return column + " " + sign + " " + c.place(floor)
}
