package host

import (
	"slices"
	"strings"
)

// CredentialPrefixes begin the credentials Postern issues, whatever they open:
// keys, the organization API key, members' keys, and an app's key and secret.
var CredentialPrefixes = []string{KeyPrefix, OrganizationKeyPrefix, MemberPrefix, "ak_", "as_"}

// IsIssued reports whether s begins like a credential Postern issues, or is a
// JWT that claims to be a token issued here.
func IsIssued(s string) bool {
	if slices.ContainsFunc(CredentialPrefixes, func(p string) bool { return strings.HasPrefix(s, p) }) {
		return true
	}
	issuer, _ := JWTIssuer(s)
	return strings.HasPrefix(issuer, TokenIssuerPrefix)
}
