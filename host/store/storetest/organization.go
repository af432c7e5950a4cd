package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

// errRefused is what a closure returns to undo its transaction.
var errRefused = errors.New("refused")

var organizationTests = []test{
	{"ErrNone", func(t *testing.T, b bundle) {
		_, err := b.Organization(t.Context())
		wantError(t, err, host.CodeNotFound, "Organization not found")
		_, err = b.UpdateOrganization(t.Context(), func(*host.Organization) error { return nil })
		wantError(t, err, host.CodeNotFound, "Organization not found")
	}},
	{"Create", func(t *testing.T, b bundle) {
		org := b.organization()
		got, err := b.Organization(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(org, got, equalTimes); diff != "" {
			t.Error(diff)
		}
	}},
	{"CreateOnlyOne", func(t *testing.T, b bundle) {
		var created atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				ok, err := b.CreateOrganization(t.Context(), newOrganization())
				if err != nil {
					t.Error(err)
				}
				if ok {
					created.Add(1)
				}
			})
		}
		wg.Wait()
		if n := created.Load(); n != 1 {
			t.Errorf("%d hosts created the organization, want 1", n)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		org := b.organization()
		hash := host.HashSecret("another")
		updated, err := b.UpdateOrganization(t.Context(), func(o *host.Organization) error {
			o.ID, o.CreatedAt = "no", host.Time{} // read-only
			o.Name, o.APIKeyEnabled, o.KeyHash = "Renamed", false, hash
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *org
		want.Name, want.APIKeyEnabled, want.KeyHash, want.UpdatedAt = "Renamed", false, hash, updated.UpdatedAt
		got, err := b.Organization(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]*host.Organization{&want, &want}, []*host.Organization{updated, got}, equalTimes); diff != "" {
			t.Error(diff)
		}
	}},
	{"UpdateRefused", func(t *testing.T, b bundle) {
		org := b.organization()
		_, err := b.UpdateOrganization(t.Context(), func(o *host.Organization) error {
			o.Name = "Renamed"
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Errorf("error %v, want the one of the closure", err)
		}
		if got, _ := b.Organization(t.Context()); got.Name != org.Name {
			t.Errorf("name %q was stored", got.Name)
		}
	}},
}

// equalTimes lets cmp look at instants.
var equalTimes = cmp.Comparer(func(a, b host.Time) bool { return a == b })
