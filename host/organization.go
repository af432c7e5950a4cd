package host

import (
	"context"
	"crypto/sha256"
	"strings"
)

// OrganizationKeyPrefix starts every organization API key.
const OrganizationKeyPrefix = "apps_"

// Organization owns the apps. There is one per database.
type Organization struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	APIKeyEnabled bool   `json:"api_key_enabled"`
	CreatedAt     Time   `json:"created_at"`
	UpdatedAt     Time   `json:"updated_at"`

	// KeyHash is the SHA-256 of the organization API key.
	KeyHash Hash `json:"-"`
	// MasterFingerprint tells whether a master key is the one this
	// database was sealed with.
	MasterFingerprint string `json:"-"`
}

// Validate checks the writable fields. The error is a CodeInvalid that names
// the field and its rule.
func (o *Organization) Validate() error { return validateName(o.Name) }

// OrganizationStore keeps the organization.
type OrganizationStore interface {
	// Organization returns it; CodeNotFound before the first start.
	Organization(ctx context.Context) (*Organization, error)
	// CreateOrganization stores org unless there is one already, and
	// reports whether it did: of two hosts that start at once, one does.
	CreateOrganization(ctx context.Context, org *Organization) (created bool, err error)
	// UpdateOrganization lets change alter it in one transaction.
	UpdateOrganization(ctx context.Context, change func(*Organization) error) (*Organization, error)
}

// Hash is the SHA-256 of a credential: what is kept instead of it.
type Hash [sha256.Size]byte

// HashSecret hashes a credential. The secrets are 256-bit random values, so
// that a fast hash without salt is enough.
func HashSecret(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// NewOrganizationKey returns a fresh "apps_" key: the prefix and 64
// hexadecimal digits.
func NewOrganizationKey() string { return OrganizationKeyPrefix + randomHex(32) }

// ValidOrganizationKey reports whether s has the form of an organization key.
func ValidOrganizationKey(s string) bool {
	rest, ok := strings.CutPrefix(s, OrganizationKeyPrefix)
	return ok && len(rest) == 64 && strings.Trim(rest, "0123456789abcdef") == ""
}

// Sealer encrypts what must be read again but never lie open on disk. Place
// binds a ciphertext to where it is stored, so that it cannot be moved.
type Sealer interface {
	Seal(plain []byte, place string) ([]byte, error)
	Unseal(sealed []byte, place string) ([]byte, error)
}
