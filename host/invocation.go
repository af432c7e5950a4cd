package host

import "context"

// Invocation is the record of one request that reached an app: how it went and
// what the module logged. It holds no payload and no credential.
type Invocation struct {
	RequestID  string    `json:"request_id"`
	AppID      string    `json:"app_id"`
	EndpointID string    `json:"endpoint_id" doc:"Empty if no endpoint matched"`
	Endpoint   string    `json:"endpoint" doc:"Name of the endpoint"`
	Release    int       `json:"release"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Status     int       `json:"status"`
	Code       Code      `json:"code" doc:"Code of the error, empty for none"`
	Reason     string    `json:"reason" doc:"Why it failed, for the app's developers"`
	CallerKind string    `json:"caller_kind"`
	CallerID   string    `json:"caller_id"`
	StartedAt  Time      `json:"started_at"`
	DurationUS int64     `json:"duration_us" doc:"Microseconds from first to last byte of work"`
	CPUUS      int64     `json:"cpu_us" doc:"Microseconds the module ran"`
	PeakBytes  int64     `json:"peak_bytes" doc:"Most memory the module held at once"`
	Stages     []Stage   `json:"stages" doc:"Where the time went, in order"`
	Logs       []LogLine `json:"logs"`
}

// Stage is one part of an invocation's time.
type Stage struct {
	Name       string `json:"name"`
	DurationUS int64  `json:"duration_us"`
}

// Log levels of a guest, in rising order.
const (
	LogTrace = "trace"
	LogDebug = "debug"
	LogInfo  = "info"
	LogWarn  = "warn"
	LogError = "error"
)

// LogLine is one line a module logged.
type LogLine struct {
	At    Time   `json:"at"`
	Level string `json:"level"`
	Text  string `json:"text"`
}

// InvocationFilter selects invocations; zero fields select all.
type InvocationFilter struct {
	EndpointID string
	Failed     bool // only those with a status of 500 and above, or a code
	// After is a request id: only newer invocations are listed.
	After string
}

// InvocationStore keeps the invocation log. Errors: CodeNotFound with the text
// "Invocation not found".
type InvocationStore interface {
	// AddInvocations stores records in one transaction and drops the oldest
	// beyond the log's bound.
	AddInvocations(ctx context.Context, records []Invocation) error
	Invocations(ctx context.Context, appID string, filter InvocationFilter, page Page) ([]*Invocation, int, error)
	Invocation(ctx context.Context, appID, requestID string) (*Invocation, error)
}
