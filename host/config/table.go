package config

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/posternhq/postern/host"
)

// envPrefix starts the variable of every setting.
const envPrefix = "POSTERN_"

// setting is one row of the table.
type setting struct {
	name    string // of the flag and of the key in the file
	initial string // default, in the form a user would write
	help    string
	secret  bool // only from the environment: flags show in process lists
	kind
}

// variable is the environment variable of the setting.
func (s setting) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// table is every setting there is. Flags, environment, file and documentation
// all follow from it.
var table = []setting{
	{name: "data", initial: "./data", help: "Directory of the database, the keys and the cache",
		kind: text(func(c *Config) *string { return &c.Data }, checkAny)},
	{name: "listen", initial: "127.0.0.1:8080", help: "Address and port to serve HTTP on",
		kind: text(func(c *Config) *string { return &c.Listen }, checkListen)},
	{name: "management-listen", help: "Address and port of their own for the management API, its reference and health; `listen` then serves apps and the public keys of tokens",
		kind: text(func(c *Config) *string { return &c.ManagementListen }, checkListen)},
	{name: "tls-cert", help: "PEM file of the TLS certificate and its chain; with it every address speaks HTTPS only; read again when it changes, within a second, and on SIGHUP",
		kind: text(func(c *Config) *string { return &c.TLSCert }, checkAny)},
	{name: "tls-key", help: "PEM file of the certificate's private key",
		kind: text(func(c *Config) *string { return &c.TLSKey }, checkAny)},
	{name: "database-url", help: "PostgreSQL database (`postgres://…`) instead of SQLite in the data directory; needs `POSTERN_MASTER_KEY`; a URL with a password belongs in the environment, because flags show in process lists",
		kind: secret(func(c *Config) *Secret { return &c.DatabaseURL }, checkDatabaseURL)},
	{name: "public-host", help: "Host name that modules see as `fqdn` under `/run/`; without it the host of `listen`, or `localhost` when that is every address",
		kind: text(func(c *Config) *string { return &c.PublicHost }, checkHost)},
	{name: "management-hosts", help: "The only host names that answer the management API; without it every host that is no app's domain does",
		kind: list(func(c *Config) *[]string { return &c.ManagementHosts }, checkHost)},
	{name: "trusted-proxies", help: "Addresses and CIDR ranges of reverse proxies; a request from one of them comes from where its `X-Forwarded-For` or `Forwarded` header says, and nobody else's headers count",
		kind: list(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies }, checkRange)},
	{name: "max-response-bytes", initial: fmt.Sprint(host.DefaultResponseBytes), help: "Largest response of a module, in bytes",
		kind: number(func(c *Config) *int64 { return &c.MaxResponseBytes }, 1, host.MaxResponseBytes)},
	{name: "max-module-bytes", initial: fmt.Sprint(host.DefaultModuleBytes), help: "Largest upload of a module, in bytes",
		kind: number(func(c *Config) *int64 { return &c.MaxModuleBytes }, 1, host.MaxModuleBytes)},
	{name: "max-concurrency", initial: "0", help: "Invocations that run at once, the rest wait in the queue; 0 is eight per processor core",
		kind: number(func(c *Config) *int64 { return &c.MaxConcurrency }, 0, 10_000)},
	{name: "max-queue", initial: "0", help: "Invocations that wait, beyond it the answer is 503; 0 is four for each that runs",
		kind: number(func(c *Config) *int64 { return &c.MaxQueue }, 0, 100_000)},
	{name: "engine-memory", initial: "512MiB", help: "Memory for compiled modules, and as much again for instances that wait for a call; what was used least recently is given up and loaded again from the cache when it is needed",
		kind: size(func(c *Config) *int64 { return &c.EngineMemory }, 16<<20, 1<<40)},
	{name: "max-operations", initial: "1000", help: "Data operations that one invocation may carry out",
		kind: number(func(c *Config) *int64 { return &c.MaxOperations }, 1, 100_000)},
	{name: "max-requests", initial: "50", help: "Requests that one invocation may send outside",
		kind: number(func(c *Config) *int64 { return &c.MaxRequests }, 1, 10_000)},
	{name: "outbound-private", initial: "false", help: "Let requests to addresses that admins and modules choose reach private and loopback networks too, not only the public internet",
		kind: yesNo(func(c *Config) *bool { return &c.OutboundPrivate })},
	{name: "outbound-networks", help: "Addresses and CIDR ranges that such requests may reach beside the public internet, without those that clouds tell their machines' secrets at",
		kind: list(func(c *Config) *[]netip.Prefix { return &c.OutboundNetworks }, checkRange)},
	{name: "app-records", initial: "1000000", help: "Records that an app may have, in all its objects",
		kind: number(func(c *Config) *int64 { return &c.AppRecords }, 1, 1<<40)},
	{name: "app-record-bytes", initial: "1GiB", help: "Bytes that the documents of an app's records may have together",
		kind: size(func(c *Config) *int64 { return &c.AppRecordBytes }, 1<<10, 1<<50)},
	{name: "audit-days", initial: "365", help: "Days that the audit log is kept",
		kind: number(func(c *Config) *int64 { return &c.AuditDays }, 1, 36_500)},
	{name: "log-level", initial: "info", help: "Least important log lines to write",
		kind: level()},
	{name: "log-format", initial: LogText, help: "Form of the log on standard error",
		kind: choice(func(c *Config) *string { return &c.LogFormat }, LogText, LogJSON)},
	{name: "shutdown-timeout", initial: "15s", help: "How long requests under way may take to finish after SIGINT or SIGTERM",
		kind: duration()},
	{name: "admin-key", secret: true, help: "Organization API key to create the organization with at the first start (`apps_` and 64 hexadecimal digits); without it one is drawn and printed",
		kind: secret(func(c *Config) *Secret { return &c.AdminKey }, checkAdminKey)},
	{name: "master-key", secret: true, help: "Key that seals secrets at rest (64 hexadecimal digits); required with `database-url`; without it `master.key` in the data directory, made at the first start",
		kind: secret(func(c *Config) *Secret { return &c.MasterKey }, checkMasterKey)},
}

// Markdown renders the table of settings for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Flag and key | Environment | Default | Meaning |\n|---|---|---|---|\n")
	for _, s := range table {
		flag, initial, help := "`--"+s.name+"`", "–", s.help
		if s.secret {
			flag = "–"
		}
		if s.initial != "" {
			initial = "`" + s.initial + "`"
		}
		if s.rule != "" {
			help += " (" + s.rule + ")"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", flag, s.variable(), initial, help)
	}
	return b.String()
}
