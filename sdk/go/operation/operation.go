// Package operation carries out the host's data operations as sdk/abi.md
// specifies them: JSON in, JSON out. It has what the typed packages beside it
// share: [Error], how requests are sent, and a stand-in for the host in tests.
//
// Plug-ins use the typed packages: object, fetch, jwt, secret, schema, call,
// basic. A module imports the operations it uses and no others, for an import
// asks the app for its permission.
package operation

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Func is one operation. The answer may tell of a failure; the error is
// [ErrNoHost], or nil.
type Func func(request []byte) (answer []byte, err error)

// ErrNoHost is every operation's error outside WebAssembly.
var ErrNoHost = errors.New("there is no host outside WebAssembly: deploy the plug-in to a server, or let a test stand in for it by operation.SetHost")

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
	TransactionOpen   = "transaction_open"
	AddressRefused    = "address_refused"
	RedirectRefused   = "redirect_refused"
	ResponseTooLarge  = "response_too_large"
	Timeout           = "timeout"
	Unreachable       = "unreachable"
	ModuleFailed      = "module_failed"
	InvalidResponse   = "invalid_response"
	PayloadTooLarge   = "payload_too_large"
	Unavailable       = "unavailable"
	Internal          = "internal"
)

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Is tells whether err is a failure with the code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

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

// Carry carries out an operation on a request that becomes JSON, and makes an
// Answer of its answer. A failure that the host reports is an [*Error].
func Carry[Answer any](op Func, request any) (answer Answer, err error) {
	in, err := json.Marshal(request)
	if err != nil {
		return answer, fmt.Errorf("the request cannot be written: %w", err)
	}
	out, err := op(in)
	if err != nil {
		return answer, err
	}
	var failure struct{ Error *Error }
	if err := json.Unmarshal(out, &failure); err != nil {
		return answer, fmt.Errorf("the answer is not understood: %w", err)
	}
	if failure.Error != nil {
		return answer, failure.Error
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return answer, fmt.Errorf("the answer does not fit its type: %w", err)
	}
	return answer, nil
}

// Do carries out the operation of a name, such as "object_query", on a request,
// and returns the answer, failures included. A module that uses it imports all
// operations.
func Do(name string, request []byte) (answer []byte, err error) {
	op := map[string]Func{
		"object_query": ObjectQuery, "object_insert": ObjectInsert, "object_put": ObjectPut,
		"object_patch": ObjectPatch, "object_delete": ObjectDelete, "object_batch": ObjectBatch,
		"http_fetch": HTTPFetch, "jwt_sign": JWTSign, "jwt_verify": JWTVerify,
		"secret_get": SecretGet, "secure_put": SecurePut, "secure_get": SecureGet,
		"uuid": UUID, "wait": Wait, "xml_to_json": XMLToJSON, "schema_validate": SchemaValidate, "call": Call,
	}[name]
	if op == nil {
		return nil, fmt.Errorf("there is no operation %q", name)
	}
	return op(request)
}
