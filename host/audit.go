package host

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
)

// Audit is who makes a management call, and by what request. A store that
// finds it in the context of a write appends an AuditEntry in the same
// transaction.
type Audit struct {
	Actor     *Actor `json:"actor" doc:"Who called; null for a credential that is not valid"`
	Action    string `json:"action" doc:"Id of the operation, such as update-key; empty if the credential was not valid"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Client    string `json:"client_ip"`
	RequestID string `json:"request_id"`
}

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	ID   string `json:"id"`
	Time Time   `json:"time"`
	Audit
	Refused string          `json:"refused" doc:"Code of a refusal: unauthorized, forbidden, or not_found for what is hidden from the caller; empty for a change"`
	Reason  string          `json:"reason" doc:"What a refused caller was told"`
	Target  *AuditTarget    `json:"target" doc:"What was changed; null for a refusal"`
	Before  json.RawMessage `json:"before" doc:"What it was, secrets masked; null for something new"`
	After   json.RawMessage `json:"after" doc:"What it became, secrets masked; null for something deleted"`
}

// AuditTarget names what was changed.
type AuditTarget struct {
	Kind  string `json:"kind" doc:"app, module, release, key, token, key_group, issuer, object, record, variable, secret, signing_key, member or organization"`
	ID    string `json:"id" doc:"Id; of a release its number"`
	AppID string `json:"app_id" doc:"The app it belongs to; empty for none"`
}

// AuditFilter selects entries; empty fields select all.
type AuditFilter struct {
	Actor        string // id
	Action       string
	Target       string // id of what was changed or of its app
	Since, Until Time   // Until is exclusive
}

// AuditStore keeps the audit log. Nothing changes an entry; the oldest go.
type AuditStore interface {
	// AddAudit appends an entry of what no single write tells.
	AddAudit(ctx context.Context, entry *AuditEntry) error
	// AddRefusal appends a refused call.
	AddRefusal(ctx context.Context, entry *AuditEntry) error
	// AuditEntries lists entries, newest first, with their number.
	AuditEntries(ctx context.Context, filter AuditFilter, page Page) ([]*AuditEntry, int, error)
	// EachAuditEntry calls fn for every entry, newest first, until ctx ends.
	EachAuditEntry(ctx context.Context, filter AuditFilter, fn func(*AuditEntry)) error
}

// auditKey is where the Audit of a call is in its context.
type auditKey struct{}

// WithAudit returns a context whose writes are of the call.
func WithAudit(ctx context.Context, call *Audit) context.Context {
	return context.WithValue(ctx, auditKey{}, call)
}

// AuditOf returns the call that a context belongs to, nil for none: what a
// host does by itself is no management call.
func AuditOf(ctx context.Context) *Audit {
	call, _ := ctx.Value(auditKey{}).(*Audit)
	return call
}

// NewAuditEntry tells of a change from before to after, which are pointers to
// the same kind of resource; nil stands for none.
func NewAuditEntry(call *Audit, before, after any) (*AuditEntry, error) {
	entry := &AuditEntry{ID: NewID(), Time: Now(), Audit: *call}
	if old, ok := before.(*Release); ok && after != nil {
		before, after = changedEndpoints(old, after.(*Release)), changedEndpoints(after.(*Release), old)
	}
	var err error
	for _, side := range []struct {
		resource any
		raw      *json.RawMessage
	}{{before, &entry.Before}, {after, &entry.After}} {
		if side.resource == nil {
			continue
		}
		target, shown := auditView(side.resource)
		entry.Target = &target
		if *side.raw, err = json.Marshal(shown); err != nil {
			return nil, err
		}
	}
	return entry, nil
}

// auditView names a resource and masks its secrets.
func auditView(resource any) (AuditTarget, any) {
	switch r := resource.(type) {
	case *App:
		masked := r.Masked()
		masked.APIKey = "ak_" + mask
		return AuditTarget{"app", r.ID, r.ID}, masked
	case *Module:
		return AuditTarget{"module", r.ID, r.AppID}, r
	case *Release:
		return AuditTarget{"release", strconv.Itoa(r.Number), r.AppID}, r
	case *Key:
		return AuditTarget{"key", r.ID, ""}, r
	case *Token:
		return AuditTarget{"token", r.ID, ""}, r
	case *KeyGroup:
		return AuditTarget{"key_group", r.ID, r.AppID}, r
	case *Object:
		return AuditTarget{"object", r.ID, r.AppID}, r
	case *Issuer:
		return AuditTarget{"issuer", r.ID, r.AppID}, r
	case *SigningKey:
		return AuditTarget{"signing_key", r.ID, ""}, r
	case *Member:
		return AuditTarget{"member", r.ID, ""}, r
	case *Variable:
		return AuditTarget{"variable", r.ID, r.AppID}, r
	case *Secret:
		return AuditTarget{"secret", r.ID, r.AppID}, r
	case *Organization:
		return AuditTarget{"organization", r.ID, ""}, r
	case *RecordState:
		return AuditTarget{"record", r.ID, r.AppID}, r
	case *RecordImport:
		return AuditTarget{"object", r.Target.ID, r.Target.AppID}, r
	}
	panic("host: the audit log does not know what this is") // a new kind of resource
}

// changedEndpoints is a release with those endpoints only that are not the same
// in another: whole apps before and after would hide the one that changed.
func changedEndpoints(r, other *Release) *Release {
	changed := *r
	changed.Endpoints = []Endpoint{}
	for i := range r.Endpoints {
		if e := &r.Endpoints[i]; !sameJSON(e, other.Endpoint(e.ID)) {
			changed.Endpoints = append(changed.Endpoints, *e)
		}
	}
	return &changed
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
