package admin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
)

// as makes a request with a member's token.
func (b *bundle) as(token, method, path, body string) answer {
	b.t.Helper()
	return b.do(method, path, body, "X-API-Key", "", "Authorization", "Bearer "+token)
}

// TestMembers covers the life of a member.
func TestMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.want(b.do("POST", "/v1/members", `{"name":"Ada","role":"developer","environments":["staging"]}`), 201, "")
	id, token := created.text("member", "id"), created.text("member", "token")
	if !regexp.MustCompile(`^pat_[0-9a-f]{64}$`).MatchString(token) || !strings.HasPrefix(token, created.text("member", "prefix")) || created.header.Get("ETag") != `"1"` {
		t.Errorf("created %s", created.raw)
	}
	path := "/v1/members/" + id
	for _, read := range []string{"/v1/members", path} {
		if a := b.want(b.do("GET", read, ""), 200, ""); strings.Contains(string(a.raw), token[:20]) || !strings.Contains(string(a.raw), `"environments":["staging"]`) {
			t.Errorf("GET %s: %s", read, a.raw)
		}
	}
	b.want(b.as(token, "GET", "/v1/apps", ""), 200, "")

	b.want(b.do("PATCH", path, `{"enabled":false}`), 200, "")
	b.want(b.as(token, "GET", "/v1/apps", ""), 401, "Invalid or revoked member token")
	b.want(b.do("PATCH", path, `{"enabled":true,"role":"viewer","environments":null}`, "If-Match", `"2"`), 200, "")
	b.want(b.as(token, "GET", "/v1/tokens", ""), 403, "This needs the role developer; yours is viewer")
	b.want(b.do("PATCH", path, `{}`, "If-Match", `"2"`), 412, "It has changed since")

	b.want(b.do("POST", path+"/rotate", "", "If-Match", `"1"`), 412, "It has changed since")
	rotated := b.want(b.do("POST", path+"/rotate", ""), 200, "").text("member", "token")
	b.want(b.as(token, "GET", "/v1/apps", ""), 401, "Invalid or revoked member token")
	b.want(b.as(rotated, "GET", "/v1/apps", ""), 200, "")
	b.want(b.do("DELETE", path, ""), 200, "")
	b.want(b.as(rotated, "GET", "/v1/apps", ""), 401, "Invalid or revoked member token")
	for _, method := range []string{"GET", "DELETE"} {
		b.want(b.do(method, path, ""), 404, "Member not found")
	}
	b.want(b.do("PATCH", path, `{}`), 404, "Member not found")
	b.want(b.do("POST", path+"/rotate", ""), 404, "Member not found")
}

// TestMembers_LastUsed covers when a member called last: also a call that its
// role does not admit, but none of the organization's, and none by a token that
// ended.
func TestMembers_LastUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := func(name string) string {
		for _, m := range b.want(b.do("GET", "/v1/members", ""), 200, "").body["members"].([]any) {
			if m := m.(map[string]any); m["name"] == name {
				at, _ := m["last_used_at"].(string)
				return at
			}
		}
		return "no such member"
	}
	tokens := map[string]string{}
	for _, name := range []string{"caller", "refused", "idle", "disabled"} {
		created := b.want(b.do("POST", "/v1/members", `{"name":"`+name+`","role":"viewer"}`), 201, "")
		if created.text("member", "last_used_at") != "null" || at(name) != "" {
			t.Errorf("created %s", created.raw)
		}
		tokens[name] = created.text("member", "token")
		if name == "disabled" {
			b.want(b.do("PATCH", "/v1/members/"+created.text("member", "id"), `{"enabled":false}`), 200, "")
		}
	}
	b.want(b.as(tokens["caller"], "GET", "/v1/apps", ""), 200, "")
	b.want(b.as(tokens["refused"], "GET", "/v1/keys", ""), 403, "")
	b.want(b.as(tokens["disabled"], "GET", "/v1/apps", ""), 401, "")
	b.limits.Close() // writes what it knows
	for name, used := range map[string]bool{"caller": true, "refused": true, "idle": false, "disabled": false} {
		if (at(name) != "") != used {
			t.Errorf("%s: last used %q, want %v", name, at(name), used)
		}
	}
}

// TestMembers_Invalid covers what a member must not be.
func TestMembers_Invalid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newMember(host.Viewer, "null")
	b.want(b.do("POST", "/v1/members", `{"name":"Taken","role":"viewer"}`), 201, "")
	for body, text := range map[string]string{
		`{}`:                         "name is required",
		`{"name":"x"}`:               "role is required and must be one of viewer, developer, admin, sysadmin",
		`{"name":"x","role":null}`:   "role must be a string",
		`{"name":"x","role":"root"}`: "role is required and must be one of",
		`{"name":"x","role":"viewer","environments":[]}`:               "environments must hold some of production, staging, development, or be null for all",
		`{"name":"x","role":"viewer","environments":["qa"]}`:           "environments must hold some of",
		`{"name":"x","role":"viewer","environments":"staging"}`:        "environments must be a list of strings",
		`{"name":"x","role":"sysadmin","environments":["production"]}`: "environments must be null for a sysadmin",
		`{"name":"x","role":"viewer","token":"pat_"}`:                  "token is not a known field",
	} {
		b.want(b.do("POST", "/v1/members", body), 400, text)
	}
	b.want(b.do("POST", "/v1/members", `{"name":"Taken","role":"admin"}`), 409, "name is already taken by another member")
}

// TestMembers_LastSysadmin covers that one remains.
func TestMembers_LastSysadmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.newMember(host.Sysadmin, "null")
	id := b.want(b.as(root, "GET", "/v1/members", ""), 200, "").body["members"].([]any)[0].(map[string]any)["id"].(string)
	for _, body := range []string{`{"enabled":false}`, `{"role":"admin"}`} {
		b.want(b.do("PATCH", "/v1/members/"+id, body), 409, "and one must remain")
	}
	b.want(b.as(root, "DELETE", "/v1/members/"+id, ""), 409, "and one must remain")
	b.want(b.as(root, "GET", "/v1/members", ""), 200, "")
	b.newMember(host.Sysadmin, "null")
	b.want(b.as(root, "DELETE", "/v1/members/"+id, ""), 200, "")
}

// TestMembers_Environments covers what a limited member finds in lists and may
// make.
func TestMembers_Environments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(b.do("POST", "/v1/apps", `{"name":"Live"}`), 201, "")
	b.want(b.do("POST", "/v1/apps", `{"name":"Trial","environment":"staging"}`), 201, "")
	b.want(b.do("POST", "/v1/tokens", `{"name":"live"}`), 201, "")
	b.want(b.do("POST", "/v1/tokens", `{"name":"trial","environment":"staging"}`), 201, "")
	for environments, want := range map[string]string{`null`: "Trial Live 2", `["production"]`: "Live 1", `["staging","development"]`: "Trial 1", `["development"]`: "0"} {
		token := b.newMember(host.Developer, environments)
		for _, list := range []string{"apps", "tokens"} {
			a := b.want(b.as(token, "GET", "/v1/"+list, ""), 200, "")
			var names []string
			for _, item := range a.body[list].([]any) {
				names = append(names, item.(map[string]any)["name"].(string))
			}
			if got := strings.Join(append(names, a.text("pagination", "total")), " "); !strings.EqualFold(got, want) {
				t.Errorf("limited to %s: %s %s, want %s", environments, list, got, want)
			}
		}
	}
	admin := b.newMember(host.Admin, `["staging"]`)
	b.want(b.as(admin, "GET", "/v1/apps/trial@staging", ""), 200, "")
	b.want(b.as(admin, "GET", "/v1/apps/live", ""), 404, "App not found")
	b.want(b.as(admin, "GET", "/v1/apps/none@staging", ""), 404, "App not found")
	archive := string(b.want(b.do("GET", "/v1/apps/live/export", ""), 200, "").raw)
	b.want(b.as(admin, "POST", "/v1/apps/import?app=live", archive), 404, "App not found")
	b.want(b.as(admin, "POST", "/v1/apps/import?name=Copy", archive), 403, "Your access does not include the environment production")
	b.want(b.as(admin, "POST", "/v1/apps/import?name=Copy&environment=staging", archive), 201, "")
	b.want(b.as(admin, "POST", "/v1/apps", `{"name":"Second","environment":"staging"}`), 201, "")
	for _, made := range []string{"apps", "tokens"} {
		b.want(b.as(admin, "POST", "/v1/"+made, `{"name":"third"}`), 403, "Your access does not include the environment production")
	}
}

// TestKeyGroups_Limited covers that a member who is limited to environments
// neither adds credentials of others to a group nor learns that they are there.
func TestKeyGroups_Limited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := func(path, body, noun string) string {
		return b.want(b.do("POST", path, body), 201, "").text(noun, "id")
	}
	groups := "/v1/apps/" + created("/v1/apps", `{"name":"Trial","environment":"staging"}`, "app") + "/key-groups"
	liveKey, liveToken := created("/v1/keys", `{"name":"a","environment":"production"}`, "key"), created("/v1/tokens", `{"name":"a"}`, "token")
	own, anywhere := created("/v1/keys", `{"name":"b","environment":"staging"}`, "key"), created("/v1/keys", `{"name":"c"}`, "key")
	body := func(ids ...string) string { return `{"name":"g","members":["` + strings.Join(ids, `","`) + `"]}` }
	none := "members: there is no key, token or issuer of this app with the id "
	dev := b.newMember(host.Developer, `["staging"]`)

	for _, id := range []string{liveKey, liveToken, host.NewID()} {
		b.want(b.as(dev, "POST", groups, body(own, id)), 400, none+id)
	}
	b.want(b.as(dev, "POST", groups, body(own, anywhere)), 201, "")
	for _, id := range []string{liveKey, liveToken, host.NewID()} {
		b.want(b.as(dev, "PATCH", groups+"/g", body(own, id)), 400, none+id)
	}
	b.want(b.do("PATCH", groups+"/g", body(own, liveKey)), 200, "")
	b.want(b.as(dev, "PATCH", groups+"/g", body(anywhere, liveKey)), 200, "") // it was there
	b.want(b.as(dev, "PATCH", groups+"/g", body(anywhere)), 200, "")
	b.want(b.as(dev, "PATCH", groups+"/g", body(anywhere, liveKey)), 400, none+liveKey)
	b.want(b.as(dev, "PATCH", groups+"/g", `{"members":["x"]}`), 400, "members must hold ids")
	b.want(b.as(dev, "PATCH", groups+"/none", body(own)), 404, "Key group not found")
}

// TestApps_Masked covers who reads the secrets of an app.
func TestApps_Masked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := "/v1/apps/" + b.want(b.do("POST", "/v1/apps", `{"name":"A","email_platform":"brevo","email_credentials":{"key":"xkeysib","list":{"id":1}}}`), 201, "").text("app", "id")
	full := b.want(b.do("GET", app, ""), 200, "")
	for _, role := range host.Roles {
		token := b.newMember(role, "null")
		one := b.want(b.as(token, "GET", app, ""), 200, "")
		list := b.want(b.as(token, "GET", "/v1/apps", ""), 200, "")
		if listed := "[" + one.text("app") + "]"; list.text("apps") != listed {
			t.Errorf("%s: listed %s, shown %s", role, list.text("apps"), listed)
		}
		secret, credentials := "as_********", `{"key":"********","list":"********"}`
		if role.Includes(host.Admin) {
			secret, credentials = full.text("app", "api_secret"), full.text("app", "email_credentials")
		}
		if one.text("app", "api_secret") != secret || one.text("app", "email_credentials") != credentials || one.text("app", "engagement_credentials") != "null" {
			t.Errorf("%s sees %s", role, one.raw)
		}
	}
}

// TestOrganization_Key covers suspending the organization API key.
func TestOrganization_Key(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(b.do("PATCH", "/v1/organization", `{"api_key_enabled":false}`), 403, "api_key_enabled can be changed only by a member who is a sysadmin")
	if a := b.want(b.do("PATCH", "/v1/organization", `{"name":"Renamed"}`), 200, ""); a.text("organization", "name") != "Renamed" || a.text("organization", "api_key_enabled") != "true" {
		t.Errorf("renamed %s", a.raw)
	}
	b.want(b.do("PATCH", "/v1/organization", `{"name":""}`), 400, "name is required")
	b.want(b.do("PATCH", "/v1/organization", `{"id":"x"}`), 400, "id is not a known field")
	root := b.newMember(host.Sysadmin, "null")
	b.want(b.as(root, "PATCH", "/v1/organization", `{"api_key_enabled":false}`), 200, "")
	b.want(b.do("GET", "/v1/organization", ""), 403, "The organization API key is suspended")
	b.want(b.do("GET", "/v1/organization", "", "Authorization", "Bearer "+root), 403, "The organization API key is suspended")
	if a := b.want(b.as(root, "GET", "/v1/organization", ""), 200, ""); a.text("organization", "api_key_enabled") != "false" {
		t.Errorf("suspended %s", a.raw)
	}
	fresh := b.want(b.as(root, "POST", "/v1/organization/api-key/regenerate", ""), 200, "").text("api_key")
	b.want(b.do("GET", "/v1/organization", ""), 401, "Invalid or revoked API key")
	b.key = fresh
	b.want(b.do("GET", "/v1/organization", ""), 403, "The organization API key is suspended")
	b.want(b.as(root, "PATCH", "/v1/organization", `{"api_key_enabled":true}`), 200, "")
	b.want(b.do("GET", "/v1/organization", ""), 200, "")
}
