package host

// Query selects records of an object.
type Query struct {
	Filter *Filter // nil matches every record
	Sort   []Sort  // then by id
	Fields []Path  // what to return of each record beside its id; nil for all
	Limit  int     // 1 to MaxQueryLimit
	Offset int     // records to skip
	Cursor string  // of the query before, which must have been the same but for Limit; "" for none
	Count  bool    // whether to count the matches
}

// Sort orders records by a field: missing or null first, then false, true,
// numbers, texts, lists. Texts are ordered regardless of case, then by code
// point; objects come last, among themselves in no order.
type Sort struct {
	Path       Path
	Descending bool // turns all of that around
}

// Path leads to a field of a record: names from the outermost to the innermost.
type Path []string

// Filter is a condition on a record. Exactly one of its members is set.
type Filter struct {
	All       []*Filter // AND; true if empty
	Any       []*Filter // OR; false if empty
	Not       *Filter
	Condition *Condition
}

// Condition compares a field with values. A missing field equals null. A
// comparison with a field of another type is false.
type Condition struct {
	Path     Path
	Operator Operator
	// Values are decoded JSON, numbers as json.Number.
	Values []any
}

// Operator is what a Condition does. The query language has more names for
// them, and the negatives of some: those become a Not.
type Operator string

// The operators.
const (
	// Equal: the field equals one of the values. Numbers are equal by value,
	// lists if their elements are, in order.
	Equal Operator = "anyOf"
	// EqualFold: texts equal one of the values regardless of case; lists have
	// the same elements, in whatever order and however often; the rest is as
	// for Equal.
	EqualFold Operator = "insensitiveAnyOf"
	// Like: the text holds one of the values, which are texts.
	Like Operator = "like"
	// LessThan and so on: the field and the one value are both numbers or both
	// texts, in the order of Sort.
	LessThan           Operator = "lessThan"
	LessThanOrEqual    Operator = "lessThanOrEqual"
	GreaterThan        Operator = "greaterThan"
	GreaterThanOrEqual Operator = "greaterThanOrEqual"
	// Intersects: the list has one of the values among its elements.
	Intersects Operator = "intersects"
	// SupersetOf: the list has all the values among its elements.
	SupersetOf Operator = "supersetOf"
	// SubsetOf: every element of the list is among the values.
	SubsetOf Operator = "subsetOf"
	// ContainsAnyOf: as Intersects for a list; a text holds one of those values
	// that are texts.
	ContainsAnyOf Operator = "containsAnyOf"
	// ContainsAllOf: as SupersetOf for a list; a text holds all the values,
	// which are all texts.
	ContainsAllOf Operator = "containsAllOf"
)
