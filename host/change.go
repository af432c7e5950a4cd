package host

import "context"

// What a Change is about.
const (
	ChangedApp          = "app"
	ChangedKey          = "key"
	ChangedToken        = "token"
	ChangedMember       = "member"
	ChangedSigningKeys  = "signing_keys" // Change.ID is that of the key
	ChangedIssuers      = "issuers"      // Change.ID is that of the app
	ChangedKeyGroups    = "key_groups"   // Change.ID is that of the app
	ChangedObjects      = "objects"      // Change.ID is that of the app
	ChangedVariables    = "variables"    // Change.ID is that of the app
	ChangedSecrets      = "secrets"      // Change.ID is that of the app
	ChangedOrganization = "organization"
)

// Change tells that something in memory is out of date. Every management
// write appends one in its own transaction; Sequence rises in commit order.
type Change struct {
	Sequence int64
	Kind     string // ChangedApp and so on
	ID       string
}

// ChangeStore lets hosts follow the changes of their database.
type ChangeStore interface {
	// Changes returns those after the given sequence, oldest first. If some
	// of them are no longer kept, complete is false and everything must be
	// loaded anew.
	Changes(ctx context.Context, after int64) (changes []Change, complete bool, err error)
	// LastChange is the newest sequence, 0 if nothing ever changed.
	LastChange(ctx context.Context) (int64, error)
	// EachApp calls fn for every app with its active release, which is nil
	// before the first.
	EachApp(ctx context.Context, fn func(*App, *Release) error) error
}
