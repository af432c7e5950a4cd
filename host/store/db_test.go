package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

func newOrganization(t testing.TB, db *store.DB) *host.Organization {
	t.Helper()
	org := &host.Organization{ID: host.NewID(), Name: "Example", KeyHash: host.HashSecret("apps_secret")}
	if _, err := db.CreateOrganization(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	return org
}

func newApp(t testing.TB, db *store.DB, org *host.Organization) *host.App {
	t.Helper()
	app := host.NewApp(org.ID)
	app.Name = "Example"
	app.EngagementCredentials = json.RawMessage(`{"token":"engagement-sesame"}`)
	app.EmailCredentials = json.RawMessage(`{"token":"email-sesame"}`)
	if err := db.CreateApp(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	return app
}

// TestDB_SecretsAreSealed looks for secrets in what a thief of the database
// would have.
func TestDB_SecretsAreSealed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		org := newOrganization(t, db)
		app := newApp(t, db, org)
		key, secret := host.NewKey("Example")
		if err := db.CreateKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		signer := host.NewSigningKey()
		if _, err := db.AddSigningKey(t.Context(), signer, false); err != nil {
			t.Fatal(err)
		}
		if _, err := db.PutSecret(t.Context(), host.NewSecret(app.ID, "KEY", "secret-sesame")); err != nil {
			t.Fatal(err)
		}
		secureKey := putSecure(t, db, app.ID, "secure-sesame", time.Hour)
		stolen := rawContent(t, db, c)
		if !bytes.Contains(stolen, []byte(app.ID)) || !bytes.Contains(stolen, []byte(key.Prefix)) {
			t.Fatal("the search does not even find what is not secret")
		}
		for _, secret := range []string{app.APIKey, app.APISecret, "engagement-sesame", "email-sesame", "secret-sesame", "secure-sesame", secureKey, secret, secret[len(host.KeyPrefix)+8:], string(signer.Private.Seed())} {
			if bytes.Contains(stolen, []byte(secret)) || bytes.Contains(stolen, []byte(hex.EncodeToString([]byte(secret)))) {
				t.Errorf("%.8s… can be read", secret)
			}
		}
		// A sealed value that is moved to another row opens nothing.
		other := host.NewApp(org.ID)
		other.Name = "Other"
		if err := db.CreateApp(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		writers, _ := db.Connections()
		if _, err := writers[0].Exec("UPDATE app SET api_secret = (SELECT api_secret FROM app WHERE id = $1) WHERE id = $2", app.ID, other.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := db.App(t.Context(), other.ID); err == nil {
			t.Errorf("the moved secret was unsealed: %v", got.APISecret == app.APISecret)
		}
	})
}

// rawContent is every byte of the database files, or every row as text.
func rawContent(t *testing.T, db *store.DB, c store.Config) []byte {
	t.Helper()
	var all []byte
	if c.URL == "" {
		files, _ := filepath.Glob(filepath.Join(c.Dir, "*.db*"))
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, content...)
		}
		return all
	}
	writers, _ := db.Connections()
	for _, table := range []string{"organization", "app", "key", "signing_key", "change", "secret", "secure_value"} {
		var rows []string
		if err := writers[0].Select(&rows, "SELECT CAST(t.* AS TEXT) FROM "+table+" t"); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(rows, "\n")...)
	}
	return all
}

func TestDB_KeepsChanges(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Changes = 5
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db)) // changes 1 and 2
		for range 8 {
			if _, err := db.UpdateApp(t.Context(), app.ID, func(*host.App) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		for after, want := range map[int64]struct {
			complete bool
			count    int
		}{0: {false, 5}, 4: {false, 5}, 5: {true, 5}, 6: {true, 4}, 9: {true, 1}, 10: {true, 0}, 11: {false, 0}} {
			changes, complete, err := db.Changes(t.Context(), after)
			if err != nil || complete != want.complete || len(changes) != want.count {
				t.Errorf("Changes(%d) = %d changes, complete %v, %v; want %+v", after, len(changes), complete, err, want)
			}
		}
	})
}

func TestDB_KeepsInvocations(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Invocations = 10
		db := open(t, c)
		for i := range 7 {
			batch := []host.Invocation{{AppID: "a", RequestID: fmt.Sprint(i, "a")}, {AppID: "a", RequestID: fmt.Sprint(i, "b")}}
			if err := db.AddInvocations(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		records, total, err := db.Invocations(t.Context(), "a", host.InvocationFilter{}, host.Page{})
		if err != nil || total != 10 || records[0].RequestID != "6b" || records[9].RequestID != "2a" {
			t.Errorf("%d kept, %v", total, err)
		}
		if err := db.AddInvocations(t.Context(), make([]host.Invocation, 25)); err != nil {
			t.Fatal(err)
		}
		if _, total, _ = db.Invocations(t.Context(), "", host.InvocationFilter{}, host.Page{}); total != 10 {
			t.Errorf("%d kept of a batch larger than the bound", total)
		}
	})
}

// TestDB_LostConnection ends the server's side of a transaction.
func TestDB_LostConnection(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		if c.URL == "" {
			t.Skip("a file has no connection to lose")
		}
		db := open(t, c)
		app := newApp(t, db, newOrganization(t, db))
		_, err := db.UpdateApp(t.Context(), app.ID, func(a *host.App) error {
			a.Name = "Lost"
			killer, err := sql.Open("postgres", c.URL)
			if err != nil {
				return err
			}
			defer killer.Close()
			_, err = killer.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			return err
		})
		if e := host.AsError(err); e.Code != host.CodeUnavailable || e.Message != "The database is not available" {
			t.Errorf("error %v", err)
		}
		if got, err := db.App(t.Context(), app.ID); err != nil || got.Name != app.Name {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
}

// TestDB_Busy holds the write lock of the file as another process could.
func TestDB_Busy(t *testing.T) {
	t.Parallel()
	c := store.Config{Dir: t.TempDir(), Sealer: newSealer(t)}
	db := open(t, c)
	app := newApp(t, db, newOrganization(t, db))
	held := lockFile(t, filepath.Join(c.Dir, "postern.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.DeleteApp(ctx, app.ID); host.CodeOf(err) != host.CodeUnavailable {
		t.Errorf("a write that may not wait: %v", err)
	}
	impatient, err := sql.Open("sqlite", "file:"+filepath.Join(c.Dir, "postern.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer impatient.Close()
	if _, err := impatient.Begin(); !db.Unavailable(err) {
		t.Errorf("the error of a locked file is not recognised: %v", err)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteApp(t.Context(), app.ID); err != nil {
		t.Error(err)
	}
}

func TestDB_NoSealer(t *testing.T) {
	t.Parallel()
	db := open(t, store.Config{Dir: t.TempDir()})
	org := newOrganization(t, db)
	app := host.NewApp(org.ID)
	app.Name = "Open"
	if err := db.CreateApp(t.Context(), app); host.CodeOf(err) != host.CodeInternal {
		t.Errorf("an app was stored without a sealer: %v", err)
	}
	if added, err := db.AddSigningKey(t.Context(), host.NewSigningKey(), false); added || host.CodeOf(err) != host.CodeInternal {
		t.Errorf("a signing key was stored without a sealer: %v", err)
	}
}

// TestDB_AuditRetention covers that the oldest entries go, and only those.
func TestDB_AuditRetention(t *testing.T) {
	t.Parallel()
	db := open(t, store.Config{Dir: t.TempDir(), Audit: 30 * 24 * time.Hour})
	newOrganization(t, db)
	for _, age := range []time.Duration{0, 29 * 24 * time.Hour, 31 * 24 * time.Hour, 4000 * 24 * time.Hour} {
		entry := &host.AuditEntry{ID: host.NewID(), Time: host.At(time.Now().Add(-age)), Audit: host.Audit{Method: "GET"}, Refused: "forbidden"}
		if err := db.AddRefusal(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.UpdateOrganization(t.Context(), func(*host.Organization) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, total, err := db.AuditEntries(t.Context(), host.AuditFilter{}, host.Page{}); total != 2 || err != nil {
		t.Errorf("%d entries are kept, %v; want 2", total, err)
	}
}

// TestDialect_OneSeam keeps the choice between databases in the files called
// dialect.
func TestDialect_OneSeam(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("files %q, %v", files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file, "dialect") && !strings.HasSuffix(file, "_test.go") {
			if lines := bytes.Count(source, []byte("\n")); lines >= 100 {
				t.Errorf("%s has %d lines: each part of the seam must stay under 100", file, lines)
			}
			continue
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		var s scanner.Scanner
		files := token.NewFileSet()
		s.Init(files.AddFile(file, -1, len(source)), source, nil, 0) // without comments
		for {
			pos, tok, text := s.Scan()
			if tok == token.EOF {
				break
			}
			for _, word := range []string{"postgres", "sqlite", "lib/pq", "c.url", "for update"} {
				if strings.Contains(strings.ToLower(text), word) {
					t.Errorf("%s: %s belongs in dialect.go", files.Position(pos), text)
				}
			}
		}
	}
}

// TestDB_Refusals shows that refused calls fill no disk, and that those of
// strangers push out none of members'.
func TestDB_Refusals(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Refusals = 5
		db := open(t, c)
		ada := &host.Actor{Kind: host.ActorMember, ID: host.NewID(), Name: "Ada"}
		refuse := func(actor *host.Actor, times int) {
			t.Helper()
			for range times {
				entry := &host.AuditEntry{ID: host.NewID(), Time: host.Now(), Audit: host.Audit{Actor: actor, Method: "GET", Path: "/v1/keys"}, Refused: "forbidden"}
				if err := db.AddRefusal(t.Context(), entry); err != nil {
					t.Fatal(err)
				}
			}
		}
		kept := func(filter host.AuditFilter) int {
			t.Helper()
			_, total, err := db.AuditEntries(t.Context(), filter, host.Page{})
			if err != nil {
				t.Fatal(err)
			}
			return total
		}
		refuse(ada, 1)
		refuse(nil, 20)
		if ours, all := kept(host.AuditFilter{Actor: ada.ID}), kept(host.AuditFilter{}); ours != 1 || all != 6 {
			t.Errorf("%d of a member among %d are kept", ours, all)
		}
		refuse(ada, 20)
		if ours, all := kept(host.AuditFilter{Actor: ada.ID}), kept(host.AuditFilter{}); ours != 5 || all != 10 {
			t.Errorf("%d of a member among %d are kept", ours, all)
		}
	})
}

// TestDB_KeepsAudit shows that nobody reads what is older than the retention,
// though nothing has been written since that would have dropped it.
func TestDB_KeepsAudit(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		c.Audit = time.Hour
		db := open(t, c)
		var kept []string
		for _, age := range []time.Duration{0, 59 * time.Minute, 61 * time.Minute, 48 * time.Hour} {
			entry := &host.AuditEntry{ID: host.NewID(), Time: host.At(time.Now().Add(-age)), Audit: host.Audit{Method: "GET", Path: "/v1/keys"}, Refused: "forbidden"}
			if err := db.AddRefusal(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
			if age < c.Audit {
				kept = append([]string{entry.ID}, kept...)
			}
		}
		var listed, walked []string
		entries, total, err := db.AuditEntries(t.Context(), host.AuditFilter{}, host.Page{})
		for _, e := range entries {
			listed = append(listed, e.ID)
		}
		each := db.EachAuditEntry(t.Context(), host.AuditFilter{}, func(e *host.AuditEntry) { walked = append(walked, e.ID) })
		if err != nil || each != nil || total != len(kept) || !slices.Equal(listed, kept) || !slices.Equal(walked, kept) {
			t.Errorf("listed %v of %d, walked %v, want %v; %v, %v", listed, total, walked, kept, err, each)
		}
	})
}
