package secret_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/secret"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// guest does what a module of an app could.
type guest struct {
	t    *testing.T
	db   *store.DB
	app  *host.App
	call *capability.Call
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, g *guest)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, newGuest(t, store.Config{Dir: t.TempDir()}))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newGuest(t, store.Config{URL: storetest.Postgres(t)}))
	})
}

func newGuest(t *testing.T, c store.Config) *guest {
	t.Helper()
	var err error
	if c.Sealer, err = seal.New(seal.NewKey()); err != nil {
		t.Fatal(err)
	}
	g := &guest{t: t}
	if g.db, err = store.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.db.Close(); err != nil {
			t.Error(err)
		}
	})
	org := &host.Organization{ID: host.NewID(), Name: "Example", CreatedAt: host.Now(), UpdatedAt: host.Now()}
	if _, err = g.db.CreateOrganization(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	g.app = g.newApp(org.ID, "Example")
	g.begin(g.app, false)
	return g
}

func (g *guest) newApp(organizationID, name string) *host.App {
	g.t.Helper()
	app := host.NewApp(organizationID)
	app.Name = name
	if err := g.db.CreateApp(g.t.Context(), app); err != nil {
		g.t.Fatal(err)
	}
	return app
}

// begin begins an invocation of an app.
func (g *guest) begin(app *host.App, atomic bool) *capability.Session {
	g.call = &capability.Call{
		Granted: func(group string) bool { return group == host.CapabilitySecrets },
		Data:    capability.NewSession(context.Background(), g.db, app.ID, atomic),
		Secrets: func(ctx context.Context, name string) (string, error) {
			return g.db.SecretValue(ctx, app.ID, name)
		},
	}
	return g.call.Data
}

// do carries out an operation.
func (g *guest) do(name, request string) string {
	g.t.Helper()
	for i := range secret.Operations {
		if op := &secret.Operations[i]; op.Name == name {
			return string(op.Do(g.t.Context(), g.call, []byte(request)))
		}
	}
	g.t.Fatalf("there is no operation %q", name)
	return ""
}

// put puts a value and returns its key.
func (g *guest) put(request string) (key string, expires time.Time) {
	g.t.Helper()
	var answer struct {
		Key       string    `json:"key"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	out := g.do("secure_put", request)
	if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Key) != len(host.SecureKeyPrefix)+64 {
		g.t.Fatalf("%s: got %s", request, out)
	}
	return answer.Key, answer.ExpiresAt
}

// get is the answer for a key.
func (g *guest) get(key string) string {
	g.t.Helper()
	return g.do("secure_get", `{"key":"`+key+`"}`)
}

const notFound = `{"error":{"code":"not_found","message":"Secure value not found"}}`

// writes opens the transaction of an atomic session.
func (g *guest) writes() {
	g.t.Helper()
	err := g.call.Data.Write(g.t.Context(), func(context.Context, host.RecordTransaction) error { return nil })
	if err != nil || !g.call.Data.Open() {
		g.t.Fatalf("the transaction did not open: %v", err)
	}
}

func TestSecret_Get(t *testing.T) {
	onBoth(t, func(t *testing.T, g *guest) {
		if _, err := g.db.PutSecret(t.Context(), host.NewSecret(g.app.ID, "KEY", "s3cret\n")); err != nil {
			t.Fatal(err)
		}
		if got := g.do("secret_get", `{"name":"KEY"}`); got != `{"value":"s3cret\n"}` {
			t.Errorf("got %s", got)
		}
		for _, name := range []string{"", "key", "KEY\u0000", "../KEY", strings.Repeat("x", 1000)} {
			if got := g.do("secret_get", fmt.Sprintf(`{"name":%q}`, name)); strings.Contains(got, "s3cret") || !strings.Contains(got, `"error"`) {
				t.Errorf("%q: got %s", name, got)
			}
		}
		g.begin(g.newApp(g.app.OrganizationID, "Other"), false)
		if got := g.do("secret_get", `{"name":"KEY"}`); got != `{"error":{"code":"not_found","message":"Secret not found"}}` {
			t.Errorf("another app got %s", got)
		}
	})
}

func TestSecure_Alone(t *testing.T) {
	onBoth(t, func(t *testing.T, g *guest) {
		began := time.Now().Truncate(time.Millisecond)
		key, expires := g.put(`{"value":"4242 \u0000 \"ü\""}`)
		if left := expires.Sub(began); left < host.DefaultSecureTTL || left > host.DefaultSecureTTL+time.Minute {
			t.Errorf("expires in %v", left)
		}
		if got := g.get(key); got != `{"value":"4242 \u0000 \"ü\""}` {
			t.Errorf("got %s", got)
		}
		if _, expires = g.put(`{"value":"","ttl_seconds":604800}`); expires.Sub(began) < host.MaxSecureTTL {
			t.Errorf("expires %v", expires)
		}
		if again, _ := g.put(`{"value":"4242"}`); again == key {
			t.Error("two values have one key")
		}
		g.begin(g.newApp(g.app.OrganizationID, "Other"), false)
		if got := g.get(key); got != notFound {
			t.Errorf("another app got %s", got)
		}
	})
}

// TestSecure_Atomic: within a transaction, what is put goes the way of all that
// is written; before it, it stays.
func TestSecure_Atomic(t *testing.T) {
	onBoth(t, func(t *testing.T, g *guest) {
		for _, commit := range []bool{false, true} {
			session := g.begin(g.app, true)
			before, _ := g.put(`{"value":"before"}`)
			if session.Open() {
				t.Fatal("a value alone has opened a transaction")
			}
			g.writes()
			within, _ := g.put(`{"value":"within"}`)
			if g.get(within) != `{"value":"within"}` || g.get(before) != `{"value":"before"}` || g.get(strings.Repeat("x", 67)) != notFound {
				t.Errorf("the transaction sees %s, %s", g.get(within), g.get(before))
			}
			_, err := g.db.ReadRecords(g.app.ID).SecureValue(t.Context(), host.SecureID(within))
			if host.CodeOf(err) != host.CodeNotFound {
				t.Errorf("others see it before the commit: %v", err)
			}
			session.Finish(commit)
			if err := session.Over(); err != nil {
				t.Fatal(err)
			}
			g.begin(g.app, true)
			if got := g.get(before); got != `{"value":"before"}` {
				t.Errorf("commit %v: got %s", commit, got)
			}
			if got := g.get(within); (got == `{"value":"within"}`) != commit || !commit && got != notFound {
				t.Errorf("commit %v: got %s", commit, got)
			}
		}
	})
}

// TestSecure_Ended: after the transaction has ended, nothing is kept.
func TestSecure_Ended(t *testing.T) {
	onBoth(t, func(t *testing.T, g *guest) {
		session := g.begin(g.app, true)
		g.writes()
		fault := host.Caused(host.CodeConflict, host.ErrSerialization, "others")
		_ = session.Write(t.Context(), func(context.Context, host.RecordTransaction) error { return fault })
		for _, got := range []string{g.do("secure_put", `{"value":"x"}`), g.get("sv_x")} {
			if !strings.HasPrefix(got, `{"error":{"code":"conflict"`) {
				t.Errorf("got %s", got)
			}
		}
	})
}

func TestSecure_Refused(t *testing.T) {
	onBoth(t, func(t *testing.T, g *guest) {
		for _, tt := range []struct{ name, request, want string }{
			{"secure_put", `{}`, "value must be a text of at most 65536 bytes"},
			{"secure_put", `{"value":null}`, "value must be a text of at most 65536 bytes"},
			{"secure_put", `{"value":"` + strings.Repeat("x", 65537) + `"}`, "value must be a text of at most 65536 bytes"},
			{"secure_put", `{"value":{"card":"4242"}}`, "value has the wrong type: it is a JSON object"},
			{"secure_put", `{"value":"x","ttl_seconds":59}`, "ttl_seconds must be 60-604800"},
			{"secure_put", `{"value":"x","ttl_seconds":0}`, "ttl_seconds must be 60-604800"},
			{"secure_put", `{"value":"x","ttl_seconds":604801}`, "ttl_seconds must be 60-604800"},
			{"secure_put", `{"value":"x","ttl_seconds":-9223372036854775808}`, "ttl_seconds must be 60-604800"},
			{"secure_put", `{"value":"x","ttl_seconds":1.5}`, "ttl_seconds has the wrong type: it is a JSON number 1.5"},
			{"secure_put", `{"value":"x","key":"mine"}`, `the request must not have the member "key"`},
			{"secure_get", `{"key":7}`, "key has the wrong type: it is a JSON number"},
		} {
			var answer struct {
				Error struct{ Code, Message string }
			}
			got := g.do(tt.name, tt.request)
			if err := json.Unmarshal([]byte(got), &answer); err != nil || answer.Error.Code != "invalid_request" || answer.Error.Message != tt.want {
				t.Errorf("%.60s: got %s", tt.request, got)
			}
		}
		g.put(`{"value":"` + strings.Repeat("x", 65536) + `","ttl_seconds":60}`)
		g.call.Granted = nil
		if got := g.do("secure_put", `{"value":"x"}`); !strings.Contains(got, "permission_denied") {
			t.Errorf("not granted: got %s", got)
		}
		g.call = &capability.Call{Granted: func(string) bool { return true }}
		for _, got := range []string{g.do("secure_put", `{"value":"x"}`), g.get("sv_x"), g.do("secret_get", `{"name":"x"}`)} {
			if !strings.Contains(got, `"error"`) {
				t.Errorf("without a session: got %s", got)
			}
		}
	})
}
