package admin_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin"
	"github.com/posternhq/postern/host/auth"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/gateway"
	"github.com/posternhq/postern/host/limit"
	"github.com/posternhq/postern/host/schema"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/server"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// maxModule is small, so that a test can pass it.
const maxModule = 1 << 20

// bundle is a whole host on loopback, with a database of its own.
type bundle struct {
	t    *testing.T
	base string
	key  string
	db   *store.DB
	// limits writes what it counted when it is closed.
	limits *limit.Limiter
	// whileStarting runs whenever a module is about to be started.
	whileStarting func()
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return setupOn(t, store.Config{})
}

// onDatabases runs a test on each kind of database.
func onDatabases(t *testing.T, test func(t *testing.T, b *bundle)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, setup(t))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, setupOn(t, store.Config{URL: storetest.Postgres(t)}))
	})
}

// setupOn is setup with a configuration of the store.
func setupOn(t *testing.T, c store.Config) *bundle {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	sealer, err := seal.New(make([]byte, 32))
	check(t, err)
	c.Dir, c.Sealer = t.TempDir(), sealer
	db, err := store.Open(ctx, c)
	check(t, err)
	e, err := engine.Open(ctx, engine.Config{CacheDir: t.TempDir(), Concurrency: 4, Queue: 4, Operations: object.Operations, Log: log})
	check(t, err)
	recorder := gateway.NewRecorder(db, log)
	limits := limit.New(limit.Config{Store: db, Log: log})
	key := host.NewOrganizationKey()
	_, err = db.CreateOrganization(ctx, &host.Organization{
		ID: host.NewID(), Name: "Test", APIKeyEnabled: true, KeyHash: host.HashSecret(key), CreatedAt: host.Now(), UpdatedAt: host.Now(),
	})
	check(t, err)
	_, err = db.AddSigningKey(ctx, host.NewSigningKey(), true)
	check(t, err)
	g := gateway.New(gateway.Config{
		Store: db, Credentials: auth.NewTable(nil), Limits: limits, Engine: e, Recorder: recorder, Log: log,
		PublicHost: "localhost", MaxResponseBytes: 1 << 20, StatusOf: func(host.Code) int { return 0 },
	})
	check(t, g.Refresh(ctx))
	b := &bundle{t: t, key: key, db: db, limits: limits, whileStarting: func() {}}
	api := admin.New(admin.Config{
		Store: db, Invocations: recorder, Credentials: g.Credentials, Refresh: g.Refresh, Check: e.Check,
		Warm: func(ctx context.Context, app *host.App, e *host.Endpoint) error {
			b.whileStarting()
			return g.Warm(ctx, app, e)
		},
		Unwrap:         func(upload []byte) ([]byte, error) { u, err := engine.Unwrap(upload); return u.Wasm, err },
		CheckSchema:    func(raw json.RawMessage) error { _, err := schema.Compile(raw); return err },
		SaveKey:        func(string) {},
		MaxModuleBytes: maxModule, ManagementHosts: []string{"manage.example.com"}, Log: log,
		Managed: limits.Managed,
		Failed: func(client netip.Addr) (int64, error) {
			standing, err := limits.Failed(client)
			return standing.RetryAfter, err
		},
	})
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	front := server.New(server.Config{Gateway: g, Mount: api.Mount, TrustedProxies: loopback, MaxManagementBytes: admin.MaxArchiveBytes(maxModule)})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- front.Serve(listener) }()
	t.Cleanup(func() {
		check(t, front.Shutdown(ctx))
		check(t, <-served)
		limits.Close()
		recorder.Close()
		check(t, e.Close(ctx))
		check(t, db.Close())
	})
	b.base = "http://" + listener.Addr().String()
	return b
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a decoded JSON answer.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

// text walks into the body by keys and returns what is there, as JSON text;
// strings come without quotes.
func (a answer) text(keys ...string) string {
	var at any = a.body
	for _, key := range keys {
		object, ok := at.(map[string]any)
		if !ok {
			return "<none>"
		}
		if at, ok = object[key]; !ok {
			return "<none>"
		}
	}
	if s, ok := at.(string); ok {
		return s
	}
	b, _ := json.Marshal(at)
	return string(b)
}

// do sends a request with the organization key; headers are name, value pairs
// that win over the defaults.
func (b *bundle) do(method, path, body string, headers ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	check(b.t, err)
	r.Header.Set("X-API-Key", b.key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	check(b.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	check(b.t, err)
	a := answer{status: response.StatusCode, header: response.Header, raw: raw}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		_ = decoder.Decode(&a.body)
	}
	return a
}

// want fails the test unless the answer has the status, and for an error the
// text and the shape of every error.
func (b *bundle) want(a answer, status int, text string) answer {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	if status >= 400 {
		if !strings.Contains(a.text("error"), text) || a.text("code") == "<none>" || a.text("request_id") != a.header.Get("X-Request-Id") {
			b.t.Errorf("%d %s, want an error with %q", a.status, a.raw, text)
		}
	} else if a.body != nil && a.text("success") != "true" {
		b.t.Errorf("no success: %s", a.raw)
	}
	return a
}

// newApp creates an app and returns its path.
func (b *bundle) newApp(name string) string {
	b.t.Helper()
	a := b.want(b.do("POST", "/v1/apps", `{"name":"`+name+`"}`), 201, "")
	return "/v1/apps/" + a.text("app", "id")
}

// upload sends one of the engine's guests as a module of the app.
func (b *bundle) upload(app, name, guest string) answer {
	b.t.Helper()
	wasm, err := os.ReadFile("../engine/testdata/" + guest + ".wasm")
	check(b.t, err)
	return b.do("POST", app+"/modules?name="+name, string(wasm), "Content-Type", "application/wasm")
}

// decodePart returns a part of a JWT as JSON with its names in order.
func decodePart(t *testing.T, part string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	check(t, err)
	var claims map[string]json.RawMessage
	check(t, json.Unmarshal(raw, &claims))
	sorted, err := json.Marshal(claims)
	check(t, err)
	return string(sorted)
}

// verify checks the signature of a JWT.
func verify(t *testing.T, key ed25519.PublicKey, parts []string) bool {
	t.Helper()
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	check(t, err)
	return ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature)
}
