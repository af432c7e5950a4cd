package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
)

// operation describes one route for the router and the OpenAPI document.
type operation struct {
	id, method, path, summary, tag string
	status                         int // of success; 200 if 0
	maxBody                        int64
}

// register adds a route with a typed handler, for those whom its row of rights
// admits. The handler's error goes to the server's error table, like that of
// every other route.
func register[I, O any](a *API, op operation, handler func(context.Context, *I) (*O, error)) {
	if op.status == 0 {
		op.status = http.StatusOK
	}
	described := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Tags: []string{op.tag},
		DefaultStatus: op.status, MaxBodyBytes: op.maxBody,
		// Bodies are checked by decode and by the domain, whose sentences
		// are part of the contract.
		SkipValidateBody: true,
	}
	if right := rightOf(op); right.least != "" {
		described.Errors = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden}
		described.Security = []map[string][]string{{"organizationKey": {}}, {"memberToken": {}}}
		described.Middlewares = huma.Middlewares{a.guard(op.id, right)}
		described.Extensions = map[string]any{"x-least-role": right.least, "x-limited-to-environments": right.within}
	}
	huma.Register(a.huma, described, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, &carrier{err: err}
		}
		return out, nil
	})
}

// failure is the body of every error, as the OpenAPI document describes it.
// The server writes it; huma only needs its shape and a status.
type failure struct {
	Text      string `json:"error" doc:"What went wrong, for a person"`
	Code      string `json:"code" doc:"What went wrong, for a program"`
	RequestID string `json:"request_id"`
	Details   any    `json:"details,omitempty"`
	cause     error
}

func (f *failure) Error() string  { return f.Text }
func (f *failure) GetStatus() int { return http.StatusBadRequest }
func (f *failure) Unwrap() error  { return f.cause }

// carrier takes a handler's error through huma to collectError.
type carrier struct{ err error }

func (c *carrier) Error() string { return c.err.Error() }

// errorKey is where an error waits in the Fiber context until huma is done.
type errorKey struct{}

// huma makes its errors by package variables, so they are set once, before any
// API serves.
func init() {
	huma.NewErrorWithContext = newError
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return newError(nil, status, message, errs...)
	}
}

// bodyMissing is what huma says of a body that is not there.
const bodyMissing = "request body is required"

// newError stands in for huma's own errors: it notes what happened for the
// middleware that hands it to the server's error table.
func newError(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
	err := cause(message, errs)
	if status == http.StatusRequestEntityTooLarge {
		err = host.Errorf(host.CodeTooLarge, "The body is larger than this route takes")
	}
	if ctx != nil && message == bodyMissing && len(ctx.Operation().RequestBody.Content) > 1 {
		err = host.Errorf(host.CodeInvalid, "The body is empty")
	}
	if ctx != nil {
		humafiber.Unwrap(ctx).Locals(errorKey{}, err)
	}
	return &failure{Text: err.Error(), cause: err}
}

// cause finds our own error among those huma reports, or makes a sentence of
// huma's first one.
func cause(message string, errs []error) error {
	for _, err := range errs {
		var c *carrier
		if errors.As(err, &c) {
			return c.err
		}
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			return sentence(detail)
		}
	}
	if message == bodyMissing {
		message = "The body must be a JSON object"
	}
	return host.Errorf(host.CodeInvalid, "%s", message)
}

// sentence says what is wrong with a parameter or the body.
func sentence(detail *huma.ErrorDetail) error {
	_, parameter, isParameter := strings.Cut(detail.Location, ".")
	mediaType, isUnknown := strings.CutPrefix(detail.Message, "unknown content type: ")
	choices, isChoice := strings.CutPrefix(detail.Message, "expected value to be one of ")
	switch {
	case isUnknown:
		return host.Errorf(host.CodeInvalid, "This route takes no %s", mediaType)
	case !isParameter:
		return host.Errorf(host.CodeInvalid, "%s", detail.Message)
	case detail.Message == "invalid integer":
		return host.Errorf(host.CodeInvalid, "%s must be a whole number", parameter)
	case detail.Message == "invalid boolean":
		return host.Errorf(host.CodeInvalid, "%s must be true or false", parameter)
	case isChoice:
		return host.Errorf(host.CodeInvalid, "%s must be one of %s", parameter, strings.Trim(choices, `"`))
	}
	return host.Errorf(host.CodeInvalid, "%s: %s", parameter, detail.Message)
}

// assumeJSON treats a body as JSON where a client did not say what it is:
// `curl -d` calls everything a form, and no route takes forms.
func assumeJSON(c *fiber.Ctx) error {
	switch mediaType, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); mediaType {
	case "", fiber.MIMEApplicationForm, fiber.MIMETextPlain:
		c.Request().Header.SetContentType(fiber.MIMEApplicationJSON)
	}
	return c.Next()
}

// collectError hands an error of a handler to Fiber's error handler and drops
// what huma wrote of it.
func collectError(c *fiber.Ctx) error {
	if err := c.Next(); err != nil {
		return err
	}
	if err, ok := c.Locals(errorKey{}).(error); ok {
		c.Response().ResetBody()
		return err
	}
	return nil
}

// jsonFormat reads bodies with decode.
var jsonFormat = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return huma.DefaultJSONFormat.Marshal(w, v) },
	Unmarshal: decode,
}

// PageQuery is part of every list.
type PageQuery struct {
	Limit  int `query:"limit" doc:"Entries per page: 20 unless given, at most 100"`
	Offset int `query:"offset" doc:"Entries to skip"`
}

func (p PageQuery) page() host.Page { return host.Page{Limit: p.Limit, Offset: p.Offset}.Clamp() }

// pagination is part of every list's answer.
type pagination struct {
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	Total   int  `json:"total"`
	HasMore bool `json:"has_more"`
}

// cut returns the page of a list that is at hand as a whole.
func cut[T any](all []T, page host.Page) []T {
	from := min(page.Offset, len(all))
	return orEmpty(all[from:min(from+page.Limit, len(all))])
}

func paginate(p host.Page, shown, total int) pagination {
	return pagination{p.Limit, p.Offset, total, p.Offset+shown < total}
}

// deleted is the answer of every DELETE.
type deleted struct {
	Body struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}
}

func newDeleted(message string) *deleted {
	out := &deleted{}
	out.Body.Success, out.Body.Message = true, message
	return out
}

// etag is the ETag of a revision.
func etag[N int | int64](revision N) string { return fmt.Sprintf(`"%d"`, revision) }

// matchRevision refuses a change if the If-Match header names another
// revision. An absent header and "*" match every revision.
func matchRevision[N int | int64](ifMatch string, revision N) error {
	if ifMatch == "" || ifMatch == "*" || ifMatch == etag(revision) {
		return nil
	}
	return host.Errorf(host.CodeStale, "It has changed since: If-Match is %s, the current ETag is %s", ifMatch, etag(revision))
}
