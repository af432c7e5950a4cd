package host

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// Isolation of an endpoint's invocations from one another.
const (
	IsolationReset = "reset"
	IsolationReuse = "reuse"
	IsolationFresh = "fresh"
)

// What an endpoint's module gets as its input.
const (
	InputPayload = "payload"
	InputBody    = "body"
)

// Methods an endpoint may have.
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

// DefaultFunction is the export an endpoint calls unless it names another.
const DefaultFunction = "handle"

// Endpoint leads from a method and a path template to a module's function,
// with the policy of who may call it and what a call may use.
type Endpoint struct {
	ID                     string            `json:"id"`
	Name                   string            `json:"name"`
	Method                 string            `json:"method"`
	Path                   string            `json:"path"`
	Module                 PinnedModule      `json:"module"`
	Function               string            `json:"function"`
	RequiresAuthentication bool              `json:"requires_authentication"`
	KeyGroups              []string          `json:"key_groups" doc:"Groups whose credentials may call; empty admits every valid credential"`
	AllowedIPs             []string          `json:"allowed_ips" doc:"Addresses and CIDR ranges that may call; empty admits all"`
	RequiredVariables      map[string]string `json:"required_variables" doc:"Variables a credential must carry, matched exactly"`
	RateLimit              *RateLimit        `json:"rate_limit" doc:"How often the endpoint may be called by all together; null for no bound"`
	TimeoutMS              int               `json:"timeout_ms"`
	MemoryMB               int               `json:"memory_mb"`
	MaxBodyBytes           int64             `json:"max_body_bytes"`
	Isolation              string            `json:"isolation"`
	RepeatRandom           bool              `json:"repeat_random" doc:"Insists on the isolation reset for a module that draws random bytes before its snapshot: every call begins with the same ones"`
	Input                  string            `json:"input"`
	Atomic                 bool              `json:"atomic"`
	RequestSchema          json.RawMessage   `json:"request_schema"`
	ResponseSchema         json.RawMessage   `json:"response_schema"`
	Enabled                bool              `json:"enabled"`
	CreatedAt              Time              `json:"created_at"`
	UpdatedAt              Time              `json:"updated_at"`
	// Revision is the number of the release that last changed the endpoint.
	Revision int `json:"revision"`
}

// PinnedModule is the module of an endpoint as the release holds it.
type PinnedModule struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
}

// NewEndpoint returns an endpoint with an id and every default.
func NewEndpoint() *Endpoint {
	now := Now()
	return &Endpoint{
		ID: NewID(), Function: DefaultFunction, RequiresAuthentication: true,
		KeyGroups: []string{}, AllowedIPs: []string{}, RequiredVariables: map[string]string{},
		TimeoutMS: int(DefaultTimeout.Milliseconds()), MemoryMB: DefaultMemoryMB, MaxBodyBytes: DefaultBodyBytes,
		Isolation: IsolationReset, Input: InputPayload, Atomic: true, Enabled: true,
		CreatedAt: now, UpdatedAt: now,
	}
}

// Validate checks the endpoint by itself and brings Path into its normal
// form. The error is a CodeInvalid that names the field and its rule.
func (e *Endpoint) Validate() error {
	if n := utf8.RuneCountInString(e.Name); n < 1 || n > 100 {
		return Errorf(CodeInvalid, "name is required and must be 1-100 characters")
	}
	if !slices.Contains(Methods, e.Method) {
		return Errorf(CodeInvalid, "method must be one of %s", strings.Join(Methods, ", "))
	}
	t, err := ParseTemplate(e.Path)
	if err != nil {
		return err
	}
	e.Path = t.String()
	if e.Function == "" || len(e.Function) > 200 {
		return Errorf(CodeInvalid, "function must be 1-200 characters")
	}
	if err := e.validateLimits(); err != nil {
		return err
	}
	return e.validatePolicy()
}

func (e *Endpoint) validateLimits() error {
	for _, limit := range []struct {
		field           string
		value, min, max int64
	}{
		{"timeout_ms", int64(e.TimeoutMS), 1, MaxTimeout.Milliseconds()},
		{"memory_mb", int64(e.MemoryMB), 1, MaxMemoryMB},
		{"max_body_bytes", e.MaxBodyBytes, 0, MaxBodyBytes},
	} {
		if limit.value < limit.min || limit.value > limit.max {
			return Errorf(CodeInvalid, "%s must be between %d and %d", limit.field, limit.min, limit.max)
		}
	}
	if !slices.Contains([]string{IsolationReset, IsolationReuse, IsolationFresh}, e.Isolation) {
		return Errorf(CodeInvalid, "isolation must be one of reset, reuse, fresh")
	}
	if e.RepeatRandom && e.Isolation != IsolationReset {
		return Errorf(CodeInvalid, "repeat_random needs the isolation reset")
	}
	if e.Input != InputPayload && e.Input != InputBody {
		return Errorf(CodeInvalid, "input must be one of payload, body")
	}
	return nil
}

func (e *Endpoint) validatePolicy() error {
	if err := validateIPs(e.AllowedIPs); err != nil {
		return err
	}
	if err := e.RateLimit.Validate(); err != nil {
		return err
	}
	for _, g := range e.KeyGroups {
		if g == "" || len(g) > 100 {
			return Errorf(CodeInvalid, "key_groups must hold names of 1-100 characters")
		}
	}
	// A public endpoint admits callers without a credential, so a rule
	// about credentials on it would look like protection and be none.
	if !e.RequiresAuthentication && (len(e.KeyGroups) > 0 || len(e.RequiredVariables) > 0) {
		return Errorf(CodeInvalid, "key_groups and required_variables need requires_authentication")
	}
	return nil
}

// ParseIPRange reads an address or a CIDR range of either family. A
// v4-mapped v6 address is taken as the v4 address it is.
func ParseIPRange(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// CheckEndpoints checks what endpoints of one release must be together: at
// most MaxEndpoints, with distinct ids and no two of one method and shape.
// Each must have passed Validate. The error is a CodeConflict or CodeInvalid.
func CheckEndpoints(endpoints []Endpoint) error {
	if len(endpoints) > MaxEndpoints {
		return Errorf(CodeInvalid, "an app has at most %d endpoints", MaxEndpoints)
	}
	ids, shapes := map[string]bool{}, map[string]string{}
	for _, e := range endpoints {
		t, err := ParseTemplate(e.Path)
		if err != nil {
			return err
		}
		key := e.Method + " " + t.Shape()
		if other, taken := shapes[key]; taken {
			return Errorf(CodeConflict, "%s %s and %s %s match the same requests", e.Method, e.Path, e.Method, other)
		}
		if ids[e.ID] {
			return Errorf(CodeConflict, "two endpoints have the id %s", e.ID)
		}
		ids[e.ID], shapes[key] = true, e.Path
	}
	return nil
}
