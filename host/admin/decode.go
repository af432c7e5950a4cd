package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/posternhq/postern/host"
)

// field is a field of a request body that tells absent from null from a value.
// T says what the value must be; the rule of a wrong one is made from T.
type field[T any] struct {
	set   bool
	null  bool
	value T
}

// to copies the value to dst if the field was sent. A null is an error, since
// dst cannot be cleared.
func (f field[T]) to(name string, dst *T) error {
	if !f.set {
		return nil
	}
	if f.null {
		return wrongType[T](name)
	}
	*dst = f.value
	return nil
}

// toNullable copies the value to dst if the field was sent; null clears it.
func (f field[T]) toNullable(dst **T) {
	if !f.set {
		return
	}
	*dst = nil
	if !f.null {
		*dst = &f.value
	}
}

// or is the value, or fallback if the field is absent or null.
func (f field[T]) or(fallback T) T {
	if f.set && !f.null {
		return f.value
	}
	return fallback
}

// Schema describes the field as its value, for the OpenAPI document.
func (field[T]) Schema(r huma.Registry) *huma.Schema {
	if reflect.TypeFor[T]() == reflect.TypeFor[json.RawMessage]() {
		return &huma.Schema{}
	}
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// decodeField is implemented by every *field[T].
type decodeField interface {
	decode(name string, raw json.RawMessage) error
}

func (f *field[T]) decode(name string, raw json.RawMessage) error {
	f.set = true
	if string(raw) == "null" {
		f.null = true
		return nil
	}
	if err := json.Unmarshal(raw, &f.value); err != nil {
		return wrongType[T](name)
	}
	return nil
}

// wrongType is the sentence about a value that is no T.
func wrongType[T any](name string) error {
	var zero T
	rule := "an object"
	switch any(zero).(type) {
	case string:
		rule = "a string"
	case bool:
		rule = "true or false"
	case int, int64:
		rule = "a whole number"
	case []string:
		rule = "a list of strings"
	case map[string]string:
		rule = "an object of strings"
	case json.RawMessage:
		rule = "any JSON"
	default:
		if reflect.TypeFor[T]().Kind() == reflect.Slice {
			rule = "a list of objects"
		}
	}
	return host.Errorf(host.CodeInvalid, "%s must be %s", name, rule)
}

// lenient marks a body whose unknown fields are ignored.
type lenient interface{ ignoresUnknownFields() }

// decode reads a JSON object into dst, a pointer to a struct of field[T]s,
// whose json tags name them. Errors are CodeInvalid sentences that name the
// field.
func decode(data []byte, dst any) error {
	if whole, ok := dst.(interface{ decodeBody([]byte) error }); ok {
		return whole.decodeBody(data)
	}
	if !utf8.Valid(data) { // encoding/json would put replacement characters
		return notJSON()
	}
	object, err := decodeObject(data)
	if err != nil {
		return err
	}
	_, ignore := dst.(lenient)
	body := reflect.ValueOf(dst).Elem()
	if body.Kind() == reflect.Pointer { // a body that may be absent, and is not
		body.Set(reflect.New(body.Type().Elem()))
		body = body.Elem()
	}
	return fill(object, body, "", ignore)
}

// decodeObject reads exactly one JSON object.
func decodeObject(data []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&object); err != nil || object == nil || decoder.More() {
		if json.Valid(data) {
			return nil, host.Errorf(host.CodeInvalid, "The body must be a JSON object")
		}
		return nil, notJSON()
	}
	if !json.Valid(data) {
		return nil, notJSON()
	}
	return object, nil
}

func notJSON() error { return host.Errorf(host.CodeInvalid, "The body is not valid JSON") }

// fill decodes the members of object into the fields of dst; prefix is the
// path to the object, for the sentences.
func fill(object map[string]json.RawMessage, dst reflect.Value, prefix string, ignoreUnknown bool) error {
	known := map[string]decodeField{}
	collect(dst, known)
	for name, raw := range object {
		f, ok := known[name]
		if !ok {
			if ignoreUnknown {
				continue
			}
			return host.Errorf(host.CodeInvalid, "%s is not a known field", prefix+name)
		}
		if err := f.decode(prefix+name, raw); err != nil {
			return err
		}
	}
	return nil
}

// collect finds the fields of a body by their JSON names, those of embedded
// bodies included.
func collect(dst reflect.Value, known map[string]decodeField) {
	for i := range dst.NumField() {
		member := dst.Type().Field(i)
		if member.Name == "_" { // a tag for the OpenAPI document
			continue
		}
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		if member.Anonymous && name == "" {
			collect(dst.Field(i), known)
			continue
		}
		known[name] = dst.Field(i).Addr().Interface().(decodeField)
	}
}

// objects is a list of JSON objects that are decoded like bodies, so that a
// sentence about one names its place.
type objects[T any] []T

// decodeObjects reads each element of raw, a JSON list.
func decodeObjects[T any](name string, raw json.RawMessage) (objects[T], error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return nil, host.Errorf(host.CodeInvalid, "%s must be a list of objects", name)
	}
	return decodeElements[T](name, elements)
}

// decodeElements reads each element of a list called name.
func decodeElements[T any](name string, elements []json.RawMessage) (objects[T], error) {
	out := make(objects[T], len(elements))
	for i, element := range elements {
		place := fmt.Sprintf("%s[%d]", name, i)
		object, err := decodeObject(element)
		if err != nil {
			return nil, host.Errorf(host.CodeInvalid, "%s must be an object", place)
		}
		if err := fill(object, reflect.ValueOf(&out[i]).Elem(), place+".", false); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// list is a field that holds objects of T.
type list[T any] struct {
	set   bool
	value objects[T]
}

func (l *list[T]) decode(name string, raw json.RawMessage) (err error) {
	l.set = true
	l.value, err = decodeObjects[T](name, raw)
	return err
}

// Schema describes the list for the OpenAPI document.
func (list[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[T](), true, "")}
}
