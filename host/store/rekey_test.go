package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
	"github.com/posternhq/postern/migrations"
)

// safe is a database with a value in every sealed column, closed.
type safe struct {
	store.Config
	master store.Master
	app    *host.App
	key    string // of the secure value
	signer *host.SigningKey
}

// newMaster returns a fresh master key.
func newMaster(t *testing.T) store.Master {
	t.Helper()
	s := newSealer(t)
	return store.Master{Sealer: s, Fingerprint: s.Fingerprint()}
}

// id is what begins everything that is sealed with a master key, but for the
// format.
func id(t *testing.T, m store.Master) []byte {
	t.Helper()
	print, err := hex.DecodeString(m.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return print[:8]
}

func fillSafe(t *testing.T, c store.Config) *safe {
	t.Helper()
	s := &safe{Config: c, master: newMaster(t), signer: host.NewSigningKey()}
	s.Sealer = s.master.Sealer
	db, err := store.Open(t.Context(), s.Config)
	if err != nil {
		t.Fatal(err)
	}
	org := &host.Organization{ID: host.NewID(), Name: "Example", KeyHash: host.HashSecret("apps_secret"), MasterFingerprint: s.master.Fingerprint}
	if _, err := db.CreateOrganization(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	s.app = newApp(t, db, org)
	if _, err := db.AddSigningKey(t.Context(), s.signer, false); err != nil {
		t.Fatal(err)
	}
	// More than are read at once.
	for i := range host.MaxSettings {
		if _, err := db.PutSecret(t.Context(), host.NewSecret(s.app.ID, fmt.Sprintf("KEY%d", i), fmt.Sprint("s3cret", i))); err != nil {
			t.Fatal(err)
		}
	}
	s.key = putSecure(t, db, s.app.ID, "secure", time.Hour)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// values is how many sealed values a safe has.
const values = 4 + 1 + host.MaxSettings + 1

// opens fails the test unless everything can be read with a master key.
func (s *safe) opens(t *testing.T, m store.Master) {
	t.Helper()
	c := s.Config
	c.Sealer = m.Sealer
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	org, err := db.Organization(t.Context())
	if err != nil || org.MasterFingerprint != m.Fingerprint {
		t.Errorf("the fingerprint is %+v, %v, want %s", org, err, m.Fingerprint)
	}
	app, err := db.App(t.Context(), s.app.ID)
	if err != nil || app.APIKey != s.app.APIKey || app.APISecret != s.app.APISecret || string(app.EmailCredentials) != string(s.app.EmailCredentials) ||
		string(app.EngagementCredentials) != string(s.app.EngagementCredentials) {
		t.Errorf("the app is not what it was: %v", err)
	}
	keys, err := db.SigningKeys(t.Context())
	if err != nil || len(keys) != 1 || !keys[0].Private.Equal(s.signer.Private) {
		t.Errorf("the signing keys are not what they were: %v", err)
	}
	for i := range host.MaxSettings {
		if got, err := db.SecretValue(t.Context(), s.app.ID, fmt.Sprintf("KEY%d", i)); err != nil || got != fmt.Sprint("s3cret", i) {
			t.Errorf("secret %d is %q, %v", i, got, err)
		}
	}
	if v, err := db.ReadRecords(s.app.ID).SecureValue(t.Context(), host.SecureID(s.key)); err != nil || v.Value != "secure" {
		t.Errorf("the secure value is %+v, %v", v, err)
	}
}

// cells calls visit for every value of every table.
func (s *safe) cells(t *testing.T, visit func(table, column string, value []byte)) {
	t.Helper()
	db := open(t, s.Config)
	writers, _ := db.Connections()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if s.URL != "" {
		list = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
	}
	var tables []string
	if err := writers[0].Select(&tables, list); err != nil || len(tables) < 10 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		rows, err := writers[0].Queryx("SELECT * FROM " + table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		for err == nil && rows.Next() {
			var row []any
			row, err = rows.SliceScan()
			for i, value := range row {
				b, isBytes := value.([]byte)
				if text, isText := value.(string); isText {
					b, isBytes = []byte(text), true
				}
				if isBytes {
					visit(table, columns[i], b)
				}
			}
		}
		if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRekey(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		s, to := fillSafe(t, c), newMaster(t)
		for round, want := range []int{values, 0} {
			if got, leftovers, err := store.Rekey(t.Context(), s.Config, s.master, to, false); err != nil || leftovers != nil || got != want {
				t.Fatalf("round %d: %d values, %v, want %d", round, got, err, want)
			}
			s.opens(t, to)
		}
		_, _, err := store.Rekey(t.Context(), s.Config, s.master, newMaster(t), false)
		if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), to.Fingerprint) {
			t.Errorf("from a key that is not the database's: %v", err)
		}
		s.opens(t, to)
		seen := map[string]bool{}
		s.cells(t, func(table, column string, value []byte) {
			if bytes.Contains(value, id(t, s.master)) {
				t.Errorf("%s.%s is sealed with the old key", table, column)
			}
			if bytes.Contains(value, id(t, to)) {
				seen[table+"."+column] = true
			}
		})
		if want := store.SealedColumns(); len(seen) != len(want) {
			t.Errorf("the new key has sealed %v, want %v", seen, want)
		}
		if _, _, err := store.Rekey(t.Context(), store.Config{Dir: t.TempDir()}, s.master, to, false); host.CodeOf(err) != host.CodeNotFound {
			t.Errorf("no database: %v", err)
		}
	})
}

// TestRekey_Erased: the files of a database hold nothing that the old key opens.
func TestRekey_Erased(t *testing.T) {
	t.Parallel()
	s, to := fillSafe(t, store.Config{Dir: t.TempDir()}), newMaster(t)
	if !bytes.Contains(rawContent(t, nil, s.Config), id(t, s.master)) {
		t.Fatal("the search finds nothing")
	}
	if _, _, err := store.Rekey(t.Context(), s.Config, s.master, to, false); err != nil {
		t.Fatal(err)
	}
	if raw := rawContent(t, nil, s.Config); bytes.Contains(raw, id(t, s.master)) || !bytes.Contains(raw, id(t, to)) {
		t.Error("something is still there")
	}
}

// failing is a master key that fails at the nth value.
type failing struct {
	host.Sealer
	left *int
}

var errFailing = errors.New("failing")

func (f failing) Seal(plain []byte, place string) ([]byte, error) {
	if *f.left--; *f.left < 0 {
		return nil, errFailing
	}
	return f.Sealer.Seal(plain, place)
}

// TestRekey_Interrupted: whatever value it ends at, nothing has changed.
func TestRekey_Interrupted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		s, to := fillSafe(t, c), newMaster(t)
		for _, n := range []int{0, 1, 3, 4, 100, values - 1} {
			left := n
			broken := store.Master{Sealer: failing{to.Sealer, &left}, Fingerprint: to.Fingerprint}
			if _, _, err := store.Rekey(t.Context(), s.Config, s.master, broken, false); !errors.Is(err, errFailing) {
				t.Errorf("at %d: %v", n, err)
			}
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, _, err := store.Rekey(ended, s.Config, s.master, to, false); err == nil {
			t.Error("went on after its end")
		}
		s.opens(t, s.master)
	})
}

// TestRekey_Damaged: a value that the old key does not open stops everything,
// and the error says where it is, not what.
func TestRekey_Damaged(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		s, to := fillSafe(t, c), newMaster(t)
		db, err := store.Open(t.Context(), s.Config)
		if err != nil {
			t.Fatal(err)
		}
		writers, _ := db.Connections()
		if _, err := writers[0].Exec("UPDATE secret SET value = $1 WHERE name = 'KEY7'", []byte("canary")); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, _, err = store.Rekey(t.Context(), s.Config, s.master, to, false)
		if !errors.Is(err, seal.ErrDamaged) || !strings.Contains(err.Error(), "value of ") || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRekey_InUse: a server on the same database stops it.
func TestRekey_InUse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		s, to := fillSafe(t, c), newMaster(t)
		db := open(t, s.Config)
		if _, err := db.Organization(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _, err := store.Rekey(t.Context(), s.Config, s.master, to, false); host.CodeOf(err) != host.CodeConflict {
			t.Errorf("%d, %v", n, err)
		}
		s.opens(t, s.master)
		if c.URL == "" {
			return
		}
		if n, _, err := store.Rekey(t.Context(), s.Config, s.master, to, true); err != nil || n != values {
			t.Errorf("by force: %d, %v", n, err)
		}
		s.opens(t, to)
	})
}

// TestRekey_Leaving: PostgreSQL lists a connection for a moment after it was
// closed. Here one is closed when Rekey has seen it.
func TestRekey_Leaving(t *testing.T) {
	t.Parallel()
	s, to := fillSafe(t, store.Config{URL: storetest.Postgres(t)}), newMaster(t)
	db, err := sql.Open("postgres", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		for {
			var looks int // of Rekey, whether others are there
			err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
				AND pid <> pg_backend_pid() AND query LIKE '%pg_stat_activity%'`).Scan(&looks)
			if err != nil || looks > 0 {
				left <- errors.Join(err, db.Close())
				return
			}
		}
	}()
	if n, _, err := store.Rekey(t.Context(), s.Config, s.master, to, false); err != nil || n != values {
		t.Errorf("%d, %v", n, err)
	}
	cancel()
	if err := <-left; err != nil {
		t.Error(err)
	}
}

// bytesColumn is a column of a migration that can hold what is sealed.
var bytesColumn = regexp.MustCompile(`(?m)^(?:CREATE TABLE (\w+)|ALTER TABLE (\w+) ADD COLUMN (\w+)\s+BYTEA|\s+(\w+)\s+BYTEA)`)

// open lists the columns of bytes that are not secret, or that nobody needs to
// read again.
var openColumns = []string{"key.hash", "key.previous_hash", "member.hash", "module_content.content", "organization.key_hash", "signing_key.public_key", "variable.value"}

// TestRekey_KnowsAll: every column that could be sealed is known to be, or not to
// be. A new one must be added to either list.
func TestRekey_KnowsAll(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		table := ""
		for _, m := range bytesColumn.FindAllStringSubmatch(string(text), -1) {
			switch {
			case m[1] != "":
				table = m[1]
			case m[2] != "":
				found = append(found, m[2]+"."+m[3])
			default:
				found = append(found, table+"."+m[4])
			}
		}
	}
	for _, column := range found {
		if slices.Contains(openColumns, column) == slices.Contains(store.SealedColumns(), column) {
			t.Errorf("%s must be a sealedColumn, or among those that are not", column)
		}
	}
	for _, column := range append(store.SealedColumns(), openColumns...) {
		if !slices.Contains(found, column) {
			t.Errorf("no migration makes %s", column)
		}
	}
}
