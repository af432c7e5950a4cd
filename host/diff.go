package host

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// ReleaseDiff is what changes between two releases of an app.
type ReleaseDiff struct {
	From      int          `json:"from" doc:"Number of the release before; 0 for none"`
	To        int          `json:"to" doc:"Number of the release after"`
	Endpoints EndpointDiff `json:"endpoints"`
	Modules   ModuleDiff   `json:"modules"`
}

// EndpointDiff is what changes among endpoints, matched by their ids.
type EndpointDiff struct {
	Added   []Endpoint       `json:"added"`
	Removed []Endpoint       `json:"removed"`
	Changed []EndpointChange `json:"changed"`
}

// EndpointChange is an endpoint that both releases have, with what differs.
type EndpointChange struct {
	ID     string        `json:"id"`
	Name   string        `json:"name" doc:"As in the release after"`
	Method string        `json:"method" doc:"As in the release after"`
	Path   string        `json:"path" doc:"As in the release after"`
	Fields []FieldChange `json:"fields"`
}

// FieldChange is a field with another value than before.
type FieldChange struct {
	Field string          `json:"field" doc:"Name as in an endpoint"`
	Old   json.RawMessage `json:"old" doc:"Value before, as in an endpoint"`
	New   json.RawMessage `json:"new" doc:"Value after, as in an endpoint"`
}

// ModuleDiff is what changes among the modules that releases pin. A name of
// which each release has one version that the other lacks is changed.
type ModuleDiff struct {
	Added   []PinnedModule `json:"added"`
	Removed []PinnedModule `json:"removed"`
	Changed []ModuleChange `json:"changed"`
}

// ModuleChange is a module that is pinned in another version.
type ModuleChange struct {
	Name string       `json:"name"`
	Old  PinnedModule `json:"old"`
	New  PinnedModule `json:"new"`
}

// Empty reports whether nothing changes.
func (d *ReleaseDiff) Empty() bool {
	e := &d.Endpoints
	return len(e.Added)+len(e.Removed)+len(e.Changed) == 0
}

// DiffReleases tells how to differs from from. Endpoints come in the order of
// their paths.
func DiffReleases(from, to *Release) *ReleaseDiff {
	d := &ReleaseDiff{From: from.Number, To: to.Number}
	d.Endpoints = EndpointDiff{Added: lacking(to, from), Removed: lacking(from, to), Changed: []EndpointChange{}}
	for i := range to.Endpoints {
		e := &to.Endpoints[i]
		old := from.Endpoint(e.ID)
		if old == nil {
			continue
		}
		if fields := diffFields(old, e); len(fields) > 0 {
			d.Endpoints.Changed = append(d.Endpoints.Changed, EndpointChange{e.ID, e.Name, e.Method, e.Path, fields})
		}
	}
	sortByPath(d.Endpoints.Changed, func(c EndpointChange) (string, string) { return c.Path, c.Method })
	d.Modules = diffModules(pinned(from), pinned(to))
	return d
}

// lacking lists the endpoints of one release that another has not.
func lacking(of, in *Release) []Endpoint {
	out := []Endpoint{}
	for _, e := range of.Endpoints {
		if in.Endpoint(e.ID) == nil {
			out = append(out, e)
		}
	}
	sortByPath(out, func(e Endpoint) (string, string) { return e.Path, e.Method })
	return out
}

func sortByPath[T any](list []T, key func(T) (path, method string)) {
	slices.SortFunc(list, func(x, y T) int {
		xPath, xMethod := key(x)
		yPath, yMethod := key(y)
		return cmp.Or(strings.Compare(xPath, yPath), strings.Compare(xMethod, yMethod))
	})
}

// bookkeeping are the fields of an endpoint that say when it changed, not what
// it is.
var bookkeeping = []string{"id", "created_at", "updated_at", "revision"}

// diffFields compares the JSON of the fields, in the order of the type.
func diffFields(from, to *Endpoint) []FieldChange {
	var out []FieldChange
	x, y := reflect.ValueOf(*from), reflect.ValueOf(*to)
	for i := range x.NumField() {
		name := x.Type().Field(i).Tag.Get("json")
		if slices.Contains(bookkeeping, name) {
			continue
		}
		before, after := encoded(x.Field(i)), encoded(y.Field(i))
		if !bytes.Equal(before, after) {
			out = append(out, FieldChange{name, before, after})
		}
	}
	return out
}

// encoded is the JSON of a field. Endpoints come out of JSON, so that none can
// fail to go back into it.
func encoded(v reflect.Value) json.RawMessage {
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

// pinned lists the modules of a release, each once.
func pinned(r *Release) []PinnedModule {
	var out []PinnedModule
	for _, e := range r.Endpoints {
		if !slices.Contains(out, e.Module) {
			out = append(out, e.Module)
		}
	}
	slices.SortFunc(out, func(x, y PinnedModule) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), cmp.Compare(x.Version, y.Version), strings.Compare(x.Digest, y.Digest))
	})
	return out
}

func diffModules(from, to []PinnedModule) ModuleDiff {
	d := ModuleDiff{Added: []PinnedModule{}, Removed: []PinnedModule{}, Changed: []ModuleChange{}}
	gone, fresh := without(from, to), without(to, from)
	for _, m := range fresh {
		old := ofName(gone, m.Name)
		if len(old) == 1 && len(ofName(fresh, m.Name)) == 1 {
			d.Changed = append(d.Changed, ModuleChange{m.Name, old[0], m})
			gone = without(gone, old)
			continue
		}
		d.Added = append(d.Added, m)
	}
	d.Removed = append(d.Removed, gone...)
	return d
}

// without lists what is in list and not in other.
func without(list, other []PinnedModule) (out []PinnedModule) {
	for _, m := range list {
		if !slices.Contains(other, m) {
			out = append(out, m)
		}
	}
	return out
}

func ofName(list []PinnedModule, name string) (out []PinnedModule) {
	for _, m := range list {
		if m.Name == name {
			out = append(out, m)
		}
	}
	return out
}
