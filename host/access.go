package host

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Access is what a credential that was issued here opens, from where, and how
// often. It is part of Key and Token.
type Access struct {
	Environment *string           `json:"environment" doc:"The one environment the credential opens; null opens all"`
	AllowedIPs  []string          `json:"allowed_ips" doc:"Addresses and CIDR ranges it may be used from; empty admits all"`
	Variables   map[string]string `json:"variables" doc:"What endpoints may require and modules see"`
	RateLimit   *RateLimit        `json:"rate_limit" doc:"How often the credential may be used; null for no bound"`
}

// Bounds of an Access.
const (
	MaxAllowedIPs = 1000
	MaxVariables  = 100
)

// Validate checks every field. The error is a CodeInvalid that names the field
// and its rule.
func (a *Access) Validate() error {
	if a.Environment != nil && !slices.Contains(Environments, *a.Environment) {
		return Errorf(CodeInvalid, "environment must be one of %s, or null for all", strings.Join(Environments, ", "))
	}
	if len(a.Variables) > MaxVariables {
		return Errorf(CodeInvalid, "variables must be at most %d", MaxVariables)
	}
	for name, value := range a.Variables {
		if name == "" || len(name) > 100 || len(value) > 1000 {
			return Errorf(CodeInvalid, "variables must have names of 1-100 characters and values of at most 1000")
		}
	}
	if err := validateIPs(a.AllowedIPs); err != nil {
		return err
	}
	return a.RateLimit.Validate()
}

// validateIPs checks a field called allowed_ips.
func validateIPs(list []string) error {
	if len(list) > MaxAllowedIPs {
		return Errorf(CodeInvalid, "allowed_ips must hold at most %d entries", MaxAllowedIPs)
	}
	for _, s := range list {
		if _, err := ParseIPRange(s); err != nil {
			return Errorf(CodeInvalid, "allowed_ips must hold IP addresses or CIDR ranges, not %q", s)
		}
	}
	return nil
}

// validateName checks a field called name.
func validateName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 || strings.TrimSpace(name) == "" {
		return Errorf(CodeInvalid, "name is required and must be 1-100 characters")
	}
	return nil
}
