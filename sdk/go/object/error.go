package object

import (
	"encoding/json"
	"errors"
)

// Error is a failure that the host reports. The invocation goes on: what it
// answers is the plug-in's decision, and a status below 400 commits what was
// written before.
type Error struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

// The codes of errors; sdk/abi.md tells when each comes.
const (
	InvalidRequest    = "invalid_request"
	NotFound          = "not_found"
	Conflict          = "conflict"
	Stale             = "stale"
	PermissionDenied  = "permission_denied"
	TooManyOperations = "too_many_operations"
	QuotaExceeded     = "quota_exceeded"
	TransactionEnded  = "transaction_ended"
	Unavailable       = "unavailable"
	Internal          = "internal"
)

// ErrNoHost is every function's error outside WebAssembly.
var ErrNoHost = errors.New("object: there is no host outside WebAssembly; deploy the plug-in to a server to test what it stores")

// Error is the code and the message.
func (e *Error) Error() string { return "object: " + e.Code + ": " + e.Message }

// Taken tells of a conflict which field of a record has a value that another
// record has already, and the id of that record; "__id" for the id itself.
func (e *Error) Taken() (field, id string) {
	var details struct{ Field, ID string }
	_ = json.Unmarshal(e.Details, &details) // else there is nothing to tell
	return details.Field, details.ID
}

// Operation is which operation of a batch failed, counted from 0; -1 for none.
func (e *Error) Operation() int {
	details := struct{ Operation int }{-1}
	_ = json.Unmarshal(e.Details, &details)
	return details.Operation
}

// IsConflict tells that a value is taken, or that another transaction changed
// the same records at the same time.
func IsConflict(err error) bool { return is(err, Conflict) }

// IsNotFound tells that there is no such record, or no such object.
func IsNotFound(err error) bool { return is(err, NotFound) }

// IsStale tells that the record has changed since the version of [IfVersion].
func IsStale(err error) bool { return is(err, Stale) }

// IsInvalid tells that a record does not meet its schema, or a request the rules.
func IsInvalid(err error) bool { return is(err, InvalidRequest) }

func is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
