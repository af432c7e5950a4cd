package host

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// Object is the definition of a named collection of an app's records.
type Object struct {
	ID            string          `json:"id"`
	AppID         string          `json:"app_id"`
	Name          string          `json:"name"`
	Schema        json.RawMessage `json:"schema" doc:"JSON Schema that every record must meet when it is written; null admits any JSON object"`
	UniqueFields  []string        `json:"unique_fields" doc:"Fields of which no two records may have the same value; records without the field do not count"`
	IndexedFields []string        `json:"indexed_fields" doc:"Fields by which queries are quick"`
	CreatedAt     Time            `json:"created_at"`
	UpdatedAt     Time            `json:"updated_at"`

	Revision int64 `json:"-"`
}

// Bounds of an app's objects.
const (
	MaxObjects = 200 // of an app
	MaxIndexes = 16  // unique and indexed fields of one object together
)

// NewObject returns a definition without rules.
func NewObject(appID string) *Object {
	now := Now()
	return &Object{ID: NewID(), AppID: appID, UniqueFields: []string{}, IndexedFields: []string{}, CreatedAt: now, UpdatedAt: now}
}

// Validate checks the fields a client writes, but for what the schema says.
// The error is a CodeInvalid that names the field and its rule.
func (o *Object) Validate() error {
	if !validObjectName(o.Name) {
		return Errorf(CodeInvalid, "name must be 1-64 lower-case letters, digits, hyphens or underscores, and begin with a letter")
	}
	if len(o.UniqueFields)+len(o.IndexedFields) > MaxIndexes {
		return Errorf(CodeInvalid, "unique_fields and indexed_fields must be at most %d together", MaxIndexes)
	}
	seen := []string{}
	for _, list := range []struct {
		name   string
		fields []string
	}{{"unique_fields", o.UniqueFields}, {"indexed_fields", o.IndexedFields}} {
		for _, field := range list.fields {
			path, err := ParsePath(field)
			if err != nil {
				return Errorf(CodeInvalid, "%s: %s", list.name, AsError(err).Message)
			}
			if strings.HasPrefix(path[0], "__") {
				return Errorf(CodeInvalid, "%s: %s is kept by the host and needs no index", list.name, field)
			}
			if slices.Contains(seen, path.String()) {
				return Errorf(CodeInvalid, "%s: %s is named twice; a unique field is indexed already", list.name, field)
			}
			seen = append(seen, path.String())
		}
	}
	return nil
}

func validObjectName(name string) bool {
	ok := name != "" && len(name) <= 64 && name[0] >= 'a' && name[0] <= 'z'
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	return ok
}

// ObjectStore keeps the definitions. A definition brings what its records need
// into being, indexes included, and takes it away again. Errors: CodeNotFound
// with the text "Object not found", CodeConflict for a name the app has
// already, and for a unique field of which records share a value.
type ObjectStore interface {
	CreateObject(ctx context.Context, object *Object) error
	Object(ctx context.Context, appID, name string) (*Object, error)
	// Objects lists those of an app, newest first, with their number.
	Objects(ctx context.Context, appID string, page Page) ([]*Object, int, error)
	// EachObject calls fn for every object of an app, or of all for "".
	EachObject(ctx context.Context, appID string, fn func(*Object)) error
	// UpdateObject lets change alter one. The name cannot change.
	UpdateObject(ctx context.Context, appID, name string, change func(*Object) error) (*Object, error)
	// DeleteObject removes one with its records, unless one of checks refuses,
	// in the same transaction.
	DeleteObject(ctx context.Context, appID, name string, checks ...func(*Object) error) error
}
