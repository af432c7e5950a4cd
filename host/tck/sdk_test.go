package tck_test

import (
	"encoding/json"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/tck"
)

// TestGo_Typed goes through the typed API of the Go SDK. The guest says what is
// not as it should be.
func TestGo_Typed(t *testing.T) {
	t.Parallel()
	g, err := build("testdata/typed")
	check(t, err)
	service := tck.Service(t)
	invoke := newServer(t, "", g).App(t, tck.Setup{Objects: []*host.Object{
		named("people", func(o *host.Object) {
			o.UniqueFields = []string{"email"}
			o.Schema = json.RawMessage(`{"properties": {"email": {"minLength": 1}}}`)
		}),
		named("numbers", func(*host.Object) {}),
	}, Granted: host.Capabilities, Hosts: []string{tck.HostOf(service)}, Secrets: map[string]string{"KEY": "0123456789abcdef0123456789abcdef"}})
	if status, body, code := invoke([]byte(service)); status != 200 || string(body) != "ok" {
		t.Errorf("got %d %q: %s", status, code, body)
	}
}
