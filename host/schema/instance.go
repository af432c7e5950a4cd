package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"github.com/posternhq/postern/host"
)

// maxValues bounds a document: a value may be three bytes of it, takes a hundred
// to check and, if it breaks a rule, several hundred to say so.
const maxValues = 500_000

// largeBytes is from when on a document has to wait for a place: as many of them
// are checked at once as there are processors.
const largeBytes = 64 << 10

var places = make(chan struct{}, runtime.GOMAXPROCS(0))

// take waits for a place for a document, which free gives back.
func take(document []byte) (free func()) {
	if len(document) <= largeBytes {
		return func() {}
	}
	places <- struct{}{}
	return func() { <-places }
}

// decodeInstance reads JSON for the validator, numbers as json.Number.
func decodeInstance(raw []byte) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("it is empty")
	}
	if !host.ValidJSON(raw) {
		return nil, errors.New("it cannot be parsed")
	}
	// A value and what is behind it are two bytes: no less can hold too many.
	if len(raw) > 2*maxValues && values(host.ReadJSON(raw), maxValues) < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	value := host.ReadJSON(raw).Decode()
	return value, checkNumbers(value)
}

// values goes past a value and returns how many of most are left without those
// in it, less than zero for too few.
func values(r *host.JSONReader, most int) (left int) {
	left = most - 1
	kind := r.Kind()
	if kind != '{' && kind != '[' {
		r.Value()
		return left
	}
	for left >= 0 && r.More() {
		if kind == '{' {
			r.Name()
		}
		left = values(r, left)
	}
	return left
}

// checkNumbers refuses numbers out of bounds anywhere in value.
func checkNumbers(value any) error {
	switch v := value.(type) {
	case json.Number:
		if !host.ModestNumber(v.String()) {
			return errors.New("a number has too many digits or too large an exponent")
		}
	case []any:
		for _, item := range v {
			if err := checkNumbers(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := checkNumbers(item); err != nil {
				return err
			}
		}
	}
	return nil
}
