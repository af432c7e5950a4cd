package gateway_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/store"
)

// TestRefresh_Objects follows definitions, on the host where they change and on
// another that learns of them.
func TestRefresh_Objects(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setupData(t, store.Config{}, object.Operations)
	other := &databundle{records: b.records, bundle: &bundle{Gateway: setupOn(t, b.db), t: t, db: b.db, app: b.app}}
	started := &databundle{records: b.records, bundle: &bundle{Gateway: setupOn(t, b.db), t: t, db: b.db, app: b.app}}
	other.refresh() // before there is a release: the app then waits for its module
	b.serve(unchanged)
	answers := func(script, want string) {
		t.Helper()
		for name, host := range map[string]*databundle{"this": b, "other": other, "started": started} {
			host.refresh()
			got, err := host.run(script)
			if err != nil || summary(t, got) != want {
				t.Errorf("%s: %s on the %s host: got %s, %v, want %s", script, want, name, got, err, want)
			}
		}
	}
	answers(listed, "[]")
	answers(`i{"object":"more","record":{"name":"a"}}`, "[not_found]")
	more := host.NewObject(b.app.ID)
	more.Name = "more"
	check(t, b.db.CreateObject(ctx, more))
	answers(`i{"object":"more","record":{"name":"a"}}`, "[a]")
	_, err := b.db.UpdateObject(ctx, b.app.ID, "more", func(o *host.Object) error {
		o.Schema = json.RawMessage(`{"maxProperties":0}`)
		return nil
	})
	check(t, err)
	answers(`i{"object":"more","record":{"name":"a"}}`, "[invalid_request]")
	check(t, b.db.DeleteObject(ctx, b.app.ID, "more"))
	// A host that has not heard of it yet learns it from the database, but may not
	// be able to go on.
	for script, code := range map[string]host.Code{`q{"object":"more"}`: "", `i{"object":"more","record":{}}`: host.CodeConflict} {
		if got, err := b.run(script); host.CodeOf(err) != code || err == nil && summary(t, got) != "[not_found]" {
			t.Errorf("%s before the refresh: got %s, %v", script, got, err)
		}
	}
	answers(`q{"object":"more"}`, "[not_found]")
	answers(listed, "[]")
}
