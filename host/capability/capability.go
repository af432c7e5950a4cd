// Package capability is the contract of data operations: the host functions that
// a module may import beside the Extism ABI, each a function from JSON to JSON.
//
// It owns what an operation is, what it learns of the invocation that calls it,
// and how its failures are told: as values, which the module decides about. It
// must not know Wasm, HTTP or SQL. Each group of operations is a package below
// this one; the engine offers them to guests.
package capability

import (
	"context"
	"encoding/json"

	"github.com/posternhq/postern/host"
)

// Operation is one data operation: an import of postern:host/v1 that takes a
// block with JSON and gives one back.
type Operation struct {
	Name  string // of the import
	Group string // the capability that an app grants
	Run   Func
}

// Func carries out an operation. in is the module's request, which it may not
// keep; out is the answer. An error becomes an answer too: see Failure. ctx ends
// with the invocation.
type Func func(ctx context.Context, call *Call, in []byte) (out []byte, err error)

// MaxOperations is how many data operations one invocation may carry out.
const MaxOperations = 1000

// Call is what operations learn of the invocation that calls them. The zero
// value belongs to no app and admits none. It is used by one goroutine at a time.
type Call struct {
	AppID   string
	Granted func(group string) bool       // nil for nothing
	Log     func(level, text string)      // of the invocation; nil for none
	Data    *Session                      // records; nil for none
	Objects func(name string) (any, bool) // compiled definitions of the app, by name; see package object
	used    int
}

// failure is the answer of an operation that failed.
type failure struct {
	Error struct {
		Code    host.Code `json:"code"`
		Message string    `json:"message"`
		Details any       `json:"details,omitempty"`
	} `json:"error"`
}

// Failure is the answer {"error":{"code","message","details"}} for err. What is
// no host.Error is our own fault, and its text stays here.
func Failure(err error) []byte {
	e := host.AsError(err)
	var f failure
	f.Error.Code, f.Error.Message, f.Error.Details = e.Code, e.Message, e.Details
	out, err := json.Marshal(f)
	if err != nil {
		f.Error.Details = nil
		out, _ = json.Marshal(f)
	}
	return out
}
