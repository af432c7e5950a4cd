package host_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func object(name, schema string, unique ...string) *host.Object {
	o := host.NewObject("app")
	o.Name, o.UniqueFields = name, unique
	if schema != "" {
		o.Schema = json.RawMessage(schema)
	}
	return o
}

func TestDiffObjects(t *testing.T) {
	t.Parallel()
	from := []*host.Object{object("same", `{"type":"object","a":1.0}`, "x", "y"), object("gone", ""), object("rules", `{"a":1}`, "x"), object("free", "")}
	to := []*host.Object{object("new", ""), object("same", "{ \"a\": 1.0,\n\"type\": \"object\"}", "y", "x"), object("rules", "", "x", "z"), object("free", `{}`), object("added", `true`)}
	d := host.DiffObjects(from, to)
	var names []string
	for _, o := range d.Added {
		names = append(names, o.Name)
	}
	if diff := cmp.Diff([]string{"added", "new"}, names); diff != "" {
		t.Error(diff)
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	want := []host.ObjectChange{
		{Name: "free", Fields: []host.FieldChange{{Field: "schema", Old: raw("null"), New: raw("{}")}}},
		{Name: "rules", Fields: []host.FieldChange{{Field: "schema", Old: raw(`{"a":1}`), New: raw("null")}, {Field: "unique_fields", Old: raw(`["x"]`), New: raw(`["x","z"]`)}}},
	}
	if diff := cmp.Diff(want, d.Changed); diff != "" {
		t.Error(diff)
	}
	if d.Empty() || !host.DiffObjects(from, from).Empty() || !host.DiffObjects(from, nil).Empty() {
		t.Error("Empty is wrong")
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	m := &host.Module{Imports: []host.Import{{Capability: "objects"}, {Capability: "memory"}, {Capability: "objects"}}}
	app := host.NewApp("o")
	judged := app.Judge(m.Asks())
	if diff := cmp.Diff([]host.Grant{{Name: "objects"}}, judged); diff != "" || len(host.Ungranted(judged)) != 1 {
		t.Error(diff)
	}
	app.Environment = host.Development
	if judged := app.Judge(m.Asks()); !judged[0].Granted || host.Ungranted(judged) != nil {
		t.Errorf("in development: %v", judged)
	}
}
