// Package postern is the Go SDK of Postern: with it a Go package becomes the
// WebAssembly module behind an HTTP endpoint.
//
//	package main
//
//	import postern "github.com/posternhq/postern/sdk/go"
//
//	func init() {
//		postern.Handle(func(r postern.Request) postern.Response {
//			return postern.Text(200, "Hello, "+r.Param("name")+"!")
//		})
//	}
//
//	func main() {}
//
// The package reads the payload the host passes in, gives it to the handler
// as a [Request], and hands the [Response] back. It owns the guest's side of
// the boundary that sdk/abi.md describes, and nothing of the host.
//
// Compiled for any platform but WebAssembly it has the same functions, so that
// handlers are tested with plain "go test": build a request with [NewRequest]
// and run it with [Invoke].
package postern

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Handler answers one request.
type Handler func(Request) Response

// handler is what the exported function "handle" runs.
var handler Handler

// Handle sets the handler of the module's exported function "handle", which
// endpoints call unless they name another function. Call it from init: the
// host runs a module's init functions and never its main.
func Handle(h Handler) { handler = h }

// Run answers one invocation with h. It is for modules that export further
// functions beside "handle":
//
//	//go:wasmexport report
//	func report() int32 { return postern.Run(writeReport) }
//
// It returns 0, or 1 if the invocation failed, as the host expects of an
// exported function.
func Run(h Handler) int32 { return finish(answer(h, readInput())) }

// RunBytes answers one invocation with fn, which takes the input and gives the
// output as they are. It is for functions that other modules call (package
// call), and for endpoints whose input is the body:
//
//	//go:wasmexport quote
//	func quote() int32 { return postern.RunBytes(price) }
//
// An error of fn, a panic or [Fail] fails the invocation: who called is told the
// text.
func RunBytes(fn func(input []byte) (output []byte, err error)) int32 {
	return finish(runBytes(fn, readInput()))
}

func runBytes(fn func([]byte) ([]byte, error), input []byte) (output []byte, err error) {
	defer func() {
		p := recover()
		switch s, stopped := p.(stop); {
		case stopped && s.failure != nil:
			output, err = nil, s.failure
		case stopped:
			output, err = s.response.encode()
		case p != nil:
			output, err = nil, &panicError{p, debug.Stack()}
		}
	}()
	return fn(input)
}

// finish hands over what an invocation came to.
func finish(output []byte, err error) int32 {
	if err != nil {
		logFailure(err)
		fail(err.Error())
		return 1
	}
	writeOutput(output)
	return 0
}

// Invoke runs the handler set by [Handle] on r, as an endpoint would, and
// returns its response. The error is the one that would fail the invocation:
// a panic of the handler, or a response that cannot be encoded.
func Invoke(r Request) (Response, error) {
	res, err := run(handler, r)
	if err == nil {
		_, err = res.encode()
	}
	return res, err
}

// answer takes a payload through h to an encoded response.
func answer(h Handler, payload []byte) ([]byte, error) {
	r, err := ParseRequest(payload)
	if err != nil {
		return nil, err
	}
	res, err := run(h, r)
	if err != nil {
		return nil, err
	}
	return res.encode()
}

// run calls h and turns a panic into an error, so that one request that goes
// wrong says why instead of ending as a bare trap.
func run(h Handler, r Request) (res Response, err error) {
	if h == nil {
		return Response{}, errors.New("no handler: call postern.Handle from an init function")
	}
	defer func() {
		p := recover()
		if s, stopped := p.(stop); stopped {
			res = s.response
		} else if p != nil {
			err = &panicError{p, debug.Stack()}
		}
	}()
	return h(r), nil
}

// panicError is a handler's panic and where it happened, which only the log
// is told.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func logFailure(err error) {
	var p *panicError
	if errors.As(err, &p) {
		Log.Error("%v\n\n%s", err, p.stack)
		return
	}
	Log.Error("%v", err)
}
