package host

import (
	"errors"
	"fmt"
)

// Code is the machine-readable kind of an Error. Codes are part of the wire
// format: clients switch on them, so they never change meaning.
type Code string

// The codes of every error a client can see. host/server maps each one to an
// HTTP status in a single table.
const (
	CodeInvalid          Code = "invalid_request"
	CodeUnauthorized     Code = "unauthorized"
	CodeForbidden        Code = "forbidden"
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
	CodeConflict         Code = "conflict"
	CodeStale            Code = "stale"
	CodeTooLarge         Code = "payload_too_large"
	CodeQuota            Code = "quota_exceeded"
	CodeRateLimited      Code = "rate_limited"
	CodeModuleFailed     Code = "module_failed"
	CodeInvalidResponse  Code = "invalid_response"
	CodeModuleTimeout    Code = "module_timeout"
	CodeOverloaded       Code = "overloaded"
	CodeUnavailable      Code = "unavailable"
	CodeInternal         Code = "internal"
)

// Codes that only data operations answer modules with, beside those above. No
// client ever sees them: what a module makes of them is its own answer.
const (
	CodePermission Code = "permission_denied"   // the app does not grant the operation
	CodeTooMany    Code = "too_many_operations" // in one invocation
	CodeEnded      Code = "transaction_ended"   // it lasted too long
	CodeOpen       Code = "transaction_open"    // the operation must come before the first write
)

// Error is the one error type that crosses package borders on its way to a
// client. Code and Message are sent; Details is sent when it is not nil; Err
// is the cause, which goes to the log and never to the wire.
type Error struct {
	Code    Code
	Message string
	Details any
	Err     error
}

// Error joins the message with its cause. It is meant for logs: only Message
// may be shown to a client.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a formatted message. An argument of the verb
// %w becomes the cause only by way of Caused; the message is public, so it
// must never hold internals.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Caused returns an Error whose cause is err; the cause is logged, not sent.
func Caused(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// AsError finds the Error in err's chain. An error that has none is our own
// fault: it becomes CodeInternal, with err as its cause.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "Internal error", Err: err}
}

// CodeOf is the code of the Error in err's chain, CodeInternal if there is
// none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}

// Wrap adds where an error happened, once per layer:
//
//	defer host.Wrap(&err, "store.CreateApp(%q)", app.Name)
//
// It leaves the Error in the chain as it is. Arguments are logged: never pass
// secrets or payloads.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
