package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/posternhq/postern/host"
)

// Error is an answer of the server that is no success. It unwraps to the
// *host.Error the server meant, so that host.CodeOf works on it.
type Error struct {
	Status    int
	RequestID string // finds the request in the log; "" if the answer had none
	Err       *host.Error
}

// Error is the server's sentence, and the request id if there is one.
func (e *Error) Error() string {
	if e.RequestID == "" {
		return e.Err.Message
	}
	return fmt.Sprintf("%s (request id %s)", e.Err.Message, e.RequestID)
}

// Unwrap returns the *host.Error.
func (e *Error) Unwrap() error { return e.Err }

// ConnectionError says that no answer of a Postern server arrived.
type ConnectionError struct {
	Server string
	Err    error
}

// Error names the server and the cause.
func (e *ConnectionError) Error() string {
	return fmt.Sprintf("no answer from %s: %v", e.Server, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// maxErrorBytes is what is read of an answer that is an error.
const maxErrorBytes = 1 << 20

// readError turns an answer back into the error the server had. An answer
// without the error envelope came from something in between: a proxy, or a
// server that is no Postern.
func readError(r *http.Response) error {
	var envelope struct {
		Text      string          `json:"error"`
		Code      host.Code       `json:"code"`
		RequestID string          `json:"request_id"`
		Details   json.RawMessage `json:"details"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxErrorBytes))
	if err == nil {
		err = json.Unmarshal(body, &envelope)
	}
	if err != nil || envelope.Text == "" || envelope.Code == "" {
		return &Error{Status: r.StatusCode, RequestID: r.Header.Get("X-Request-Id"), Err: host.Errorf(codeOf(r.StatusCode),
			"the server answered %d %s, which is not how Postern answers", r.StatusCode, http.StatusText(r.StatusCode))}
	}
	out := &Error{Status: r.StatusCode, RequestID: envelope.RequestID, Err: &host.Error{Code: envelope.Code, Message: envelope.Text}}
	if envelope.Details != nil {
		out.Err.Details = envelope.Details
	}
	return out
}

// codeOf is the code for an answer that brought none.
func codeOf(status int) host.Code {
	switch {
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return host.CodeUnavailable
	case status >= 500:
		return host.CodeInternal
	case status == http.StatusNotFound:
		return host.CodeNotFound
	case status == http.StatusRequestEntityTooLarge:
		return host.CodeTooLarge
	}
	return host.CodeInvalid
}
