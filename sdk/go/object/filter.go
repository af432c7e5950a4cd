package object

// Filter is a condition on records: the query language of sdk/abi.md. These
// constructors cover all of it.
type Filter map[string]any

func condition(field, operator string, value any) Filter {
	return Filter{field: map[string]any{operator: value}}
}

// Eq finds records whose field equals value; null finds those without it.
func Eq(field string, value any) Filter { return condition(field, "eq", value) }

// Not finds what the filter does not.
func Not(f Filter) Filter { return Filter{"NOT": f} }

// And finds what all of the filters find.
func And(filters ...Filter) Filter { return Filter{"AND": list(filters)} }

// Or finds what one of the filters finds.
func Or(filters ...Filter) Filter { return Filter{"OR": list(filters)} }

// In finds records whose field equals one of the values.
func In(field string, values ...any) Filter { return condition(field, "in", list(values)) }

// NotIn finds records whose field equals none of the values.
func NotIn(field string, values ...any) Filter { return condition(field, "noneOf", list(values)) }

// EqFold finds texts that equal one of the values regardless of case, and
// lists that have the same elements in any order.
func EqFold(field string, values ...any) Filter {
	return condition(field, "insensitiveAnyOf", list(values))
}

// Like finds texts that hold the text.
func Like(field, text string) Filter { return condition(field, "like", text) }

// Lt finds numbers, or texts, that come before value.
func Lt(field string, value any) Filter { return condition(field, "lt", value) }

// Lte finds numbers, or texts, up to value.
func Lte(field string, value any) Filter { return condition(field, "lte", value) }

// Gt finds numbers, or texts, that come after value.
func Gt(field string, value any) Filter { return condition(field, "gt", value) }

// Gte finds numbers, or texts, from value on.
func Gte(field string, value any) Filter { return condition(field, "gte", value) }

// Intersects finds lists that have one of the values.
func Intersects(field string, values ...any) Filter {
	return condition(field, "intersects", list(values))
}

// SupersetOf finds lists that have all of the values.
func SupersetOf(field string, values ...any) Filter {
	return condition(field, "supersetOf", list(values))
}

// SubsetOf finds lists that have nothing but the values.
func SubsetOf(field string, values ...any) Filter {
	return condition(field, "subsetOf", list(values))
}

// ContainsAny finds lists that have, and texts that hold, one of the values.
func ContainsAny(field string, values ...any) Filter {
	return condition(field, "containsAnyOf", list(values))
}

// ContainsAll finds lists that have, and texts that hold, all of the values.
func ContainsAll(field string, values ...any) Filter {
	return condition(field, "containsAllOf", list(values))
}

// ContainsNone finds what [ContainsAny] does not.
func ContainsNone(field string, values ...any) Filter {
	return condition(field, "containsNoneOf", list(values))
}
