package store_test

import (
	"testing"

	"github.com/posternhq/postern/host/seal"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// databases are the configurations that every test runs on.
var databases = []struct {
	name   string
	config func(t *testing.T) store.Config
}{
	{"SQLite", func(t *testing.T) store.Config { return store.Config{Dir: t.TempDir()} }},
	{"Postgres", func(t *testing.T) store.Config { return store.Config{URL: storetest.Postgres(t)} }},
}

// onEach runs test once for each database, with the configuration of a new one.
func onEach(t *testing.T, test func(t *testing.T, c store.Config)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			c := d.config(t)
			c.Sealer = newSealer(t)
			test(t, c)
		})
	}
}

func newSealer(t testing.TB) *seal.Sealer {
	t.Helper()
	s, err := seal.New(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens the database until the test ends.
func open(t *testing.T, c store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestStore(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			if d.name == "Postgres" {
				storetest.Postgres(t) // skips here, once, instead of in every test
			}
			storetest.Run(t, func(t *testing.T) storetest.Store {
				c := d.config(t)
				c.Sealer = newSealer(t)
				return open(t, c)
			})
		})
	}
}
