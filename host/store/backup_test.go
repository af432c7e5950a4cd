package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// TestCheckFile copies an open database and holds it, whole and spoilt in every
// way, against what CheckFile says.
func TestCheckFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, store.Config{Dir: dir, Sealer: newSealer(t)})
	copied := func(name string) string {
		to := filepath.Join(t.TempDir(), name)
		if err := store.Copy(t.Context(), dir, name, to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	_, newest, err := store.Migrate(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	good := copied(store.MainFile)
	if schema, err := store.CheckFile(t.Context(), good); err != nil || schema != newest {
		t.Errorf("a whole copy: schema %d of %d, %v", schema, newest, err)
	}
	if _, err := store.CheckFile(t.Context(), copied(store.LogFile)); err != nil {
		t.Errorf("the log: %v", err)
	}
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has %v, %v", info.Mode(), err)
	}
	if err := store.Copy(t.Context(), dir, store.MainFile, good); err == nil {
		t.Error("a copy went over a file")
	}
	if err := store.Copy(t.Context(), t.TempDir(), store.MainFile, good+"2"); host.CodeOf(err) != host.CodeNotFound {
		t.Errorf("a copy of nothing: %v", err)
	}

	writers, _ := db.Connections()
	if _, err := writers[0].Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)", newest+1); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := func(change func([]byte) []byte) string {
		file := filepath.Join(t.TempDir(), "spoilt.db")
		if err := os.WriteFile(file, change(slices.Clone(content)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for want, file := range map[string]string{
		"newer version of Postern": copied(store.MainFile),
		"no database of Postern":   spoilt(func([]byte) []byte { return nil }),
		"is no database":           spoilt(func([]byte) []byte { return []byte(strings.Repeat("text ", 1000)) }),
		"damaged": spoilt(func(b []byte) []byte {
			copy(b[8192:12000], strings.Repeat("\xff", 3808))
			return b
		}),
	} {
		if _, err := store.CheckFile(t.Context(), file); host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
