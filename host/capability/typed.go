package capability

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"

	"github.com/posternhq/postern/host"
)

// Typed makes an operation of a function from one Go struct to another. A request
// with members that Request does not know is refused, one with a null keeps what
// is there but for a json.RawMessage, which is that null.
func Typed[Request, Answer any](fn func(ctx context.Context, call *Call, r *Request) (Answer, error)) Func {
	known := members(reflect.TypeFor[Request]())
	return func(ctx context.Context, call *Call, in []byte) ([]byte, error) {
		var r Request
		if err := decode(in, known, reflect.ValueOf(&r).Elem()); err != nil {
			return nil, err
		}
		answer, err := fn(ctx, call, &r)
		if err != nil {
			return nil, err
		}
		if own, ok := any(answer).(Appender); ok {
			return own.AppendJSON(nil), nil
		}
		return json.Marshal(answer)
	}
}

// Appender is an answer that writes itself, because it holds so much that it
// matters how.
type Appender interface{ AppendJSON(to []byte) []byte }

// members are the places of a struct's fields by the names they have in JSON.
func members(of reflect.Type) map[string]int {
	places := make(map[string]int, of.NumField())
	for i := range of.NumField() {
		places[of.Field(i).Tag.Get("json")] = i
	}
	return places
}

// decode reads one JSON object. Most members are texts: it takes a fraction of
// the time that encoding/json does, which is left the rest.
func decode(in []byte, known map[string]int, to reflect.Value) (err error) {
	if !host.ValidJSON(in) {
		return host.Errorf(host.CodeInvalid, "the request is not valid JSON")
	}
	isObject := Split(in, func(name string, value []byte) bool {
		place, ok := known[name]
		if !ok {
			err = host.Errorf(host.CodeInvalid, "the request must not have the member %.100q", name)
		} else {
			err = set(to.Field(place), name, value)
		}
		return err == nil
	})
	if !isObject {
		return host.Errorf(host.CodeInvalid, "the request must be a JSON object")
	}
	return err
}

// set decodes a member. in is the guest's: nothing keeps a part of it.
func set(field reflect.Value, name string, value []byte) error {
	if raw, ok := field.Addr().Interface().(*json.RawMessage); ok {
		*raw = bytes.Clone(value)
		return nil
	}
	if field.Kind() == reflect.String && value[0] == '"' {
		field.SetString(host.ReadJSON(value).Text())
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	err := d.Decode(field.Addr().Interface())
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return host.Caused(host.CodeInvalid, err, "%s has the wrong type: it is a JSON %s", name, wrong.Value)
	}
	if err != nil {
		return host.Caused(host.CodeInvalid, err, "%s cannot be read", name)
	}
	return nil
}
