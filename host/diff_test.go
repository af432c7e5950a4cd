package host_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/posternhq/postern/host"
)

// endpointOf is an endpoint with the module's version as its digest.
func endpointOf(id, method, path, module string, version int, change ...func(*host.Endpoint)) host.Endpoint {
	e := host.NewEndpoint()
	e.ID, e.Name, e.Method, e.Path = id, id, method, path
	e.Module = host.PinnedModule{Name: module, Version: version, Digest: fmt.Sprint(version)}
	for _, c := range change {
		c(e)
	}
	return *e
}

func TestDiffReleases(t *testing.T) {
	t.Parallel()
	before := &host.Release{Number: 3, Endpoints: []host.Endpoint{
		endpointOf("same", "GET", "/same", "kept", 1),
		endpointOf("gone", "GET", "/gone", "old", 1),
		endpointOf("moved", "GET", "/old", "orders", 1),
	}}
	after := &host.Release{Number: 5, Endpoints: []host.Endpoint{
		endpointOf("same", "GET", "/same", "kept", 1, func(e *host.Endpoint) { e.Revision, e.UpdatedAt = 9, host.Now() }),
		endpointOf("moved", "POST", "/new", "orders", 2, func(e *host.Endpoint) {
			e.TimeoutMS, e.KeyGroups, e.RequestSchema = 100, []string{"a"}, json.RawMessage(`{"type": "object"}`)
		}),
		endpointOf("b", "GET", "/b", "fresh", 1),
		endpointOf("a", "GET", "/a", "fresh", 2),
	}}
	got := host.DiffReleases(before, after)
	const want = `from 3 to 5 +[a b] -[gone] ~moved POST /new` +
		` method:"GET">"POST" path:"/old">"/new" module:{"name":"orders","version":1,"digest":"1"}>{"name":"orders","version":2,"digest":"2"}` +
		` key_groups:[]>["a"] timeout_ms:5000>100 request_schema:null>{"type":"object"}` +
		` modules +[{fresh 1 1} {fresh 2 2}] -[{old 1 1}] ~[{orders {orders 1 1} {orders 2 2}}]`
	if text := describe(got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if got.Empty() || !host.DiffReleases(before, before).Empty() {
		t.Error("Empty is wrong")
	}
}

func describe(d *host.ReleaseDiff) string {
	ids := func(list []host.Endpoint) (out []string) {
		for _, e := range list {
			out = append(out, e.ID)
		}
		return out
	}
	text := fmt.Sprintf("from %d to %d +%v -%v", d.From, d.To, ids(d.Endpoints.Added), ids(d.Endpoints.Removed))
	for _, c := range d.Endpoints.Changed {
		text += fmt.Sprintf(" ~%s %s %s", c.ID, c.Method, c.Path)
		for _, f := range c.Fields {
			text += fmt.Sprintf(" %s:%s>%s", f.Field, f.Old, f.New)
		}
	}
	return text + fmt.Sprintf(" modules +%v -%v ~%v", d.Modules.Added, d.Modules.Removed, d.Modules.Changed)
}

// TestDiffReleases_ModulesOfOneName shows that versions are paired only where
// it is plain which became which.
func TestDiffReleases_ModulesOfOneName(t *testing.T) {
	t.Parallel()
	before := &host.Release{Endpoints: []host.Endpoint{endpointOf("a", "GET", "/a", "m", 1), endpointOf("b", "GET", "/b", "m", 2)}}
	after := &host.Release{Endpoints: []host.Endpoint{endpointOf("a", "GET", "/a", "m", 3), endpointOf("b", "GET", "/b", "m", 3)}}
	d := host.DiffReleases(before, after).Modules
	if fmt.Sprint(d.Added, d.Removed, d.Changed) != "[{m 3 3}] [{m 1 1} {m 2 2}] []" {
		t.Errorf("got %+v", d)
	}
}
