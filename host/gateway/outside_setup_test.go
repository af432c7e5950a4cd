package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/basic"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/capability/jwt"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/capability/secret"
	"github.com/posternhq/postern/host/instrument"
	"github.com/posternhq/postern/host/outbound"
	"github.com/posternhq/postern/host/store"
	"github.com/posternhq/postern/host/store/storetest"
)

// outside is a bundle whose endpoint carries out scripts of operations of all
// groups (see outside.wat). Its app is granted all of them and may reach the
// service.
type outside struct {
	*databundle
	service *httptest.Server
	asked   atomic.Int32 // how many requests the service got
}

func setupOutside(t testing.TB, c store.Config) *outside {
	t.Helper()
	client := httpout.New(outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	t.Cleanup(client.Close)
	o := &outside{databundle: setupData(t, c, everything(client))}
	o.service = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path":%q,"got":%q}`, r.URL.Path, body)
	}))
	t.Cleanup(o.service.Close)
	o.change(func(a *host.App) {
		a.Capabilities = host.Capabilities
		a.AllowedHosts = []string{strings.TrimPrefix(o.service.URL, "http://")}
	})
	return o
}

// onBothOutside runs a test on both databases.
func onBothOutside(t *testing.T, test func(t *testing.T, o *outside)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, setupOutside(t, store.Config{}))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, setupOutside(t, store.Config{URL: storetest.Postgres(t)}))
	})
}

func everything(client *httpout.Client) []capability.Operation {
	return slices.Concat(object.Operations, basic.Operations, jwt.Operations, secret.Operations, httpout.Operations(client))
}

// change changes the app.
func (o *outside) change(how func(*host.App)) {
	o.t.Helper()
	_, err := o.db.UpdateApp(context.Background(), o.app.ID, func(a *host.App) error {
		how(a)
		return nil
	})
	check(o.t, err)
	o.refresh()
}

// serve makes the endpoint, as change alters it.
func (o *outside) serve(change func(*host.Endpoint)) {
	o.t.Helper()
	o.serveGuest("ok/outside", func(e *host.Endpoint) {
		e.Input = host.InputBody
		change(e)
	})
}

// fetch is the line that sends a request to the service.
func (o *outside) fetch(path string) string { return `f{"url":"` + o.service.URL + path + `"}` }

// calls is the line that calls a function with a script.
func calls(module, function string, lines ...string) string {
	request, err := json.Marshal(map[string]string{
		"module": module, "function": function, "input": strings.Join(lines, "\n"), "inputEncoding": "text",
	})
	if err != nil {
		panic(err) // texts
	}
	return "c" + string(request)
}

// upload adds a guest of the engine as a module, or as its next version.
func (b *bundle) upload(name, guest string) host.PinnedModule {
	b.t.Helper()
	wasm, err := os.ReadFile("../engine/testdata/" + guest + ".wasm")
	check(b.t, err)
	m, err := instrument.Inspect(wasm, host.MaxMemoryMB*host.PagesPerMB)
	check(b.t, err)
	m.ID, m.AppID, m.Name, m.CreatedAt = host.NewID(), b.app.ID, name, host.Now()
	_, err = b.db.AddModule(context.Background(), m, wasm)
	check(b.t, err)
	return host.PinnedModule{Name: m.Name, Version: m.Version, Digest: m.Digest}
}

// release makes a release whose first endpoint is that of requests; the others
// have the modules.
func (b *bundle) release(first func(*host.Endpoint), modules ...host.PinnedModule) {
	b.t.Helper()
	_, err := b.db.MakeRelease(context.Background(), b.app.ID, func(d *host.Draft) error {
		d.Endpoints = nil
		for i, m := range modules {
			e := host.NewEndpoint()
			e.Name, e.Method, e.Path, e.Module = "Echo", "POST", fmt.Sprintf("/other/%d", i), m
			if i == 0 {
				e.Path, e.Input, e.RequiresAuthentication = "/echo/{id}", host.InputBody, false
				first(e)
			}
			d.Endpoints = append(d.Endpoints, *e)
		}
		return nil
	})
	check(b.t, err)
	b.refresh()
}
