package object

import (
	"encoding/json"
	"fmt"
)

// operation is a data operation of the host: JSON in, JSON out.
type operation func(request []byte) (answer []byte, err error)

// answer has the members of every operation's answer.
type answer[T any] struct {
	Error   *Error   `json:"error"`
	Records []T      `json:"records"`
	Record  T        `json:"record"`
	Created bool     `json:"created"`
	Cursor  string   `json:"cursor"`
	Count   *int     `json:"count"`
	Results []Result `json:"results"`
}

// first is the only record of an answer.
func (a answer[T]) first() (record T) {
	if len(a.Records) > 0 {
		record = a.Records[0]
	}
	return record
}

// do carries out an operation. A failure that the host reports is an *Error.
func do[T any](op operation, request any) (answer[T], error) {
	in, err := json.Marshal(request)
	if err != nil {
		return answer[T]{}, fmt.Errorf("object: %w", err)
	}
	out, err := op(in)
	if err != nil {
		return answer[T]{}, err
	}
	a, err := decode[answer[T]](out)
	if err == nil && a.Error != nil {
		err = a.Error
	}
	return a, err
}

func decode[A any](out []byte) (a A, err error) {
	if err := json.Unmarshal(out, &a); err != nil {
		return a, fmt.Errorf("object: the answer does not fit the record's type: %w", err)
	}
	return a, nil
}

// Do carries out the operation of a name, such as "object_query", on a request
// as sdk/abi.md specifies it, and returns the answer, failures included. A module
// that uses it imports all operations.
func Do(name string, request []byte) (answer []byte, err error) {
	op := map[string]operation{
		"object_query": query, "object_insert": insert, "object_put": put,
		"object_patch": merge, "object_delete": remove, "object_batch": batch,
	}[name]
	if op == nil {
		return nil, fmt.Errorf("object: there is no operation %q", name)
	}
	return op(request)
}
