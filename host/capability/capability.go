// Package capability is the contract of data operations: the host functions that
// a module may import beside the Extism ABI, each a function from JSON to JSON.
//
// It owns what an operation is, what it learns of the invocation that calls it
// (Call), the transaction that the writes of an invocation share (Session), and
// how failures are told: as values, which the module decides about. It must not
// know Wasm, HTTP or SQL. Each group of operations is a package below this one;
// the engine offers them to guests.
package capability

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"

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

// Bounds of data operations.
const (
	MaxOperations = 1000    // that one invocation may carry out, unless its Call says otherwise
	MaxRequest    = 8 << 20 // bytes of a request
)

// Call is what operations learn of the invocation that calls them. The zero
// value may do nothing. It is used by one goroutine at a time.
type Call struct {
	Granted func(group string) bool  // nil for nothing
	Log     func(level, text string) // of the invocation; nil for none
	// Fault is told of failures that are not the module's doing, which it
	// learns little of; nil for nobody.
	Fault   func(err error)
	Data    *Session               // records; nil for none
	Objects map[string]*Definition // of the app, by name; read only
	// AppID is whose invocation it is; Hosts are those its modules may send
	// requests to.
	AppID string
	Hosts []string
	// Reach says which of them the manifest of the module that asks admits; nil
	// for all.
	Reach func(name string) bool
	// Invoke runs a function of another module of the release within the
	// invocation and gives its output; nil if there is none to run. Errors:
	// CodeNotFound for an unknown module, those of the engine.
	Invoke func(ctx context.Context, module, function string, input []byte) (output []byte, err error)
	// Secrets gives the values of the app's secrets; nil for none.
	Secrets func(ctx context.Context, name string) (string, error)
	// Requests counts those that were sent outside.
	Requests int
	// MaxOperations and MaxRequests are how many of both there may be; 0 for the
	// defaults.
	MaxOperations, MaxRequests int

	used   int
	denied []string // groups that the log has a line about
}

// Definition is an object as operations use it. Package object makes them.
type Definition struct {
	*host.Object
	// Check holds a document, without the members that the host keeps, against
	// the object's schema. The error is a CodeInvalid with the violations as
	// Details.
	Check func(doc json.RawMessage) error
}

// Do carries the operation out and returns its answer, whatever happens: what an
// operation fails at, even by a fault of its own, never ends the guest. A nil
// call is that of nobody.
func (o *Operation) Do(ctx context.Context, call *Call, in []byte) []byte {
	if call == nil {
		call = &Call{}
	}
	out, err := o.do(ctx, call, in)
	if err == nil {
		return out
	}
	if code := host.CodeOf(err); call.Fault != nil && ctx.Err() == nil && (code == host.CodeInternal || code == host.CodeUnavailable) {
		call.Fault(err)
	}
	return Failure(err)
}

func (o *Operation) do(ctx context.Context, call *Call, in []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
		host.Wrap(&err, "%s", o.Name)
	}()
	if most := cmp.Or(call.MaxOperations, MaxOperations); call.used >= most {
		return nil, host.Errorf(host.CodeTooMany, "An invocation may carry out at most %d data operations", most)
	}
	call.used++
	if o.Group != host.CapabilityBasic && (call.Granted == nil || !call.Granted(o.Group)) {
		call.noteDenied(o)
		return nil, host.Errorf(host.CodePermission, "The app does not grant its modules the capability %q", o.Group)
	}
	if len(in) > MaxRequest {
		return nil, host.Errorf(host.CodeInvalid, "a request may have at most %d bytes", MaxRequest)
	}
	return o.Run(ctx, call, in)
}

// Secret gives the value of a secret of the app. Errors: CodeNotFound.
func (c *Call) Secret(ctx context.Context, name string) (string, error) {
	if c.Secrets == nil {
		return "", host.Errorf(host.CodeNotFound, "Secret not found")
	}
	return c.Secrets(ctx, name)
}

// NoTransaction refuses what must not hold up a transaction: others wait for
// it. Errors: CodeOpen.
func (c *Call) NoTransaction() error {
	if c.Data != nil && c.Data.Open() {
		return host.Errorf(host.CodeOpen, "The invocation has written records: what takes long must come before the first write")
	}
	return nil
}

// Outside is NoTransaction for what has an effect that no rollback undoes.
func (c *Call) Outside() error {
	if err := c.NoTransaction(); err != nil {
		return err
	}
	if c.Data != nil {
		c.Data.Effect()
	}
	return nil
}

// noteDenied writes one line of the log for each group.
func (c *Call) noteDenied(o *Operation) {
	if c.Log == nil || slices.Contains(c.denied, o.Group) {
		return
	}
	c.denied = append(c.denied, o.Group)
	c.Log(host.LogWarn, fmt.Sprintf("%s was denied: the app does not grant its modules the capability %q", o.Name, o.Group))
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
