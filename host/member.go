package host

import (
	"context"
	"slices"
	"strings"
)

// MemberPrefix starts every member's token.
const MemberPrefix = "pat_"

// Role says what a member may do. Each role may do what those before it may.
type Role string

// The roles, from the least to the most.
const (
	Viewer    Role = "viewer"
	Developer Role = "developer"
	Admin     Role = "admin"
	Sysadmin  Role = "sysadmin"
)

// Roles lists the roles, from the least to the most.
var Roles = []Role{Viewer, Developer, Admin, Sysadmin}

// Includes reports whether the role may do what least may.
func (r Role) Includes(least Role) bool {
	rank := slices.Index(Roles, r)
	return rank >= 0 && rank >= slices.Index(Roles, least)
}

// Member is a person or program that manages. Its token is shown once; only
// the hash is kept.
type Member struct {
	ID     string `json:"id"`
	Name   string `json:"name" doc:"Unique among members"`
	Role   Role   `json:"role" enum:"viewer,developer,admin,sysadmin"`
	Prefix string `json:"prefix" doc:"First characters of the token, to recognise it by"`
	// Environments is nil for all.
	Environments []string `json:"environments" doc:"The environments the member sees; null for all"`
	Enabled      bool     `json:"enabled"`
	// LastUsedAt is counted in batches, like that of a Usage.
	LastUsedAt Time `json:"last_used_at" nullable:"true" doc:"When the member last made a call; some seconds behind"`
	CreatedAt  Time `json:"created_at"`
	UpdatedAt  Time `json:"updated_at"`

	Hash     Hash  `json:"-"`
	Revision int64 `json:"-"`
}

// NewMember returns an enabled member without a name and role, and its token.
func NewMember() (*Member, string) {
	now := Now()
	m := &Member{ID: NewID(), Enabled: true, CreatedAt: now, UpdatedAt: now}
	return m, m.Rotate()
}

// Rotate gives the member a new token and returns it. The old one ends.
func (m *Member) Rotate() (token string) {
	token = MemberPrefix + randomHex(32)
	m.Hash, m.Prefix = HashSecret(token), token[:len(MemberPrefix)+6]
	return token
}

// IsSysadmin reports whether the member is a sysadmin who can act as one.
func (m *Member) IsSysadmin() bool { return m.Enabled && m.Role == Sysadmin }

// Validate checks the writable fields. The error is a CodeInvalid that names
// the field and its rule.
func (m *Member) Validate() error {
	if err := validateName(m.Name); err != nil {
		return err
	}
	if !slices.Contains(Roles, m.Role) {
		return Errorf(CodeInvalid, "role is required and must be one of viewer, developer, admin, sysadmin")
	}
	if m.Environments == nil {
		return nil
	}
	if m.Role == Sysadmin {
		// Whoever may change members could lift the limit.
		return Errorf(CodeInvalid, "environments must be null for a sysadmin, who sees all")
	}
	known := func(environment string) bool { return slices.Contains(Environments, environment) }
	if len(m.Environments) == 0 || slices.ContainsFunc(m.Environments, func(e string) bool { return !known(e) }) {
		return Errorf(CodeInvalid, "environments must hold some of %s, or be null for all", strings.Join(Environments, ", "))
	}
	return nil
}

// MemberStore keeps members. Errors: CodeNotFound with the text "Member not
// found", CodeConflict for a name that is taken and for a change after which
// no enabled sysadmin would be left where there was one.
type MemberStore interface {
	CreateMember(ctx context.Context, member *Member) error
	Member(ctx context.Context, id string) (*Member, error)
	// Members lists them, newest first, with their number.
	Members(ctx context.Context, page Page) ([]*Member, int, error)
	// EachMember calls fn for every member there is.
	EachMember(ctx context.Context, fn func(*Member)) error
	// UpdateMember lets change alter the member in one transaction.
	UpdateMember(ctx context.Context, id string, change func(*Member) error) (*Member, error)
	// DeleteMember removes the member, unless one of checks refuses, in the
	// same transaction.
	DeleteMember(ctx context.Context, id string, checks ...func(*Member) error) error
}

// Kinds of an Actor.
const (
	ActorOrganization = "organization" // by its API key
	ActorMember       = "member"
)

// Actor is who makes a management call.
type Actor struct {
	Kind string `json:"kind" enum:"organization,member"`
	ID   string `json:"id"`
	Name string `json:"name"`

	Role         Role     `json:"-"`
	Environments []string `json:"-"` // nil for all
}

// Sees reports whether the actor may know what belongs to the environment.
func (a *Actor) Sees(environment string) bool {
	return a.Environments == nil || slices.Contains(a.Environments, environment)
}
