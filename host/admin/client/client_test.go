package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

const key = "apps_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// seen is what a fake server was asked.
type seen struct {
	Line, Key, IfMatch, Type, Body string
}

// fake starts a server that gives one answer to everything, and returns a
// client of it and the place where the last request shows up.
func fake(t *testing.T, status int, header http.Header, answer string) (*client.Client, *seen) {
	t.Helper()
	last := &seen{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = seen{r.Method + " " + r.RequestURI, r.Header.Get("X-API-Key"), r.Header.Get("If-Match"), r.Header.Get("Content-Type"), string(body)}
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Server: server.URL + "/", APIKey: key, HTTP: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c, last
}

const failure = `{"error":"App not found","code":"not_found","request_id":"r-1"}`

// TestClient_Requests holds every method against the route it must ask for.
// The answer is always an error, so that no method depends on its decoding.
func TestClient_Requests(t *testing.T) {
	t.Parallel()
	name := client.Value("x")
	page := host.Page{Limit: 5, Offset: 10}
	checkRequests(t, []request{
		{seen{Line: "POST /v1/apps", Body: `{"name":"x","description":null}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateApp(ctx, client.AppFields{Name: name, Description: client.Null[string]()})
			return err
		}},
		{seen{Line: "GET /v1/apps?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.Apps(ctx, page); return err }},
		{seen{Line: "GET /v1/apps/shop@staging"}, func(ctx context.Context, c *client.Client) error { _, err := c.App(ctx, "shop@staging"); return err }},
		{seen{Line: "GET /v1/apps/..%2Fkeys"}, func(ctx context.Context, c *client.Client) error { _, err := c.App(ctx, "../keys"); return err }},
		{seen{Line: "PATCH /v1/apps/a", Body: `{"webhook_enabled":false}`, IfMatch: `"7"`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateApp(ctx, "a", client.AppFields{WebhookEnabled: client.Value(false)}, client.IfMatch(7))
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a"}, func(ctx context.Context, c *client.Client) error { return c.DeleteApp(ctx, "a") }},
		{seen{Line: "POST /v1/apps/a/modules?name=m+n", Type: "application/wasm", Body: "wasm"}, func(ctx context.Context, c *client.Client) error {
			_, _, err := c.UploadModule(ctx, "a", client.Upload{Name: "m n", Content: strings.NewReader("wasm"), Size: 4})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/modules"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.Modules(ctx, "a", host.Page{})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/modules/m"}, func(ctx context.Context, c *client.Client) error { _, err := c.Module(ctx, "a", "m"); return err }},
		{seen{Line: "GET /v1/apps/a/modules/m/content"}, func(ctx context.Context, c *client.Client) error {
			return c.DownloadModule(ctx, "a", "m", io.Discard)
		}},
		{seen{Line: "DELETE /v1/apps/a/modules/m"}, func(ctx context.Context, c *client.Client) error { return c.DeleteModule(ctx, "a", "m") }},
		{seen{Line: "POST /v1/apps/a/endpoints", Body: `{"name":"x","request_schema":{"type":"object"}}`}, func(ctx context.Context, c *client.Client) error {
			_, _, err := c.CreateEndpoint(ctx, "a", client.EndpointFields{Name: name, RequestSchema: client.Value(json.RawMessage(`{"type":"object"}`))})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/endpoints?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.Endpoints(ctx, "a", page); return err }},
		{seen{Line: "GET /v1/apps/a/endpoints/e"}, func(ctx context.Context, c *client.Client) error { _, err := c.Endpoint(ctx, "a", "e"); return err }},
		{seen{Line: "PATCH /v1/apps/a/endpoints/e", Body: `{"timeout_ms":5}`, IfMatch: `"3"`}, func(ctx context.Context, c *client.Client) error {
			_, _, err := c.UpdateEndpoint(ctx, "a", "e", client.EndpointFields{TimeoutMS: client.Value(5)}, client.IfMatch(3))
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a/endpoints/e"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.DeleteEndpoint(ctx, "a", "e")
			return err
		}},
		{seen{Line: "POST /v1/apps/a/releases", Body: `{"endpoints":[],"note":"n"}`}, func(ctx context.Context, c *client.Client) error {
			_, _, err := c.MakeRelease(ctx, "a", client.State{Note: "n"})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/releases"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.Releases(ctx, "a", host.Page{})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/releases/3"}, func(ctx context.Context, c *client.Client) error { _, err := c.Release(ctx, "a", 3); return err }},
		{seen{Line: "POST /v1/apps/a/releases/3/activate", IfMatch: `"5"`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.ActivateRelease(ctx, "a", 3, client.IfMatch(5))
			return err
		}},
		{seen{Line: "POST /v1/keys", Body: `{"name":"x","variables":{"a":"b"}}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateKey(ctx, client.KeyFields{Name: name, AccessFields: client.AccessFields{Variables: client.Value(map[string]string{"a": "b"})}})
			return err
		}},
		{seen{Line: "GET /v1/keys"}, func(ctx context.Context, c *client.Client) error { _, err := c.Keys(ctx, host.Page{}); return err }},
		{seen{Line: "GET /v1/keys/k"}, func(ctx context.Context, c *client.Client) error { _, err := c.Key(ctx, "k"); return err }},
		{seen{Line: "PATCH /v1/keys/k", Body: `{"enabled":false}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateKey(ctx, "k", client.KeyFields{Enabled: client.Value(false)})
			return err
		}},
		{seen{Line: "DELETE /v1/keys/k"}, func(ctx context.Context, c *client.Client) error { return c.DeleteKey(ctx, "k") }},
		{seen{Line: "POST /v1/keys/k/rotate", Body: `{"grace_seconds":90}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.RotateKey(ctx, "k", 90*time.Second)
			return err
		}},
		{seen{Line: "POST /v1/tokens", Body: `{"name":"x","rate_limit":{"limit":5,"window":"day"}}`}, func(ctx context.Context, c *client.Client) error {
			limit := client.Value(host.RateLimit{Limit: 5, Window: "day"})
			_, err := c.CreateToken(ctx, client.TokenFields{Name: name, AccessFields: client.AccessFields{RateLimit: limit}})
			return err
		}},
		{seen{Line: "GET /v1/tokens?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.Tokens(ctx, page); return err }},
		{seen{Line: "GET /v1/tokens/t"}, func(ctx context.Context, c *client.Client) error { _, err := c.Token(ctx, "t"); return err }},
		{seen{Line: "DELETE /v1/tokens/t"}, func(ctx context.Context, c *client.Client) error { return c.DeleteToken(ctx, "t") }},
		{seen{Line: "GET /v1/signing-keys?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.SigningKeys(ctx, page); return err }},
		{seen{Line: "POST /v1/signing-keys/rotate"}, func(ctx context.Context, c *client.Client) error { _, err := c.RotateSigningKey(ctx); return err }},
		{seen{Line: "DELETE /v1/signing-keys/s"}, func(ctx context.Context, c *client.Client) error { return c.DeleteSigningKey(ctx, "s") }},
		{seen{Line: "POST /v1/apps/a/key-groups", Body: `{"name":"x","members":["m"]}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateKeyGroup(ctx, "a", client.KeyGroupFields{Name: name, Members: client.Value([]string{"m"})})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/key-groups?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.KeyGroups(ctx, "a", page); return err }},
		{seen{Line: "GET /v1/apps/a/key-groups/b%20c"}, func(ctx context.Context, c *client.Client) error { _, err := c.KeyGroup(ctx, "a", "b c"); return err }},
		{seen{Line: "PATCH /v1/apps/a/key-groups/g", Body: `{"name":"x"}`, IfMatch: `"4"`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateKeyGroup(ctx, "a", "g", client.KeyGroupFields{Name: name}, client.IfMatch(4))
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a/key-groups/g"}, func(ctx context.Context, c *client.Client) error { return c.DeleteKeyGroup(ctx, "a", "g") }},
		{seen{Line: "POST /v1/apps/a/issuers", Body: `{"name":"x","jwks_url":null}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateIssuer(ctx, "a", client.IssuerFields{Name: name, JWKSURL: client.Null[string]()})
			return err
		}},
		{seen{Line: "GET /v1/apps/a/issuers?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.Issuers(ctx, "a", page); return err }},
		{seen{Line: "GET /v1/apps/a/issuers/i"}, func(ctx context.Context, c *client.Client) error { _, err := c.Issuer(ctx, "a", "i"); return err }},
		{seen{Line: "PATCH /v1/apps/a/issuers/i", Body: `{"enabled":false}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateIssuer(ctx, "a", "i", client.IssuerFields{Enabled: client.Value(false)})
			return err
		}},
		{seen{Line: "DELETE /v1/apps/a/issuers/i"}, func(ctx context.Context, c *client.Client) error { return c.DeleteIssuer(ctx, "a", "i") }},
		{seen{Line: "GET /v1/apps/a/invocations?after=r&endpoint=e&failed=true&limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.Invocations(ctx, "a", host.InvocationFilter{EndpointID: "e", Failed: true, After: "r"}, page)
			return err
		}},
		{seen{Line: "GET /v1/apps/a/invocations/r"}, func(ctx context.Context, c *client.Client) error { _, err := c.Invocation(ctx, "a", "r"); return err }},
		{seen{Line: "GET /v1/organization"}, func(ctx context.Context, c *client.Client) error { _, err := c.Organization(ctx); return err }},
		{seen{Line: "PATCH /v1/organization", Body: `{"api_key_enabled":false}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateOrganization(ctx, client.OrganizationFields{APIKeyEnabled: client.Value(false)})
			return err
		}},
		{seen{Line: "GET /v1/audit-log?action=update-key&actor=a&limit=5&offset=10&since=2030-03-17T17%3A46%3A40.000Z&target=t"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.AuditLog(ctx, host.AuditFilter{Actor: "a", Action: "update-key", Target: "t", Since: host.FromMillis(1_900_000_000_000)}, page)
			return err
		}},
		{seen{Line: "GET /v1/audit-log?action=update-key&format=ndjson"}, func(ctx context.Context, c *client.Client) error {
			return c.ExportAuditLog(ctx, host.AuditFilter{Action: "update-key"}, io.Discard)
		}},
		{seen{Line: "POST /v1/members", Body: `{"name":"x","role":"admin","environments":["staging"]}`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.CreateMember(ctx, client.MemberFields{Name: name, Role: client.Value(host.Admin), Environments: client.Value([]string{"staging"})})
			return err
		}},
		{seen{Line: "GET /v1/members?limit=5&offset=10"}, func(ctx context.Context, c *client.Client) error { _, err := c.Members(ctx, page); return err }},
		{seen{Line: "GET /v1/members/m"}, func(ctx context.Context, c *client.Client) error { _, err := c.Member(ctx, "m"); return err }},
		{seen{Line: "PATCH /v1/members/m", Body: `{"environments":null,"enabled":true}`, IfMatch: `"4"`}, func(ctx context.Context, c *client.Client) error {
			_, err := c.UpdateMember(ctx, "m", client.MemberFields{Environments: client.Null[[]string](), Enabled: client.Value(true)}, client.IfMatch(4))
			return err
		}},
		{seen{Line: "POST /v1/members/m/rotate"}, func(ctx context.Context, c *client.Client) error { _, err := c.RotateMember(ctx, "m"); return err }},
		{seen{Line: "DELETE /v1/members/m"}, func(ctx context.Context, c *client.Client) error { return c.DeleteMember(ctx, "m") }},
		{seen{Line: "POST /v1/organization/api-key/regenerate"}, func(ctx context.Context, c *client.Client) error {
			_, err := c.RegenerateAPIKey(ctx)
			return err
		}},
	})
}

// request is what a method must ask for.
type request struct {
	want seen
	do   func(context.Context, *client.Client) error
}

func checkRequests(t *testing.T, tests []request) {
	for _, test := range tests {
		t.Run(test.want.Line, func(t *testing.T) {
			t.Parallel()
			c, got := fake(t, 404, nil, failure)
			if err := test.do(t.Context(), c); host.CodeOf(err) != host.CodeNotFound {
				t.Fatalf("error is %v", err)
			}
			test.want.Key = key
			if test.want.Body != "" && test.want.Type == "" {
				test.want.Type = "application/json"
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClient_Answers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	etag := http.Header{"Etag": {`"9"`}}

	c, _ := fake(t, 201, etag, `{"success":true,"app":{"id":"i","slug":"shop","domains":["a.example.com"]}}`)
	if app, err := c.CreateApp(ctx, client.AppFields{}); err != nil || app.Slug != "shop" || app.Revision != 9 || len(app.Domains) != 1 {
		t.Errorf("CreateApp: %+v, %v", app, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"apps":[{"slug":"a"},{"slug":"b"}],"pagination":{"limit":2,"offset":0,"total":3,"has_more":true}}`)
	if apps, err := c.Apps(ctx, host.Page{}); err != nil || len(apps.Items) != 2 || apps.Items[1].Slug != "b" ||
		apps.Pagination != (client.Pagination{Limit: 2, Total: 3, HasMore: true}) {
		t.Errorf("Apps: %+v, %v", apps, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"module":{"name":"m","version":2,"digest":"d"}}`)
	if m, created, err := c.UploadModule(ctx, "a", client.Upload{Content: strings.NewReader("")}); err != nil || created || m.Version != 2 {
		t.Errorf("UploadModule: %+v, %v, %v", m, created, err)
	}
	c, _ = fake(t, 201, nil, `{"success":true,"endpoint":{"name":"e"},"release":{"number":7}}`)
	if e, n, err := c.CreateEndpoint(ctx, "a", client.EndpointFields{}); err != nil || e.Name != "e" || n != 7 {
		t.Errorf("CreateEndpoint: %+v, %d, %v", e, n, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"message":"gone","release":{"number":8}}`)
	if n, err := c.DeleteEndpoint(ctx, "a", "e"); err != nil || n != 8 {
		t.Errorf("DeleteEndpoint: %d, %v", n, err)
	}
	c, _ = fake(t, 201, etag, `{"success":true,"key":{"id":"k","status":"active","expires_at":null,"key":"ask_x"}}`)
	if k, err := c.CreateKey(ctx, client.KeyFields{}); err != nil || k.Secret != "ask_x" || k.Status != host.KeyActive || k.Revision != 9 {
		t.Errorf("CreateKey: %+v, %v", k, err)
	}
	c, _ = fake(t, 201, nil, `{"success":true,"token":{"id":"t","status":"expired","kid":"s","token":"eyJ"}}`)
	if token, err := c.CreateToken(ctx, client.TokenFields{}); err != nil || token.JWT != "eyJ" || token.Status != host.KeyExpired || token.KeyID != "s" {
		t.Errorf("CreateToken: %+v, %v", token, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"signing_key":{"kid":"s","active":true,"public_key":"AAE="}}`)
	if k, err := c.RotateSigningKey(ctx); err != nil || k.ID != "s" || !k.Active || len(k.PublicKey) != 2 {
		t.Errorf("RotateSigningKey: %+v, %v", k, err)
	}
	c, _ = fake(t, 200, etag, `{"success":true,"key_group":{"name":"g","members":["m"]}}`)
	if g, err := c.KeyGroup(ctx, "a", "g"); err != nil || g.Name != "g" || len(g.Members) != 1 || g.Revision != 9 {
		t.Errorf("KeyGroup: %+v, %v", g, err)
	}
	c, _ = fake(t, 200, etag, `{"success":true,"issuer":{"issuer":"i","required_claims":{"admin":true}}}`)
	if i, err := c.Issuer(ctx, "a", "i"); err != nil || i.Issuer != "i" || i.RequiredClaims["admin"] != true || i.Revision != 9 {
		t.Errorf("Issuer: %+v, %v", i, err)
	}
	c, _ = fake(t, 201, nil, `{"success":true,"release":{"number":3},"warnings":["w"]}`)
	if r, warnings, err := c.MakeRelease(ctx, "a", client.State{}); err != nil || r.Number != 3 || len(warnings) != 1 {
		t.Errorf("MakeRelease: %+v, %q, %v", r, warnings, err)
	}
	c, _ = fake(t, 200, nil, `{"success":true,"api_key":"apps_x"}`)
	if k, err := c.RegenerateAPIKey(ctx); err != nil || k != "apps_x" {
		t.Errorf("RegenerateAPIKey: %q, %v", k, err)
	}
	c, _ = fake(t, 200, nil, "\x00asm")
	var content bytes.Buffer
	if err := c.DownloadModule(ctx, "a", "m", &content); err != nil || content.String() != "\x00asm" {
		t.Errorf("DownloadModule: %q, %v", content.String(), err)
	}
}

func TestClient_Errors(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, 400, nil, `{"error":"name is required","code":"invalid_request","request_id":"r-2","details":[{"path":"/name"}]}`)
	_, err := c.App(t.Context(), "a")
	var answered *client.Error
	if !errors.As(err, &answered) || answered.Status != 400 || answered.RequestID != "r-2" || err.Error() != "name is required (request id r-2)" {
		t.Fatalf("error is %#v", err)
	}
	if e := host.AsError(err); e.Code != host.CodeInvalid || e.Message != "name is required" || string(e.Details.(json.RawMessage)) != `[{"path":"/name"}]` {
		t.Errorf("host error is %+v", e)
	}

	for status, code := range map[int]host.Code{502: host.CodeUnavailable, 500: host.CodeInternal, 404: host.CodeNotFound, 413: host.CodeTooLarge, 302: host.CodeInvalid} {
		c, _ := fake(t, status, http.Header{"Location": {"http://127.0.0.1:1/"}}, "<html>")
		if _, err := c.App(t.Context(), "a"); host.CodeOf(err) != code || !strings.Contains(err.Error(), "not how Postern answers") {
			t.Errorf("status %d: %v", status, err)
		}
	}

	c, _ = fake(t, 200, nil, "<html>welcome</html>")
	var lost *client.ConnectionError
	if _, err := c.App(t.Context(), "a"); !errors.As(err, &lost) {
		t.Errorf("HTML: %v", err)
	}
	if _, err := c.App(t.Context(), ""); host.CodeOf(err) != host.CodeInvalid {
		t.Errorf("empty name: %v", err)
	}
}

// TestClient_Member covers that a member's token goes where it belongs.
func TestClient_Member(t *testing.T) {
	t.Parallel()
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	c, err := client.New(client.Config{Server: server.URL, APIKey: "pat_0123"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.App(t.Context(), "a"); err == nil {
		t.Error("no error")
	}
	if got.Get("Authorization") != "Bearer pat_0123" || got.Values("X-API-Key") != nil {
		t.Errorf("sent %v", got)
	}
}

func TestClient_NoServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := client.New(client.Config{Server: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Apps(t.Context(), host.Page{})
	var lost *client.ConnectionError
	if !errors.As(err, &lost) || lost.Server != server.URL {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Apps(ctx, host.Page{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestClient_RedirectKeepsKey shows that a redirect does not carry the key to
// another host.
func TestClient_RedirectKeepsKey(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	t.Cleanup(other.Close)
	c, _ := fake(t, 307, http.Header{"Location": {other.URL}}, "")
	if _, err := c.App(t.Context(), "a"); err == nil {
		t.Error("a redirect is no success")
	}
	if asked.Load() {
		t.Error("the redirect was followed")
	}
}

func TestClient_UploadProgress(t *testing.T) {
	t.Parallel()
	c, got := fake(t, 201, nil, `{"success":true,"module":{"name":"m","version":1}}`)
	content := strings.Repeat("x", 1<<20)
	var last int64
	rising := true
	_, created, err := c.UploadModule(t.Context(), "a", client.Upload{
		Name: "m", Content: strings.NewReader(content), Size: int64(len(content)),
		Progress: func(sent int64) { rising, last = rising && sent > last, sent },
	})
	if err != nil || !created || got.Body != content {
		t.Fatalf("created %v, %v, %d bytes arrived", created, err, len(got.Body))
	}
	if last != int64(len(content)) || !rising {
		t.Errorf("progress ended at %d, rising: %v", last, rising)
	}
}

func TestNew_RefusesBadServers(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "127.0.0.1:8080", "ftp://h", "http://", "http://u:p@h", "http://h?q", "http://h#f", "http://%zz"} {
		if _, err := client.New(client.Config{Server: server}); err == nil {
			t.Errorf("%q was accepted", server)
		}
	}
}
