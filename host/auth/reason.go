package auth

import "github.com/posternhq/postern/host"

// reason says why a credential is not valid. It is for the log: to the client
// all invalid credentials look alike. It never repeats any part of one.
type reason string

// Error is the reason itself.
func (r reason) Error() string { return string(r) }

const (
	reasonUnknown  reason = "no such credential"
	reasonDisabled reason = "the credential is disabled"
	reasonExpired  reason = "the credential has expired"
	reasonRotated  reason = "the secret was rotated and its grace is over"
	reasonChecksum reason = "the key's checksum does not match"
	reasonSeveral  reason = "there are several credentials in one place"

	reasonTooLarge     reason = "the JWT is larger than 8 KiB"
	reasonSegments     reason = "the JWT does not have three parts"
	reasonEncoding     reason = "a part of the JWT is not base64 as JWTs write it"
	reasonJSON         reason = "a part of the JWT is not JSON"
	reasonObject       reason = "a part of the JWT is no JSON object"
	reasonDuplicate    reason = "the JWT names a member twice"
	reasonDeep         reason = "the JWT is nested too deeply"
	reasonCritical     reason = "the JWT has critical extensions"
	reasonHeader       reason = "the JWT's alg, kid or typ is not a text that can be"
	reasonIssuer       reason = "the JWT's issuer is not known here"
	reasonAlgorithm    reason = "the JWT's algorithm is not accepted from its issuer"
	reasonKey          reason = "the JWT's signing key is not known"
	reasonSignature    reason = "the JWT's signature does not match"
	reasonExpiry       reason = "the JWT has no exp"
	reasonDate         reason = "a date of the JWT is not a number of seconds"
	reasonNotYet       reason = "the JWT is not valid yet"
	reasonAudience     reason = "the JWT is for another audience"
	reasonClaims       reason = "the JWT lacks a claim that its issuer must make"
	reasonSubject      reason = "the JWT's subject is no text of at most 255 bytes"
	reasonTokenID      reason = "the JWT's sub and jti are not one token's id"
	reasonTokenKey     reason = "the JWT is not signed with its token's key"
	reasonOrganization reason = "the JWT was issued by another organization"
)

// refuse is the error for a credential that is not valid.
func refuse(why reason) error {
	switch why {
	case reasonSeveral:
		return host.Caused(host.CodeUnauthorized, why, "There must be one credential: a header or query parameter for it came twice")
	case reasonChecksum:
		return host.Caused(host.CodeUnauthorized, why, "The key is not valid: its checksum does not match, so it is mistyped or incomplete")
	}
	return host.Caused(host.CodeUnauthorized, why, "The credential is not valid: it is unknown, expired or disabled")
}

// Reason says why Admit refused, in words for a log that a client does not get
// to see; "" if the error's own text says it all.
func Reason(err error) string {
	if cause := host.AsError(err).Err; cause != nil {
		return cause.Error()
	}
	return ""
}

// ErrNoCredential is Admit's error for a request without a credential where
// one is required; its code is CodeUnauthorized.
var ErrNoCredential error = host.Errorf(host.CodeUnauthorized, "A credential is required: send it as X-API-Key or Authorization: Bearer")
