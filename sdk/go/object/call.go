package object

import (
	"encoding/json"
	"fmt"

	"github.com/posternhq/postern/sdk/go/operation"
)

// answer has the members of every operation's answer.
type answer[T any] struct {
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
func do[T any](op operation.Func, request any) (answer[T], error) {
	return operation.Carry[answer[T]](op, request)
}

func decode[A any](out []byte) (a A, err error) {
	if err := json.Unmarshal(out, &a); err != nil {
		return a, fmt.Errorf("the answer does not fit the record's type: %w", err)
	}
	return a, nil
}
