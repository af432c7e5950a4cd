package config

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Config is the whole configuration of a server. Every field comes from the
// setting of the same name; see Markdown for their meaning.
type Config struct {
	Data             string
	Listen           string // host:port; port 0 lets the system choose
	ManagementListen string // the same, or "" for Listen
	TLSCert, TLSKey  string // files; both or neither
	DatabaseURL      Secret // may hold a password; "" is SQLite in Data
	PublicHost       string // lower case, without a port
	ManagementHosts  []string
	TrustedProxies   []netip.Prefix
	MaxResponseBytes int64
	MaxModuleBytes   int64
	MaxConcurrency   int64
	MaxQueue         int64
	EngineMemory     int64 // bytes
	OutboundPrivate  bool
	OutboundNetworks []netip.Prefix
	LogLevel         slog.Level
	LogFormat        string // text or json
	ShutdownTimeout  time.Duration
	AuditDays        int64
	AppRecords       int64
	MaxOperations    int64
	MaxRequests      int64
	AppRecordBytes   int64

	AdminKey  Secret // "apps_" and 64 hexadecimal digits, or ""
	MasterKey Secret // 64 hexadecimal digits, or ""
}

// Formats of the log.
const (
	LogText = "text"
	LogJSON = "json"
)

// Secret is a text that never appears when it is printed, logged or encoded.
// Convert it to a string to use it.
type Secret string

// String is "" for no secret and "[secret]" for any other.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString keeps %#v from showing the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps slog from showing the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps encoders from showing the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is every setting but the secrets.
func (c Config) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, len(table))
	for _, s := range table {
		attrs = append(attrs, slog.String(s.name, s.show(&c)))
	}
	return slog.GroupValue(attrs...)
}

// String is one "name=value" for each setting, without the secrets.
func (c Config) String() string {
	parts := make([]string, 0, len(table))
	for _, s := range table {
		parts = append(parts, s.name+"="+s.show(&c))
	}
	return strings.Join(parts, " ")
}

// settle derives what was not given from what was.
func (c *Config) settle() {
	if c.PublicHost != "" {
		return
	}
	name, _, err := net.SplitHostPort(c.Listen)
	ip, notIP := netip.ParseAddr(name)
	switch {
	case err != nil, name == "", notIP == nil && ip.IsUnspecified():
		name = "localhost"
	case notIP == nil:
		name = bracketed(ip)
	}
	c.PublicHost = strings.ToLower(name)
}
