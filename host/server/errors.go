package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
)

// statuses is the one table from error codes to HTTP statuses.
var statuses = map[host.Code]int{
	host.CodeInvalid:          http.StatusBadRequest,
	host.CodeUnauthorized:     http.StatusUnauthorized,
	host.CodeForbidden:        http.StatusForbidden,
	host.CodeNotFound:         http.StatusNotFound,
	host.CodeMethodNotAllowed: http.StatusMethodNotAllowed,
	host.CodeConflict:         http.StatusConflict,
	host.CodeStale:            http.StatusPreconditionFailed,
	host.CodeTooLarge:         http.StatusRequestEntityTooLarge,
	host.CodeQuota:            http.StatusForbidden,
	host.CodeRateLimited:      http.StatusTooManyRequests,
	host.CodeModuleFailed:     http.StatusInternalServerError,
	host.CodeInvalidResponse:  http.StatusBadGateway,
	host.CodeModuleTimeout:    http.StatusGatewayTimeout,
	host.CodeOverloaded:       http.StatusServiceUnavailable,
	host.CodeUnavailable:      http.StatusServiceUnavailable,
	host.CodeInternal:         http.StatusInternalServerError,
}

// Status is the HTTP status of an error.
func Status(err error) int {
	switch {
	case errors.Is(err, errHeadTooLarge):
		return http.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, errHeadTimeout):
		return http.StatusRequestTimeout
	}
	status, known := statuses[host.CodeOf(err)]
	if !known {
		return http.StatusInternalServerError
	}
	return status
}

// problem is the body of every error.
type problem struct {
	Error     string    `json:"error"`
	Code      host.Code `json:"code"`
	RequestID string    `json:"request_id"`
	Details   any       `json:"details,omitempty"`
}

// problem is the status and the body that an error is answered with.
func (x *exchange) problem(err error) (status int, body []byte) {
	e := host.AsError(err)
	x.logCause(e, err)
	body, jsonErr := json.Marshal(problem{e.Message, e.Code, x.id, e.Details})
	if jsonErr != nil { // of Details: the rest is text
		body, _ = json.Marshal(problem{e.Message, e.Code, x.id, nil})
	}
	return Status(err), body
}

// logCause keeps what the client is not told.
func (x *exchange) logCause(e *host.Error, err error) {
	if e.Code == host.CodeInternal || e.Code == host.CodeUnavailable {
		x.Log.Error("request failed", "request_id", x.id, "code", e.Code, "error", err)
	}
}

// fromFiber gives Fiber's own errors our shape.
func fromFiber(err error) error {
	var f *fiber.Error
	if !errors.As(err, &f) {
		return err
	}
	switch {
	case f.Code == http.StatusNotFound:
		return host.Errorf(host.CodeNotFound, "Not found")
	case f.Code == http.StatusMethodNotAllowed:
		return host.Errorf(host.CodeMethodNotAllowed, "Method not allowed")
	case f.Code == http.StatusRequestEntityTooLarge:
		return tooLarge()
	case f.Code < http.StatusInternalServerError:
		return host.Caused(host.CodeInvalid, err, "The request is malformed")
	}
	return err
}

func tooLarge() error {
	return host.Errorf(host.CodeTooLarge, "The request's body is too large")
}
