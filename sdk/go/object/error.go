package object

import "github.com/posternhq/postern/sdk/go/operation"

// Error is a failure that the host reports. The invocation goes on: what it
// answers is the plug-in's decision, and a status below 400 commits what was
// written before.
type Error = operation.Error

// The codes of errors; sdk/abi.md tells when each comes.
const (
	InvalidRequest    = operation.InvalidRequest
	NotFound          = operation.NotFound
	Conflict          = operation.Conflict
	Stale             = operation.Stale
	PermissionDenied  = operation.PermissionDenied
	TooManyOperations = operation.TooManyOperations
	QuotaExceeded     = operation.QuotaExceeded
	TransactionEnded  = operation.TransactionEnded
	Unavailable       = operation.Unavailable
	Internal          = operation.Internal
)

// ErrNoHost is every function's error outside WebAssembly.
var ErrNoHost = operation.ErrNoHost

// IsConflict tells that a value is taken, or that another transaction changed
// the same records at the same time.
func IsConflict(err error) bool { return operation.Is(err, Conflict) }

// IsNotFound tells that there is no such record, or no such object.
func IsNotFound(err error) bool { return operation.Is(err, NotFound) }

// IsStale tells that the record has changed since the version of [IfVersion].
func IsStale(err error) bool { return operation.Is(err, Stale) }

// IsInvalid tells that a record does not meet its schema, or a request the rules.
func IsInvalid(err error) bool { return operation.Is(err, InvalidRequest) }
