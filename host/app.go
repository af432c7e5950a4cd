package host

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Environments an app or a credential can belong to.
const (
	Production  = "production"
	Staging     = "staging"
	Development = "development"
)

// Environments lists them all, the default first.
var Environments = []string{Production, Staging, Development}

// States of an app.
const (
	AppActive   = "active"
	AppInactive = "inactive"
)

// Bounds of an app's retention, in days.
const (
	DefaultRetentionDays = 365
	MinRetentionDays     = 30
	MaxRetentionDays     = 2555
)

// App is a set of endpoints with its data. The JSON form is the one of the
// management API; json.RawMessage fields hold an object or nil.
type App struct {
	ID                    string          `json:"id"`
	OrganizationID        string          `json:"organization_id"`
	Name                  string          `json:"name"`
	Slug                  string          `json:"slug" doc:"Name of the app in paths, made from its name and never changed"`
	Domains               []string        `json:"domains" doc:"Host names that lead to this app"`
	Description           *string         `json:"description"`
	AppStoreURL           *string         `json:"app_store_url"`
	PlayStoreURL          *string         `json:"play_store_url"`
	WebsiteURL            *string         `json:"website_url"`
	EngagementPlatform    string          `json:"engagement_platform"`
	EngagementCredentials json.RawMessage `json:"engagement_credentials"`
	APIKey                string          `json:"api_key"`
	APISecret             string          `json:"api_secret"`
	CreatedAt             Time            `json:"created_at"`
	UpdatedAt             Time            `json:"updated_at"`
	Platform              string          `json:"platform"`
	BundleID              *string         `json:"bundle_id"`
	Environment           string          `json:"environment"`
	DataRetentionDays     int             `json:"data_retention_days"`
	Timezone              string          `json:"timezone"`
	Features              Features        `json:"features"`
	Status                string          `json:"status"`
	ContextInfo           *string         `json:"context_info"`
	URLContext            *string         `json:"url_context"`
	EmailPlatform         string          `json:"email_platform"`
	EmailCredentials      json.RawMessage `json:"email_credentials"`
	CachedUserCount       int64           `json:"cached_user_count"`
	CachedEventCount      int64           `json:"cached_event_count"`
	CachedLastEvent       Time            `json:"cached_last_event" nullable:"true"`
	StatsLastUpdated      Time            `json:"stats_last_updated" nullable:"true"`
	WebhookURL            *string         `json:"webhook_url"`
	WebhookEnabled        bool            `json:"webhook_enabled"`
	WebhookUseQueryParams bool            `json:"webhook_use_query_params"`
	AuthorizedDomains     []string        `json:"authorized_domains"`
	RateLimit             *RateLimit      `json:"rate_limit" doc:"How often the app's endpoints may be called, all together; null for no bound"`
	Capabilities          []string        `json:"capabilities" doc:"Groups of data operations that the app's modules may use; in the environment development they may use all"`
	AllowedHosts          []string        `json:"allowed_hosts" doc:"Hosts that the app's modules may send requests to: names, *.example.com for all below one, * for all; with a port unless it is 80 or 443"`

	// Revision counts the changes of the app; it is the ETag, not a field.
	Revision int64 `json:"-"`
	// ActiveRelease is the number of the release in use, 0 before the first.
	ActiveRelease int `json:"-"`
}

// Features are the switches every app has; new apps have them all on.
type Features struct {
	Push       bool `json:"push"`
	Analytics  bool `json:"analytics"`
	Audiences  bool `json:"audiences"`
	AIInsights bool `json:"ai_insights"`
}

// AppStore keeps apps. Errors: CodeNotFound with the text "App not found",
// CodeConflict for a name taken in its environment or a domain taken anywhere.
type AppStore interface {
	// CreateApp stores a new app. It gives app its Slug, unique in the
	// environment, and its Revision.
	CreateApp(ctx context.Context, app *App) error
	// App finds an app by its id, its slug (in production) or
	// "slug@environment".
	App(ctx context.Context, ref string) (*App, error)
	// Apps lists the apps of some environments, nil for all, newest first,
	// with their number.
	Apps(ctx context.Context, environments []string, page Page) ([]*App, int, error)
	// UpdateApp reads the app, lets change alter or refuse it, and stores the
	// result, all in one transaction. Read-only fields keep their values.
	UpdateApp(ctx context.Context, id string, change func(*App) error) (*App, error)
	// DeleteApp removes the app and everything that belongs to it, unless one
	// of checks refuses, in the same transaction.
	DeleteApp(ctx context.Context, id string, checks ...func(*App) error) error
}

// NewApp returns an app with every default of a new one, fresh keys and no
// name yet.
func NewApp(organizationID string) *App {
	now := Now()
	return &App{
		ID: NewID(), OrganizationID: organizationID,
		Domains: []string{}, AuthorizedDomains: []string{},
		EngagementPlatform: "none", EmailPlatform: "none",
		APIKey: "ak_" + randomHex(16), APISecret: "as_" + randomHex(28),
		CreatedAt: now, UpdatedAt: now,
		Platform: "web", Environment: Production, Status: AppActive,
		DataRetentionDays: DefaultRetentionDays, Timezone: "UTC",
		Features:     Features{Push: true, Analytics: true, Audiences: true, AIInsights: true},
		Capabilities: []string{}, AllowedHosts: []string{},
	}
}

// Groups of data operations.
const (
	CapabilityBasic   = "basic" // needs no grant: it reaches nothing but its own request
	CapabilityObjects = "objects"
	CapabilityHTTP    = "http"
	CapabilityJWT     = "jwt"
	CapabilitySecrets = "secrets"
)

// Capabilities lists the groups of data operations that modules may use only if
// their app grants them.
var Capabilities = []string{CapabilityObjects, CapabilityHTTP, CapabilityJWT, CapabilitySecrets}

// Grants reports whether the app's modules may use a group of data operations.
func (a *App) Grants(group string) bool {
	return a.Environment == Development || slices.Contains(a.Capabilities, group)
}

// Masked is a copy without the secrets that only admins may read: of api_secret
// the prefix is left, of credentials the names.
func (a *App) Masked() *App {
	masked := *a
	masked.APISecret = "as_" + mask
	masked.EngagementCredentials, masked.EmailCredentials = maskObject(a.EngagementCredentials), maskObject(a.EmailCredentials)
	return &masked
}

// mask stands for a secret.
const mask = "********"

// maskObject replaces the values of a JSON object; nil stays.
func maskObject(raw json.RawMessage) json.RawMessage {
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return nil
	}
	for name := range members {
		members[name] = mask
	}
	masked, err := json.Marshal(members)
	if err != nil {
		panic(err) // names and one text
	}
	return masked
}

// randomHex returns n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Validate checks every writable field. The error is a CodeInvalid that names
// the first field at fault and its rule.
func (a *App) Validate() error {
	if n := utf8.RuneCountInString(a.Name); n < 1 || n > 100 || strings.TrimSpace(a.Name) == "" {
		return Errorf(CodeInvalid, "App name is required and must be 1-100 characters")
	}
	for _, text := range []struct {
		field string
		value *string
		limit int
	}{{"description", a.Description, 500}, {"context_info", a.ContextInfo, 2000}} {
		if text.value != nil && utf8.RuneCountInString(*text.value) > text.limit {
			return Errorf(CodeInvalid, "%s must be at most %d characters", text.field, text.limit)
		}
	}
	for _, link := range []struct {
		field string
		value *string
	}{{"website_url", a.WebsiteURL}, {"webhook_url", a.WebhookURL}} {
		if link.value != nil && !validURL(*link.value) {
			return Errorf(CodeInvalid, "%s must be a valid URL that starts with http:// or https://", link.field)
		}
	}
	if a.DataRetentionDays < MinRetentionDays || a.DataRetentionDays > MaxRetentionDays {
		return Errorf(CodeInvalid, "data_retention_days must be between %d and %d", MinRetentionDays, MaxRetentionDays)
	}
	if !slices.Contains(Environments, a.Environment) {
		return Errorf(CodeInvalid, "environment must be one of %s", strings.Join(Environments, ", "))
	}
	if err := a.RateLimit.Validate(); err != nil {
		return err
	}
	for _, group := range a.Capabilities {
		if !slices.Contains(Capabilities, group) {
			return Errorf(CodeInvalid, "capabilities must be among %s, not %q", strings.Join(Capabilities, ", "), group)
		}
	}
	if len(a.AllowedHosts) > maxAllowedHosts {
		return Errorf(CodeInvalid, "allowed_hosts must be at most %d", maxAllowedHosts)
	}
	for _, entry := range a.AllowedHosts {
		if !validAllowedHost(entry) {
			return Errorf(CodeInvalid, "allowed_hosts must hold hosts such as api.example.com, *.example.com, api.example.com:8443, 192.0.2.1, [2001:db8::1] or *, not %q", entry)
		}
	}
	return a.validateChannels()
}

// maxAllowedHosts bounds the hosts that an app's modules may send requests to.
const maxAllowedHosts = 200

// validAllowedHost accepts a host name, the same behind "*.", "*" and addresses,
// all with an optional port.
func validAllowedHost(entry string) bool {
	name := entry
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && !strings.HasSuffix(entry, "]") {
		port, err := parsePositive(entry[i+1:])
		if err != nil || port > 65535 {
			return false
		}
		name = entry[:i]
	}
	if address, ok := strings.CutPrefix(name, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(address, "]"))
		return err == nil && ip.Is6() && ip.Zone() == "" && strings.HasSuffix(name, "]")
	}
	return name == "*" || validHostName(strings.TrimPrefix(name, "*."))
}

// validateChannels checks the fields that tie the app to the outside.
func (a *App) validateChannels() error {
	if a.EngagementPlatform != "none" && a.EngagementPlatform != "wonderpush" {
		return Errorf(CodeInvalid, "engagement_platform must be one of none, wonderpush")
	}
	if a.EmailPlatform != "none" && a.EmailPlatform != "brevo" {
		return Errorf(CodeInvalid, "email_platform must be one of none, brevo")
	}
	for field, value := range map[string]json.RawMessage{
		"engagement_credentials": a.EngagementCredentials, "email_credentials": a.EmailCredentials,
	} {
		if value != nil && !isObject(value) {
			return Errorf(CodeInvalid, "%s must be an object", field)
		}
	}
	if a.WebhookEnabled && a.WebhookURL == nil {
		return Errorf(CodeInvalid, "webhook_enabled needs a webhook_url")
	}
	for _, d := range a.AuthorizedDomains {
		if !validAuthorizedDomain(d) {
			return Errorf(CodeInvalid, "authorized_domains must hold domains such as example.com or *.example.com, not %q", d)
		}
	}
	for _, d := range a.Domains {
		if err := ValidateDomain(d); err != nil {
			return err
		}
	}
	return nil
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && len(s) <= 2048 &&
		!strings.ContainsFunc(s, unicode.IsSpace)
}

// isObject reports whether raw, which is valid JSON, is an object.
func isObject(raw json.RawMessage) bool {
	return len(raw) > 0 && raw[0] == '{'
}

// validAuthorizedDomain accepts a host name with an optional port, the same
// behind "*.", and a full http or https origin.
func validAuthorizedDomain(s string) bool {
	name := s
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if scheme != "http" && scheme != "https" {
			return false
		}
		name = rest
	} else {
		name = strings.TrimPrefix(name, "*.")
	}
	if host, port, ok := strings.Cut(name, ":"); ok {
		if port == "" || strings.Trim(port, "0123456789") != "" || len(port) > 5 {
			return false
		}
		name = host
	}
	return validHostName(name)
}

// ValidateDomain checks one of an app's own domains, already in its ASCII,
// lower-case form. The error is a CodeInvalid with the rule.
func ValidateDomain(name string) error {
	_, notIP := netip.ParseAddr(name)
	if !validHostName(name) || name == "localhost" || notIP == nil || strings.HasSuffix(name, ".localhost") || !strings.ContainsFunc(name, unicode.IsLetter) {
		return Errorf(CodeInvalid, "domains must hold host names such as api.example.com, without a port or trailing dot, and neither an IP address nor localhost; %q is none", name)
	}
	return nil
}

// validHostName checks letters, digits, hyphens and label lengths (RFC 1123).
func validHostName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}

// Slug makes the path name of an app from its name: lower-case ASCII letters,
// digits and single hyphens, at most 63 characters, never shaped like an id.
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			gap = false
			continue
		}
		gap = true
	}
	slug := b.String()
	if len(slug) > 63 {
		slug = strings.TrimRight(slug[:63], "-")
	}
	if slug == "" || IsID(slug) {
		slug = strings.TrimRight("app-"+slug, "-")
	}
	return slug
}
