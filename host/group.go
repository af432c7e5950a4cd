package host

import (
	"context"
	"strings"
)

// KeyGroup is a set of credentials that endpoints of an app admit by its name.
type KeyGroup struct {
	ID        string   `json:"id"`
	AppID     string   `json:"app_id"`
	Name      string   `json:"name"`
	Members   []string `json:"members" doc:"Ids of keys, tokens and issuers; an issuer stands for every caller it vouches for"`
	CreatedAt Time     `json:"created_at"`
	UpdatedAt Time     `json:"updated_at"`

	Revision int64 `json:"-"`
}

// MaxMembers bounds the members of a key group.
const MaxMembers = 10_000

// NewKeyGroup returns an empty group of an app.
func NewKeyGroup(appID string) *KeyGroup {
	now := Now()
	return &KeyGroup{ID: NewID(), AppID: appID, Members: []string{}, CreatedAt: now, UpdatedAt: now}
}

// Validate checks the fields a client writes. The error is a CodeInvalid that
// names the field and its rule.
func (g *KeyGroup) Validate() error {
	if err := validateName(g.Name); err != nil {
		return err
	}
	if strings.ContainsAny(g.Name, "/?#") || g.Name == "." || g.Name == ".." {
		return Errorf(CodeInvalid, "name must not hold /, ? or #, nor be . or .., because it is part of a path")
	}
	if len(g.Members) > MaxMembers {
		return Errorf(CodeInvalid, "members must be at most %d", MaxMembers)
	}
	for _, id := range g.Members {
		if !IsID(id) {
			return Errorf(CodeInvalid, "members must hold ids of keys, tokens or issuers, not %q", id)
		}
	}
	return nil
}

// KeyGroupStore keeps key groups. Members are kept in the order of their ids,
// each once; a credential that is deleted leaves its groups. Errors:
// CodeNotFound with the text "Key group not found", CodeConflict for a name
// the app has already, CodeInvalid for a member that is no key, token or
// issuer of the app.
type KeyGroupStore interface {
	CreateKeyGroup(ctx context.Context, group *KeyGroup) error
	KeyGroup(ctx context.Context, appID, name string) (*KeyGroup, error)
	// KeyGroups lists those of an app, newest first, with their number.
	KeyGroups(ctx context.Context, appID string, page Page) ([]*KeyGroup, int, error)
	// EachKeyGroup calls fn for every group of an app, or of all for "".
	EachKeyGroup(ctx context.Context, appID string, fn func(*KeyGroup)) error
	// UpdateKeyGroup lets change alter one. Errors: CodeConflict for a new
	// name while a retained release uses the old one.
	UpdateKeyGroup(ctx context.Context, appID, name string, change func(*KeyGroup) error) (*KeyGroup, error)
	// DeleteKeyGroup removes one, unless one of checks refuses, in the same
	// transaction. Errors: CodeConflict while a retained release uses it.
	DeleteKeyGroup(ctx context.Context, appID, name string, checks ...func(*KeyGroup) error) error
	// CheckMembers refuses ids that are no credential of the app, or a key or
	// token of none of the environments; nil stands for all of them.
	CheckMembers(ctx context.Context, appID string, ids, environments []string) error
}
