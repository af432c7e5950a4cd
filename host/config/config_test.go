package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/config"
)

// files is a file system in memory.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// faults returns the faults of err as lines.
func faults(t *testing.T, err error) []string {
	t.Helper()
	var all *config.Error
	if !errors.As(err, &all) {
		t.Fatalf("error is %v, want a *config.Error", err)
	}
	lines := []string{}
	for _, f := range all.Faults {
		lines = append(lines, f.String())
	}
	return lines
}

const (
	adminKey  = "apps_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	masterKey = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
)

func TestLoad_Defaults(t *testing.T) {
	t.Parallel()
	got, err := config.Load(nil, nil, files{}.read)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Data: "./data", Listen: "127.0.0.1:8080", PublicHost: "127.0.0.1",
		MaxResponseBytes: host.DefaultResponseBytes, MaxModuleBytes: host.DefaultModuleBytes,
		EngineMemory: 512 << 20, AuditDays: 365, MaxOperations: 1000, MaxRequests: 50, AppRecords: 1_000_000, AppRecordBytes: 1 << 30,
		LogLevel: slog.LevelInfo, LogFormat: config.LogText, ShutdownTimeout: 15 * time.Second,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_Strength(t *testing.T) {
	t.Parallel()
	disk := files{"postern.yaml": "listen: :1\nmax-queue: 1\nlog-level: debug # loud\nmanagement-hosts:\n  - A.example.com\n  - 10.0.0.1\n"}
	env := []string{"POSTERN_LISTEN=:2", "POSTERN_MAX_QUEUE=2", "POSTERN_CONFIG=postern.yaml", "POSTERN_LOG_FORMAT=", "LISTEN=:9"}
	got, err := config.Load([]string{"--listen", ":3"}, env, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != ":3" || got.MaxQueue != 2 || got.LogLevel != slog.LevelDebug || got.LogFormat != config.LogText {
		t.Errorf("got %v: a flag must win over the environment, that over the file, that over the default", got)
	}
	if diff := cmp.Diff([]string{"a.example.com", "10.0.0.1"}, got.ManagementHosts); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_ListFlagRepeats(t *testing.T) {
	t.Parallel()
	got, err := config.Load([]string{"--management-hosts=a.example.com, b.example.com", "--management-hosts=[::1]"}, nil, files{}.read)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.example.com", "b.example.com", "[::1]"}, got.ManagementHosts); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_TrustedProxies(t *testing.T) {
	t.Parallel()
	disk := files{"postern.yaml": "trusted-proxies:\n  - 10.0.0.7/8\n  - 2001:db8::1\n  - ::ffff:192.0.2.1\n"}
	got, err := config.Load([]string{"--config=postern.yaml"}, nil, disk.read)
	if err != nil {
		t.Fatal(err)
	}
	if shown := fmt.Sprint(got.TrustedProxies); shown != "[10.0.0.0/8 2001:db8::1/128 192.0.2.1/32]" {
		t.Errorf("got %s", shown)
	}
	if !strings.Contains(got.String(), "trusted-proxies=10.0.0.0/8,2001:db8::1/128,192.0.2.1/32") {
		t.Errorf("%s does not show them", got)
	}
	for _, bad := range []string{"proxy.example.com", "10.0.0.1:80", "fe80::1%eth0", "10.0.0.0/33", "10.0.0.1,,10.0.0.2"} {
		if _, err := config.Load([]string{"--trusted-proxies", bad}, nil, disk.read); err == nil || !strings.Contains(err.Error(), "trusted-proxies") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLoad_PublicHost(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		":80": "localhost", "0.0.0.0:80": "localhost", "[::]:80": "localhost",
		"10.1.2.3:80": "10.1.2.3", "[::1]:80": "[::1]", "API.example.com:80": "api.example.com",
	} {
		got, err := config.Load([]string{"--listen", listen}, nil, files{}.read)
		if err != nil || got.PublicHost != want {
			t.Errorf("listen %s: public host %q, %v; want %q", listen, got.PublicHost, err, want)
		}
	}
	got, err := config.Load([]string{"--public-host", "Run.Example.com"}, nil, files{}.read)
	if err != nil || got.PublicHost != "run.example.com" {
		t.Errorf("public host %q, %v", got.PublicHost, err)
	}
}

func TestLoad_Size(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"16MiB": 16 << 20, "3 GiB": 3 << 30, "16777217": 16<<20 + 1, "1TiB": 1 << 40, "20000KiB": 20_000 << 10,
		// Too small, too large, malformed.
		"16777215": 0, "15MiB": 0, "2TiB": 0, "9007199254740993GiB": 0, "-1GiB": 0, "1GB": 0, "MiB": 0, "0": 0, "1.5GiB": 0,
	} {
		got, err := config.Load([]string{"--engine-memory", text}, nil, files{}.read)
		if (err != nil) != (want == 0) || got.EngineMemory != want {
			t.Errorf("%s: %d, %v; want %d", text, got.EngineMemory, err, want)
		}
	}
	got, err := config.Load([]string{"--engine-memory=1536MiB"}, nil, files{}.read)
	if err != nil || !strings.Contains(got.String(), "engine-memory=1536MiB") {
		t.Errorf("shown as %s, %v", got, err)
	}
}

func TestLoad_AllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	disk := files{"p.yaml": "max-queue: -1\nlissten: :1\nlog-format: xml\nmaster-key: abc\nlog-format: text\ndata: {a: b}\n"}
	env := []string{"POSTERN_LOG_LEVEL=loud", "POSTERN_ADMIN_KEY=apps_hunter2", "POSTERN_DATABASE_URL=mysql://u:hunter2@h/db"}
	_, err := config.Load([]string{"--config=p.yaml", "--listen=8080", "--shutdown-timeout=1h", "--max-module-bytes=999999999999"}, env, disk.read)
	want := []string{
		"lissten (p.yaml:2) is no setting",
		"master-key (p.yaml:4) is a secret: give it as POSTERN_MASTER_KEY",
		"log-format (p.yaml:5) is given twice",
		"data (p.yaml:6) must be a plain value",
		`listen (flag --listen) must be an address and a port such as 127.0.0.1:8080 or :8080, not "8080"`,
		"database-url (POSTERN_DATABASE_URL) must be a URL such as postgres://user@host:5432/name",
		`max-module-bytes (flag --max-module-bytes) must be a number from 1 to 268435456, not "999999999999"`,
		`max-queue (p.yaml:1) must be a number from 0 to 100000, not "-1"`,
		`log-level (POSTERN_LOG_LEVEL) must be one of debug, info, warn, error, not "loud"`,
		`log-format (p.yaml:3) must be one of text, json, not "xml"`,
		`shutdown-timeout (flag --shutdown-timeout) must be a duration such as 15s, at most 10m, not "1h"`,
		"admin-key (POSTERN_ADMIN_KEY) must be apps_ and 64 hexadecimal digits",
		"master-key (POSTERN_MASTER_KEY) is required with database-url: hosts that share a database share the key",
	}
	if diff := cmp.Diff(want, faults(t, err)); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestLoad_TLS(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--tls-cert=a", "--tls-key=a"} {
		_, err := config.Load([]string{arg}, nil, files{}.read)
		if diff := cmp.Diff([]string{"tls-cert (with tls-key) must be given together with it, or both left out"}, faults(t, err)); diff != "" {
			t.Error(diff)
		}
	}
	got, err := config.Load([]string{"--tls-cert=a", "--tls-key=b", "--management-listen=:9000"}, nil, files{}.read)
	if err != nil || got.TLSCert != "a" || got.TLSKey != "b" || got.ManagementListen != ":9000" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLoad_UnreadableSources(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"missing file":    {[]string{"--config=none.yaml"}, "none.yaml: cannot be read: file does not exist"},
		"no mapping":      {[]string{"--config=list.yaml"}, "list.yaml: must hold lines such as “listen: 127.0.0.1:8080”"},
		"unknown flag":    {[]string{"--lissten=:1"}, "flags: unknown flag: --lissten"},
		"secret as flag":  {[]string{"--master-key=" + masterKey}, "flags: unknown flag: --master-key"},
		"stray argument":  {[]string{"now"}, `flags: unexpected argument "now"`},
		"empty file":      {[]string{"--config=empty.yaml"}, ""},
		"only a comment":  {[]string{"--config=comment.yaml"}, ""},
		"nothing but nul": {[]string{"--config=null.yaml"}, ""},
	} {
		disk := files{"list.yaml": "- a\n", "empty.yaml": "", "comment.yaml": "# nothing\n", "null.yaml": "listen:\n"}
		_, err := config.Load(test.args, nil, disk.read)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if diff := cmp.Diff([]string{test.want}, faults(t, err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	_, err := config.Load([]string{"--config=bad.yaml"}, nil, files{"bad.yaml": "listen: [\n"}.read)
	if got := faults(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "bad.yaml: is not valid YAML: ") {
		t.Errorf("bad YAML: %q", got)
	}
}

func TestConfig_SecretsNeverShow(t *testing.T) {
	t.Parallel()
	const url = "postgres://postern:hunter2@db/postern?sslmode=disable"
	c, err := config.Load(nil, []string{"POSTERN_DATABASE_URL=" + url, "POSTERN_ADMIN_KEY=" + adminKey, "POSTERN_MASTER_KEY=" + masterKey}, files{}.read)
	if err != nil {
		t.Fatal(err)
	}
	if string(c.DatabaseURL) != url || string(c.AdminKey) != adminKey || string(c.MasterKey) != masterKey {
		t.Fatal("the secrets did not arrive")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "key", c.MasterKey)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %s %s", c, c, c, c, log.String(), encoded)
	for _, secret := range []string{"hunter2", adminKey[5:], masterKey} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s shows in %s", secret, shown)
		}
	}
	if !strings.Contains(c.String(), "listen=127.0.0.1:8080") || !strings.Contains(log.String(), `"listen":"127.0.0.1:8080"`) {
		t.Errorf("settings that are no secrets must show: %s, %s", c, log.String())
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	table := config.Markdown()
	for _, want := range []string{
		"| `--listen` | `POSTERN_LISTEN` | `127.0.0.1:8080` |",
		"| – | `POSTERN_MASTER_KEY` | – |",
		"(1 to 268435456)",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	config.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "config" && !strings.Contains(table, "| `--"+f.Name+"` |") {
			t.Errorf("the table lacks the flag --%s", f.Name)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: :1\n", ":2", ":3")
	f.Add("management-hosts: [a, b]\n", "", "a.b")
	f.Add("data: &x y\nlisten: *x\n<<: {a: 1}\n", "", "")
	f.Add("- a\n---\nlisten: |\n  x\n", "", "")
	f.Fuzz(func(t *testing.T, file, variable, flag string) {
		_, err := config.Load([]string{"--config=f", "--listen", flag}, []string{"POSTERN_MAX_QUEUE=" + variable}, files{"f": file}.read)
		if err != nil && len(faults(t, err)) == 0 {
			t.Error("an error without a fault")
		}
	})
}

// TestLoad_YesNo covers the forms of a setting that is on or off.
func TestLoad_YesNo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args, env []string
		file      string
		want      bool
	}{
		{nil, nil, "", false},
		{[]string{"--outbound-private"}, nil, "", true},
		{[]string{"--outbound-private=false"}, []string{"POSTERN_OUTBOUND_PRIVATE=true"}, "", false},
		{nil, []string{"POSTERN_OUTBOUND_PRIVATE=1"}, "", true},
		{[]string{"--config=p.yaml"}, nil, "outbound-private: true", true},
	} {
		got, err := config.Load(tt.args, tt.env, files{"p.yaml": tt.file}.read)
		if err != nil || got.OutboundPrivate != tt.want {
			t.Errorf("%v %v %q: %v, %v", tt.args, tt.env, tt.file, got.OutboundPrivate, err)
		}
	}
	if _, err := config.Load([]string{"--outbound-private=maybe"}, nil, files{}.read); err == nil || !strings.Contains(err.Error(), `must be true or false, not "maybe"`) {
		t.Error(err)
	}
}
