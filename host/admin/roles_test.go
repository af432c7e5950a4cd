package admin_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin"
)

// route is what the OpenAPI document says of an operation.
type route struct {
	ID      string    `json:"operationId"`
	Summary string    `json:"summary"`
	Least   host.Role `json:"x-least-role"`
	Within  string    `json:"x-limited-to-environments"`
	method  string
	path    string
}

// routes lists the routes that take a credential, by path.
func routes(t *testing.T) (all []route) {
	t.Helper()
	api := admin.New(admin.Config{})
	api.Mount(fiber.New())
	raw, err := api.OpenAPI()
	check(t, err)
	var document struct {
		Paths map[string]map[string]route `json:"paths"`
	}
	check(t, json.Unmarshal(raw, &document))
	for path, methods := range document.Paths {
		for method, r := range methods {
			if r.method, r.path = strings.ToUpper(method), path; r.Least != "" {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b route) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.method, b.method))
	})
	return all
}

// TestOpenAPI_Roles holds the page about roles against the table that is
// enforced.
func TestOpenAPI_Roles(t *testing.T) {
	t.Parallel()
	const page = "ROLES.md"
	raw, err := os.ReadFile(page)
	check(t, err)
	const mark = "<!-- The rest is made by `make openapi UPDATE=1`. -->\n"
	text, _, found := strings.Cut(string(raw), mark)
	if !found {
		t.Fatalf("%s lacks the line %s", page, mark)
	}
	var b strings.Builder
	b.WriteString(text + mark + "\n| Route | What it does | Least role | Limited to the member's environments |\n|---|---|---|---|\n")
	for _, r := range routes(t) {
		fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", r.method, r.path, r.Summary, r.Least, r.Within)
	}
	if *update {
		check(t, os.WriteFile(page, []byte(b.String()), 0o644))
	} else if b.String() != string(raw) {
		t.Errorf("%s differs from the table of rights; `make openapi UPDATE=1` rewrites it", page)
	}
}

// walk is a host with an app and a token in production, where members are in
// or out.
type walk struct {
	*bundle
	app, endpoint, module, issuer, token, keyID, member, record string
	count                                                       int
}

func newWalk(t *testing.T) *walk {
	w := &walk{bundle: setup(t)}
	w.fill()
	return w
}

// fill makes one resource of each kind.
func (w *walk) fill() {
	w.count++
	name := func(s string) string { return fmt.Sprintf(`"name":"%s %d"`, s, w.count) }
	app := w.newApp(fmt.Sprintf("App %d", w.count))
	w.app = strings.TrimPrefix(app, "/v1/apps/")
	w.module = w.want(w.upload(app, "echo", "ok/echo"), 201, "").text("module", "id")
	w.endpoint = w.want(w.do("POST", app+"/endpoints", `{"name":"Echo","method":"GET","path":"/","module":"echo"}`), 201, "").text("endpoint", "id")
	w.want(w.do("POST", app+"/key-groups", `{"name":"partners"}`), 201, "")
	w.want(w.do("POST", app+"/objects", `{"name":"customers"}`), 201, "")
	w.record = w.want(w.do("POST", app+"/objects/customers/records", `{}`), 201, "").text("record", "__id")
	w.issuer = w.want(w.do("POST", app+"/issuers", `{"name":"i","issuer":"https://id.example.com","jwks_url":"https://id.example.com/keys"}`), 201, "").text("issuer", "id")
	w.token = w.want(w.do("POST", "/v1/tokens", `{`+name("t")+`}`), 201, "").text("token", "id")
	w.keyID = w.want(w.do("POST", "/v1/keys", `{`+name("k")+`}`), 201, "").text("key", "id")
	w.member = w.want(w.do("POST", "/v1/members", `{`+name("m")+`,"role":"viewer"}`), 201, "").text("member", "id")
}

// at fills in the path of a route.
func (w *walk) at(path string) string {
	return strings.NewReplacer("{app}", w.app, "{module}", w.module, "{endpoint}", w.endpoint, "{number}", "1", "{a}", "1", "{b}", "1", "{group}", "partners", "{object}", "customers", "{record}", w.record,
		"{issuer}", w.issuer, "{token}", w.token, "{key}", w.keyID, "{member}", w.member, "{request}", host.NewID(), "{kid}", host.NewID(), "{name}", "KEY").Replace(path)
}

// body is one that the route takes, so that a refusal is not for the body's
// sake.
func (w *walk) body(operation string) string {
	w.count++
	if operation == "import-app" {
		return string(w.want(w.do("GET", "/v1/apps/"+w.app+"/export", ""), 200, "").raw)
	}
	return map[string]string{
		"put-variable": `{"value":"v"}`, "put-secret": `{"value":"v"}`, "create-app": fmt.Sprintf(`{"name":"New %d"}`, w.count), "create-key": `{"name":"k"}`, "create-token": fmt.Sprintf(`{"name":"New %d"}`, w.count),
		"create-endpoint": fmt.Sprintf(`{"name":"E","method":"GET","path":"/%d","module":"echo"}`, w.count), "make-release": `{"endpoints":[]}`,
		"create-object": fmt.Sprintf(`{"name":"o%d"}`, w.count), "create-record": `{}`, "put-record": `{}`, "update-record": `{}`, "query-records": `{}`,
		"create-key-group": fmt.Sprintf(`{"name":"g%d"}`, w.count), "create-member": fmt.Sprintf(`{"name":"New %d","role":"viewer"}`, w.count),
		"create-issuer": fmt.Sprintf(`{"name":"i","issuer":"https://%d.example.com","jwks_url":"https://id.example.com/keys"}`, w.count),
	}[operation]
}

// outcome is the status that the table promises a member, 0 for one of
// success or of what has nothing to do with rights.
func (r *route) outcome(role host.Role, in bool) int {
	switch {
	case !role.Includes(r.Least):
		return 403
	case in || r.Within == "no" || r.Within == "others are not listed":
		return 0
	case r.Within == "others are refused: 403":
		return 403
	}
	return 404
}

// TestRoles walks through every route as every role, inside and outside the
// member's environments.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	for _, role := range host.Roles {
		for _, environments := range []string{`null`, `["production"]`, `["staging","development"]`} {
			if role == host.Sysadmin && environments != `null` {
				continue // such a member cannot be
			}
			token := w.newMember(role, environments)
			for _, r := range routes(t) {
				want := r.outcome(role, !strings.Contains(environments, "staging"))
				got := w.do(r.method, w.at(r.path), w.body(r.ID), "X-API-Key", "", "Authorization", "Bearer "+token)
				name := fmt.Sprintf("%s limited to %s: %s", role, environments, r.ID)
				switch {
				case want != 0:
					if got.status != want {
						t.Errorf("%s is %d, want %d: %s", name, got.status, want, got.raw)
					}
				case got.status == 401 || got.status == 403 || got.status == 404 && got.text("error") == "App not found":
					t.Errorf("%s is refused: %s", name, got.raw)
				case r.method == "DELETE" || r.ID == "regenerate-organization-key" || r.ID == "upload-module":
					w.renew(r.ID, got)
				}
			}
		}
	}
}

// renew makes up for a route that took something away.
func (w *walk) renew(operation string, got answer) {
	if operation == "regenerate-organization-key" {
		w.key = got.text("api_key")
	} else if got.status < 300 {
		w.fill()
	}
}

// newMember adds a member and returns its token.
func (b *bundle) newMember(role host.Role, environments string) string {
	b.t.Helper()
	a := b.want(b.do("POST", "/v1/members", fmt.Sprintf(`{"name":"%s %s","role":"%s","environments":%s}`, role, host.NewID(), role, environments)), 201, "")
	return a.text("member", "token")
}
