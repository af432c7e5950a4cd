package engine

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/tetratelabs/wazero/sys"

	"github.com/posternhq/postern/host"
)

// maxFailureText bounds the text of a failure in bytes.
const maxFailureText = 16 << 10

// Failure is the cause of a CodeModuleFailed: what the guest made of the call.
// Its text was written by the guest, or tells where the guest trapped: it is
// for the app's developers, not for clients.
type Failure struct {
	// ExitCode is what the function returned or the guest exited with; 1 for
	// a trap; 0 if it only set an error.
	ExitCode uint32
	// Text is the error the guest set, or the trap; it may be empty.
	Text string
}

// Error is the text with the exit code.
func (f *Failure) Error() string {
	switch {
	case f.Text == "":
		return fmt.Sprintf("exit code %d", f.ExitCode)
	case f.ExitCode == 0:
		return f.Text
	default:
		return fmt.Sprintf("%s (exit code %d)", f.Text, f.ExitCode)
	}
}

// failed is the error of a call that the guest failed.
func failed(f *Failure) error {
	f.Text = validText([]byte(f.Text), maxFailureText)
	return host.Caused(host.CodeModuleFailed, f, "The module failed")
}

// refusal is what a host function panics with to end the guest: the ABI gives
// most functions no way to return an error. wazero hands it back as the error
// of the call.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) {
	panic(&refusal{fmt.Sprintf(format, args...)})
}

// explain turns an error of wazero, or a *Failure, into one for the caller.
func (e *Engine) explain(err error, s *state) error {
	var (
		failure *Failure
		refused *refusal
		exit    *sys.ExitError
		bug     runtime.Error
	)
	switch {
	case errors.As(err, &failure):
		return failed(failure)
	case errors.As(err, &refused):
		return failed(&Failure{ExitCode: 1, Text: refused.text})
	case errors.As(err, &exit):
		return failed(&Failure{ExitCode: exit.ExitCode(), Text: s.errorText()})
	case errors.As(err, &bug):
		// A fault of Go code that the guest provoked: most likely a WASI
		// function given nonsense. wazero's text has both stacks.
		e.log.Warn("a guest made a host function panic", "error", err)
		return failed(&Failure{ExitCode: 1, Text: "a host function could not handle what it was given"})
	default:
		return failed(&Failure{ExitCode: 1, Text: err.Error()})
	}
}

// rescue is the last line: a panic outside of guest code becomes CodeInternal.
// It must be deferred directly.
func (e *Engine) rescue(err *error) {
	if r := recover(); r != nil {
		e.log.Error("panic in the engine", "panic", r, "stack", string(debug.Stack()))
		*err = host.Caused(host.CodeInternal, fmt.Errorf("panic: %v", r), "Internal error")
	}
}
