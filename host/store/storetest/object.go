package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
)

func newObject(app *host.App, name string, unique, indexed []string) *host.Object {
	o := host.NewObject(app.ID)
	o.Name, o.UniqueFields, o.IndexedFields = name, append([]string{}, unique...), append([]string{}, indexed...)
	return o
}

// object creates an object.
func (b bundle) object(app *host.App, name string, unique, indexed []string) *host.Object {
	b.t.Helper()
	o := newObject(app, name, unique, indexed)
	if err := b.CreateObject(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
	return o
}

func wantObject(t *testing.T, b bundle, want *host.Object) {
	t.Helper()
	got, err := b.Object(t.Context(), want.AppID, want.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalTimes); diff != "" {
		t.Error(diff)
	}
}

// setFields changes the indexes of an object.
func (b bundle) setFields(o *host.Object, unique, indexed []string) (*host.Object, error) {
	return b.UpdateObject(b.t.Context(), o.AppID, o.Name, func(o *host.Object) error {
		o.UniqueFields, o.IndexedFields = unique, indexed
		return nil
	})
}

var objectTests = []test{
	{"Create", func(t *testing.T, b bundle) {
		app := b.app("A")
		plain := b.object(app, "plain", nil, nil)
		full := newObject(app, "full", []string{"number", "a.b"}, []string{`it's."q\."`})
		full.Schema = json.RawMessage(`{"type":"object","properties":{"number":{"type":"integer"}}}`)
		if err := b.CreateObject(t.Context(), full); err != nil {
			t.Fatal(err)
		}
		if full.Revision != 1 {
			t.Errorf("created %+v", full)
		}
		wantObject(t, b, plain)
		wantObject(t, b, full)
	}},
	{"CreateErrors", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		b.object(app, "orders", nil, nil)
		b.object(other, "orders", nil, nil)
		wantError(t, b.CreateObject(t.Context(), newObject(app, "orders", nil, nil)), host.CodeConflict, "name is already taken by another object of this app")
		wantError(t, b.CreateObject(t.Context(), newObject(&host.App{ID: host.NewID()}, "o", nil, nil)), host.CodeNotFound, "App not found")
		_, err := b.Object(t.Context(), app.ID, "\x00")
		wantError(t, err, host.CodeNotFound, "Object not found")
	}},
	{"List", func(t *testing.T, b bundle) {
		app, other := b.app("A"), b.app("B")
		elsewhere := b.object(other, "elsewhere", nil, nil)
		var want []*host.Object
		for range 5 {
			want = append(want, b.object(app, unique("o"), nil, nil))
		}
		for ref, objects := range map[string][]*host.Object{app.ID: want, "": append([]*host.Object{elsewhere}, want...), host.NewID(): {}, "\x00": {}} {
			each := []*host.Object{}
			if err := b.EachObject(t.Context(), ref, func(o *host.Object) { each = append(each, o) }); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(each, func(a, b *host.Object) int { return strings.Compare(a.ID, b.ID) })
			if diff := cmp.Diff(objects, each, equalTimes); diff != "" {
				t.Errorf("EachObject(%q): %s", ref, diff)
			}
		}
		slices.Reverse(want)
		got := pages(t, 2, func(p host.Page) ([]*host.Object, int, error) { return b.Objects(t.Context(), app.ID, p) })
		if diff := cmp.Diff(want, got, equalTimes); diff != "" {
			t.Error("not newest first:", diff)
		}
	}},
	{"Bound", func(t *testing.T, b bundle) {
		app := b.app("A")
		for i := range host.MaxObjects {
			b.object(app, fmt.Sprintf("o%d", i), nil, nil)
		}
		wantError(t, b.CreateObject(t.Context(), newObject(app, "more", nil, nil)), host.CodeConflict, "an app may have 200 objects")
		if err := b.DeleteApp(t.Context(), app.ID); err != nil {
			t.Error(err)
		}
	}},
	{"Update", func(t *testing.T, b bundle) {
		app := b.app("A")
		o := b.object(app, "orders", nil, []string{"a"})
		schema := json.RawMessage(`{"required":["a"]}`)
		updated, err := b.UpdateObject(t.Context(), app.ID, "orders", func(o *host.Object) error {
			o.ID, o.AppID, o.Name, o.CreatedAt = host.NewID(), host.NewID(), "renamed", host.FromMillis(1)
			o.Schema, o.UniqueFields, o.IndexedFields = schema, []string{"a"}, []string{"b", "c.d"}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := *o
		want.Schema, want.UniqueFields, want.IndexedFields = schema, []string{"a"}, []string{"b", "c.d"}
		want.UpdatedAt, want.Revision = updated.UpdatedAt, 2
		if diff := cmp.Diff(&want, updated, equalTimes); diff != "" {
			t.Error(diff)
		}
		wantObject(t, b, &want)
		refusal := errors.New("no")
		if _, err := b.UpdateObject(t.Context(), app.ID, "orders", func(o *host.Object) error {
			o.IndexedFields = append(o.IndexedFields, "e")
			return refusal
		}); !errors.Is(err, refusal) {
			t.Errorf("refused: %v", err)
		}
		wantObject(t, b, &want)
		for _, id := range []string{app.ID, host.NewID()} {
			_, err := b.UpdateObject(t.Context(), id, "nothing", func(*host.Object) error { return nil })
			wantError(t, err, host.CodeNotFound, "Object not found")
		}
	}},
	{"UpdateDuplicates", func(t *testing.T, b bundle) {
		app := b.app("A")
		o := b.object(app, "orders", nil, nil)
		b.records(o, `{"n":1}`, `{"n":1.0}`, `{}`, `{"n":null}`)
		_, err := b.setFields(o, []string{"m", "n"}, []string{"other"})
		wantError(t, err, host.CodeConflict, "unique_fields: several records have the same value of n")
		wantObject(t, b, o)
		b.records(o, `{"n":1,"m":5}`, `{"n":1,"other":5}`, `{"other":5}`) // nothing is unique yet
		if _, err := b.setFields(o, []string{"m"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := b.setFields(o, []string{"m"}, []string{"n", "other"}); err != nil {
			t.Fatal(err)
		}
	}},
	{"UpdateLongValues", func(t *testing.T, b bundle) {
		app := b.app("A")
		o := b.object(app, "orders", nil, nil)
		ids := b.records(o, fmt.Sprintf(`{"n":%q}`, strings.Repeat("é", 2000)))
		for _, fields := range [][2][]string{{{"n"}, {}}, {{}, {"n"}}} {
			_, err := b.setFields(o, fields[0], fields[1])
			wantError(t, err, host.CodeConflict, "the value of n in the record "+ids[0]+" is too long for an index")
		}
		wantObject(t, b, o)
	}},
	{"UpdateObjects", func(t *testing.T, b bundle) {
		o := b.object(b.app("A"), "orders", nil, nil)
		ids := b.records(o, `{"n":{"a":1}}`)
		_, err := b.setFields(o, []string{"n"}, nil)
		wantError(t, err, host.CodeConflict, "the value of n in the record "+ids[0]+" is an object, which no unique field may have")
		if _, err := b.setFields(o, nil, []string{"n"}); err != nil {
			t.Fatal(err)
		}
	}},
	{"UpdateAtOnce", func(t *testing.T, b bundle) {
		app := b.app("A")
		o := b.object(app, "orders", nil, nil)
		b.records(o, `{"a":1}`, `{"a":2}`)
		b.atOnce(4, func(i int) {
			field := []string{"a", "b"}[i%2]
			_, err := b.UpdateObject(t.Context(), app.ID, o.Name, func(o *host.Object) error {
				if !slices.Contains(o.IndexedFields, field) {
					o.IndexedFields = append(o.IndexedFields, field)
				}
				return nil
			})
			if err != nil && host.CodeOf(err) != host.CodeConflict {
				t.Error(err)
			}
		})
		got, err := b.Object(t.Context(), app.ID, o.Name)
		if err != nil || len(got.IndexedFields) == 0 {
			t.Errorf("%+v, %v", got, err)
		}
		b.wantQuery(got, `{"filter":{"a":1},"sort":["b"]}`, `{"a":1}`)
	}},
	{"Delete", func(t *testing.T, b bundle) {
		app := b.app("A")
		o, kept := b.object(app, "orders", []string{"n"}, nil), b.object(app, "kept", nil, nil)
		b.records(o, `{"n":1}`)
		b.records(kept, `{"n":1}`)
		if err := b.DeleteObject(t.Context(), app.ID, o.Name); err != nil {
			t.Fatal(err)
		}
		wantError(t, b.DeleteObject(t.Context(), app.ID, o.Name), host.CodeNotFound, "Object not found")
		_, err := b.ReadRecords(app.ID).QueryRecords(t.Context(), o, &host.Query{})
		wantError(t, err, host.CodeNotFound, "Object not found")
		again := b.object(app, o.Name, []string{"n"}, nil)
		b.wantQuery(again, `{}`)
		b.wantQuery(kept, `{}`, `{"n":1}`)
	}},
}
