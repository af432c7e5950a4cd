package admin

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
)

// RequestIDKey names the request's id among Fiber's locals, where the server
// puts it.
const RequestIDKey = "request_id"

// callOf is what the audit log tells of a request by an actor, who is nil if
// the credential is not valid.
func callOf(c *fiber.Ctx, who *host.Actor, action string) *host.Audit {
	id, _ := c.Locals(RequestIDKey).(string)
	return &host.Audit{Actor: who, Action: action, Method: c.Method(), Path: auditPath(c.Path()), Client: client(c).String(), RequestID: id}
}

// maxAuditPath bounds the paths of requests that no route may have.
const maxAuditPath = 300

// auditPath is a path without what looks like a credential: somebody may have
// pasted one for an id.
func auditPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if host.IsIssued(segment) {
			segments[i] = "…"
		}
	}
	masked := strings.Join(segments, "/")
	return strings.ToValidUTF8(masked[:min(len(masked), maxAuditPath)], "")
}

// auditRefusals appends refused calls to the audit log.
func (a *API) auditRefusals(c *fiber.Ctx) error {
	err := c.Next()
	code := host.CodeOf(err)
	if code != host.CodeUnauthorized && code != host.CodeForbidden && !errors.Is(err, errHidden) {
		return err
	}
	budget := &a.refusals
	call, ok := c.Locals(callKey{}).(*host.Audit)
	if !ok {
		call, budget = callOf(c, nil, ""), &a.strangers
	}
	if !budget.admit() {
		return err
	}
	entry := &host.AuditEntry{ID: host.NewID(), Time: host.Now(), Audit: *call, Refused: string(code), Reason: host.AsError(err).Message}
	if failed := a.Store.AddRefusal(c.UserContext(), entry); failed != nil {
		a.Log.ErrorContext(c.UserContext(), "refused call is not in the audit log", "request_id", call.RequestID, "error", failed)
	}
	return err
}

// callKey is where a call is in Fiber's context once its route is known.
type callKey struct{}

// refusalsASecond is how many refused calls of members are written down, and
// how many of strangers: anybody can make them, and each is a transaction.
const refusalsASecond = 50

// budget admits refusalsASecond. The others are in the server's log only.
type budget struct {
	mu     sync.Mutex
	second int64
	used   int
}

func (b *budget) admit() bool {
	now := time.Now().Unix()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.second != now {
		b.second, b.used = now, 0
	}
	b.used++
	return b.used <= refusalsASecond
}

// AuditQuery selects entries of the audit log.
type AuditQuery struct {
	Actor  string `query:"actor" doc:"Only of the member, or the organization, with this id"`
	Action string `query:"action" doc:"Only this operation, such as update-key"`
	Target string `query:"target" doc:"Only what has this id, or belongs to the app with this id"`
	Since  string `query:"since" doc:"Only from this RFC 3339 instant on"`
	Until  string `query:"until" doc:"Only before this RFC 3339 instant"`
	Format string `query:"format" doc:"ndjson for all entries, one JSON object a line, instead of a page"`
	Accept string `header:"Accept" doc:"application/x-ndjson does what format=ndjson does"`
}

func (q *AuditQuery) filter() (f host.AuditFilter, err error) {
	f = host.AuditFilter{Actor: q.Actor, Action: q.Action, Target: q.Target}
	for _, bound := range []struct {
		name, text string
		at         *host.Time
	}{{"since", q.Since, &f.Since}, {"until", q.Until, &f.Until}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, bound.text)
		if err != nil {
			return f, host.Errorf(host.CodeInvalid, "%s must be an RFC 3339 instant such as 2027-01-31T12:00:00Z", bound.name)
		}
		*bound.at = host.At(at)
	}
	if q.Format != "" && q.Format != "json" && q.Format != "ndjson" {
		return f, host.Errorf(host.CodeInvalid, "format must be json or ndjson")
	}
	return f, nil
}

// lines reports whether the client wants all entries, a line each.
func (q *AuditQuery) lines() bool {
	return q.Format == "ndjson" || q.Format == "" && strings.Contains(q.Accept, ndjsonType)
}

const ndjsonType = "application/x-ndjson"

// auditPage is the answer with a page of the log.
type auditPage struct {
	Success    bool               `json:"success"`
	Entries    []*host.AuditEntry `json:"entries"`
	Pagination pagination         `json:"pagination"`
}

func (a *API) auditRoutes() {
	register(a, operation{id: "list-audit-log", method: get, path: "/v1/audit-log", summary: "List or export who changed what, and what was refused", tag: "organization"}, a.auditLog)
	answer := a.huma.OpenAPI().Paths["/v1/audit-log"].Get.Responses["200"]
	answer.Content = map[string]*huma.MediaType{
		jsonType:   {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[auditPage](), true, "AuditPage")},
		ndjsonType: {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[host.AuditEntry](), true, "AuditEntry")},
	}
}

func (a *API) auditLog(ctx context.Context, in *struct {
	PageQuery
	AuditQuery
}) (*huma.StreamResponse, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	if in.lines() {
		return &huma.StreamResponse{Body: func(h huma.Context) { a.exportAudit(ctx, humafiber.Unwrap(h), filter) }}, nil
	}
	entries, total, err := a.Store.AuditEntries(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	page := auditPage{true, entries, paginate(in.page(), len(entries), total)}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		h.SetHeader("Content-Type", jsonType)
		h.SetStatus(http.StatusOK)
		if err := jsonFormat.Marshal(h.BodyWriter(), page); err != nil {
			a.Log.ErrorContext(ctx, "writing a page of the audit log", "error", err)
		}
	}}, nil
}

// exportAudit streams entries, so that their number takes no memory. What goes
// wrong on the way breaks the answer off, which a client sees.
func (a *API) exportAudit(ctx context.Context, c *fiber.Ctx, filter host.AuditFilter) {
	c.Set(fiber.HeaderContentType, ndjsonType)
	// The request's context ends before the stream does.
	ctx = context.WithoutCancel(ctx)
	c.Context().SetBodyStream(&lazyPipe{
		write:  func(w io.Writer) error { return a.writeAudit(ctx, w, filter) },
		failed: func(err error) { a.Log.ErrorContext(ctx, "exporting the audit log", "error", err) },
	}, -1)
}

func (a *API) writeAudit(ctx context.Context, w io.Writer, filter host.AuditFilter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	var written error
	err := a.Store.EachAuditEntry(ctx, filter, func(entry *host.AuditEntry) {
		if written = encoder.Encode(entry); written != nil {
			cancel() // the client has left
		}
	})
	if written != nil {
		return written
	}
	return cmp.Or(err, buffered.Flush())
}
