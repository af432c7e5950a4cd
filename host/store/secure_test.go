package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/store"
)

// putSecure keeps a value and returns its key.
func putSecure(t *testing.T, db *store.DB, appID, value string, ttl time.Duration) string {
	t.Helper()
	key, v := host.NewSecureValue(value, ttl)
	tx, err := db.BeginRecords(t.Context(), appID)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.PutSecureValue(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return key
}

// count is how many secure values are there, expired or not.
func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	writers, _ := db.Connections()
	if err := writers[0].Get(&n, "SELECT COUNT(*) FROM secure_value"); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDB_SecureValue: each value is found for its key, by its app, in its time.
func TestDB_SecureValue(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db := open(t, c)
		org := newOrganization(t, db)
		app := newApp(t, db, org)
		other := host.NewApp(org.ID)
		other.Name = "Other"
		if err := db.CreateApp(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		key := putSecure(t, db, app.ID, "s3cret \x00 ü", time.Minute)
		empty := putSecure(t, db, app.ID, "", time.Minute)
		stale := putSecure(t, db, app.ID, "stale", -time.Millisecond)
		for _, tt := range []struct {
			appID, key, want string
			found            bool
		}{
			{app.ID, key, "s3cret \x00 ü", true},
			{app.ID, empty, "", true},
			{app.ID, stale, "", false},
			{other.ID, key, "", false},
			{app.ID, strings.ToUpper(key), "", false},
			{app.ID, host.SecureID(key), "", false},
			{app.ID, "", "", false},
		} {
			v, err := db.ReadRecords(tt.appID).SecureValue(t.Context(), host.SecureID(tt.key))
			if !tt.found {
				if host.CodeOf(err) != host.CodeNotFound || host.AsError(err).Message != "Secure value not found" {
					t.Errorf("%q: got %v", tt.key, err)
				}
			} else if err != nil || v.Value != tt.want {
				t.Errorf("%q: got %+v, %v", tt.key, v, err)
			}
		}
		if err := db.PurgeSecure(t.Context()); err != nil || count(t, db) != 2 {
			t.Errorf("after purging there are %d, %v", count(t, db), err)
		}
		if err := db.DeleteApp(t.Context(), app.ID); err != nil || count(t, db) != 0 {
			t.Errorf("the app left %d behind, %v", count(t, db), err)
		}
		tx, err := db.BeginRecords(t.Context(), app.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, v := host.NewSecureValue("late", time.Minute)
		if err := tx.PutSecureValue(t.Context(), v); host.CodeOf(err) != host.CodeNotFound {
			t.Errorf("an app that is gone: %v", err)
		}
		if err := tx.Commit(); err == nil {
			t.Error("committed what the database had refused")
		}
	})
}

// TestDB_PurgesAtOpen: what expired while nobody was there is gone soon.
func TestDB_PurgesAtOpen(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		app := newApp(t, db, newOrganization(t, db))
		for range 3 {
			putSecure(t, db, app.ID, "stale", -time.Millisecond)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, c)
		for count(t, db) > 0 { // until the test's own timeout
			time.Sleep(time.Millisecond)
		}
	})
}
