package client_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// TestFieldsOf holds the fields against an endpoint that has a value in every
// one, so that a field that comes later cannot be forgotten.
func TestFieldsOf(t *testing.T) {
	t.Parallel()
	e := host.NewEndpoint()
	e.Module = host.PinnedModule{Name: "m", Version: 3, Digest: "abc"}
	e.RateLimit = &host.RateLimit{Limit: 7, Window: "hour"}
	e.RequestSchema, e.ResponseSchema = json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":2}`)
	want, got := membersOf(t, e), membersOf(t, client.FieldsOf(e))
	want["module"] = "abc"
	for _, name := range []string{"id", "created_at", "updated_at", "revision"} {
		delete(want, name)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(want) != reflect.TypeFor[client.EndpointFields]().NumField() {
		t.Errorf("an endpoint has %d fields, a change %d", len(want), reflect.TypeFor[client.EndpointFields]().NumField())
	}
	e.RateLimit = nil
	if _, limited := membersOf(t, client.FieldsOf(e))["rate_limit"]; limited {
		t.Error("no rate limit became one")
	}
}

func membersOf(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	var members map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &members)
	}
	if err != nil {
		t.Fatal(err)
	}
	return members
}
