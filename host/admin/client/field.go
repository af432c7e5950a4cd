package client

import "encoding/json"

// Field is a field of a change: absent (the zero Field), a value, or null,
// which gives the field its default back or clears it. Its struct tag needs
// omitzero.
type Field[T any] struct {
	value T
	set   bool
	null  bool
}

// Value is a field with a value.
func Value[T any](v T) Field[T] { return Field[T]{value: v, set: true} }

// Null is a field that is null.
func Null[T any]() Field[T] { return Field[T]{set: true, null: true} }

// IsZero reports whether the field is absent.
func (f Field[T]) IsZero() bool { return !f.set }

// Get returns the value; ok is false for an absent field and for null.
func (f Field[T]) Get() (v T, ok bool) { return f.value, f.set && !f.null }

// MarshalJSON writes the value or null.
func (f Field[T]) MarshalJSON() ([]byte, error) {
	if !f.set || f.null {
		return []byte("null"), nil
	}
	return json.Marshal(f.value)
}

// UnmarshalJSON reads a value or null.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Null[T]()
		return nil
	}
	*f = Field[T]{set: true}
	return json.Unmarshal(b, &f.value)
}
