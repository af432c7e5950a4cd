package admin_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
)

// TestRateLimits covers the field wherever it stands.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	endpoint := b.want(b.do("POST", app+"/endpoints", `{"name":"Echo","method":"GET","path":"/","module":"echo"}`), 201, "")
	key := b.want(b.do("POST", "/v1/keys", `{"name":"ci"}`), 201, "")
	issuer := b.want(b.do("POST", app+"/issuers", `{"name":"i","issuer":"https://id.example.com","jwks_url":"https://id.example.com/keys"}`), 201, "")
	for path, name := range map[string]string{
		app: "app", app + "/endpoints/" + endpoint.text("endpoint", "id"): "endpoint",
		"/v1/keys/" + key.text("key", "id"): "key", app + "/issuers/" + issuer.text("issuer", "id"): "issuer",
	} {
		if a := b.do("GET", path, ""); a.text(name, "rate_limit") != "null" {
			t.Errorf("%s begins with the limit %s", name, a.text(name, "rate_limit"))
		}
		for sent, shown := range map[string]string{
			`{"limit":100,"window":"minute"}`:          `{"limit":100,"window":"minute"}`,
			`{"limit":1,"window":"second","burst":20}`: `{"burst":20,"limit":1,"window":"second"}`,
			`null`: `null`,
		} {
			b.want(b.do("PATCH", path, `{"rate_limit":`+sent+`}`), 200, "")
			if got := b.do("GET", path, "").text(name, "rate_limit"); got != shown {
				t.Errorf("%s: %s became %s", name, sent, got)
			}
		}
		for sent, text := range map[string]string{
			`5`:                                          `rate_limit must be an object such as {"limit":100,"window":"minute"}, or null`,
			`{"limit":0,"window":"minute"}`:              "rate_limit.limit must be between 1 and",
			`{"limit":1.5,"window":"minute"}`:            "rate_limit.limit must be a whole number",
			`{"limit":5}`:                                "rate_limit.window must be one of",
			`{"limit":5,"window":"fortnight"}`:           "rate_limit.window must be one of",
			`{"limit":5,"window":"day","burst":-1}`:      "rate_limit.burst must be",
			`{"limit":5,"window":"day","requests":true}`: "rate_limit.requests is not a known field",
		} {
			b.want(b.do("PATCH", path, `{"rate_limit":`+sent+`}`), 400, text)
		}
	}
	token := b.want(b.do("POST", "/v1/tokens", `{"name":"t","rate_limit":{"limit":3,"window":"hour"}}`), 201, "")
	if token.text("token", "rate_limit") != `{"limit":3,"window":"hour"}` {
		t.Errorf("token: %s", token.raw)
	}
}

// TestKeys_Quota covers the quota, and the usage that belongs to it.
func TestKeys_Quota(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.want(b.do("POST", "/v1/keys", `{"name":"ci","quota":1000}`), 201, "")
	id, path := key.text("key", "id"), "/v1/keys/"+key.text("key", "id")
	if key.text("key", "quota") != "1000" || key.text("key", "quota_used") != "0" || key.text("key", "usage_count") != "0" || key.text("key", "last_used_at") != "null" {
		t.Errorf("created %s", key.raw)
	}
	_, err := b.db.TakeQuota(t.Context(), id, host.Month(time.Now()), 1000, 7)
	check(t, err)
	check(t, b.db.AddUsage(t.Context(), []host.Used{{CredentialID: id, Count: 5, LastUsedAt: host.FromMillis(1_900_000_000_000)}}))
	shown := b.do("GET", path, "")
	if shown.text("key", "quota_used") != "7" || shown.text("key", "usage_count") != "5" || shown.text("key", "last_used_at") != "2030-03-17T17:46:40.000Z" {
		t.Errorf("used %s", shown.raw)
	}
	if a := b.want(b.do("PATCH", path, `{"quota":null}`), 200, ""); a.text("key", "quota") != "null" {
		t.Errorf("without a quota: %s", a.raw)
	}
	for _, quota := range []string{"0", "-1", "1000000000001"} {
		b.want(b.do("PATCH", path, `{"quota":`+quota+`}`), 400, "quota must be between 1 and 1000000000000, or null for none")
	}
	b.want(b.do("PATCH", path, `{"usage_count":0}`), 400, "usage_count is not a known field")
}

// TestKeys_Rotate covers rotation: a new secret, and how long the old one has.
func TestKeys_Rotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.want(b.do("POST", "/v1/keys", `{"name":"ci"}`), 201, "")
	path := "/v1/keys/" + key.text("key", "id")
	secrets := map[string]bool{key.text("key", "key"): true}
	for body, grace := range map[string]time.Duration{``: 24 * time.Hour, `{}`: 24 * time.Hour, `{"grace_seconds":3600}`: time.Hour, `{"grace_seconds":2592000}`: 30 * 24 * time.Hour} {
		before := time.Now()
		a := b.want(b.do("POST", path+"/rotate", body), 200, "")
		secret := a.text("key", "key")
		if !host.ValidKeySecret(secret) || secrets[secret] || !strings.HasPrefix(secret, a.text("key", "prefix")) {
			t.Errorf("rotated %s", a.raw)
		}
		secrets[secret] = true
		until, err := time.Parse(time.RFC3339, a.text("key", "previous_expires_at"))
		if low, high := before.Add(grace).Truncate(time.Millisecond), time.Now().Add(grace); err != nil || until.Before(low) || until.After(high) {
			t.Errorf("%s: the old secret works until %s, want %s to %s", body, until, low, high)
		}
	}
	if a := b.want(b.do("POST", path+"/rotate", `{"grace_seconds":0}`), 200, ""); a.text("key", "previous_expires_at") != "null" {
		t.Errorf("without grace: %s", a.raw)
	}
	if a := b.do("GET", path, ""); a.text("key", "key") != "<none>" {
		t.Errorf("the secret is shown again: %s", a.raw)
	}
	for _, seconds := range []string{"-1", "2592001", "9223372036854775807"} {
		b.want(b.do("POST", path+"/rotate", `{"grace_seconds":`+seconds+`}`), 400, "grace_seconds must be between 0 and 2592000")
	}
	b.want(b.do("POST", path+"/rotate", `{"grace":1}`), 400, "grace is not a known field")
	b.want(b.do("POST", path+"/rotate", `{}`, "If-Match", `"1"`), 412, "It has changed since")
	b.want(b.do("POST", "/v1/keys/"+host.NewID()+"/rotate", `{}`), 404, "Key not found")
}

// TestKeyGroups covers the life of a key group.
func TestKeyGroups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	groups := app + "/key-groups"
	key := b.want(b.do("POST", "/v1/keys", `{"name":"ci"}`), 201, "").text("key", "id")
	token := b.want(b.do("POST", "/v1/tokens", `{"name":"t"}`), 201, "").text("token", "id")
	created := b.want(b.do("POST", groups, `{"name":"Grün & blau","members":["`+token+`","`+key+`"]}`), 201, "")
	if created.text("key_group", "members") != `["`+key+`","`+token+`"]` || created.header.Get("ETag") != `"1"` {
		t.Errorf("created %s", created.raw)
	}
	path := groups + "/Gr%C3%BCn%20%26%20blau"
	if a := b.want(b.do("GET", path, ""), 200, ""); a.text("key_group") != created.text("key_group") {
		t.Errorf("shown %s", a.raw)
	}
	if a := b.want(b.do("GET", groups, ""), 200, ""); a.text("key_groups") != "["+created.text("key_group")+"]" || a.text("pagination", "total") != "1" {
		t.Errorf("listed %s", a.raw)
	}
	if a := b.want(b.do("PATCH", path, `{"members":[]}`), 200, ""); a.text("key_group", "members") != `[]` || a.text("key_group", "name") != "Grün & blau" {
		t.Errorf("emptied %s", a.raw)
	}
	b.want(b.do("PATCH", path, `{"members":["`+key+`"]}`, "If-Match", `"1"`), 412, "It has changed since")
	b.want(b.do("PATCH", path, `{"name":"partners","members":["`+key+`"]}`, "If-Match", `"2"`), 200, "")
	b.want(b.do("GET", path, ""), 404, "Key group not found")

	b.want(b.upload(app, "echo", "ok/echo"), 201, "")
	endpoint := `{"name":"Echo","method":"GET","path":"/","module":"echo","key_groups":["partners","nobody"]}`
	if a := b.want(b.do("POST", app+"/endpoints", endpoint), 201, ""); a.text("warnings") != `["key_groups: the app has no key group \"nobody\", so nobody is admitted by it"]` {
		t.Errorf("warnings %s", a.raw)
	}
	if a := b.want(b.do("POST", app+"/releases", `{"endpoints":[`+endpoint+`]}`), 201, ""); !strings.Contains(a.text("warnings"), "nobody") {
		t.Errorf("warnings %s", a.raw)
	}
	b.want(b.do("DELETE", groups+"/partners", ""), 409, "key group partners is used by release 2")
	b.want(b.do("PATCH", groups+"/partners", `{"name":"friends"}`), 409, "key group partners is used by release 2")
	b.want(b.do("POST", groups, `{"name":"spare"}`), 201, "")
	b.want(b.do("DELETE", groups+"/spare", ""), 200, "")

	for body, text := range map[string]string{
		`{}`:                                    "name is required",
		`{"name":"partners"}`:                   "name is already taken",
		`{"name":"a/b"}`:                        "name must not hold /",
		`{"name":".."}`:                         "name must not hold /",
		`{"name":"x","members":["ask_secret"]}`: "members must hold ids of keys, tokens or issuers",
		`{"name":"x","members":["` + host.NewID() + `"]}`: "members: there is no key, token or issuer",
		`{"name":"x","members":"all"}`:                    "members must be a list of strings",
		`{"name":"x","color":"red"}`:                      "color is not a known field",
	} {
		status := 400
		if strings.Contains(text, "taken") {
			status = 409
		}
		b.want(b.do("POST", groups, body), status, text)
	}
	b.want(b.do("GET", "/v1/apps/nobody/key-groups", ""), 404, "App not found")
	b.want(b.do("POST", "/v1/apps/nobody/key-groups", `{"name":"x"}`), 404, "App not found")
}

const publicKey = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`

// TestIssuers covers the life of an issuer.
func TestIssuers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.newApp("Orders")
	issuers := app + "/issuers"
	full := `{"name":"Login","issuer":"https://id.example.com","public_key":"` + publicKey + `","audience":["orders"],
		"required_claims":{"admin":true,"level":9007199254740993},"claim_variables":{"tenant":"customer"},"enabled":false}`
	created := b.want(b.do("POST", issuers, full), 201, "")
	if created.text("issuer", "algorithms") != `["EdDSA"]` || !bytes.Contains(created.raw, []byte(`"required_claims":{"admin":true,"level":9007199254740993}`)) ||
		created.text("issuer", "claim_variables") != `{"tenant":"customer"}` || created.text("issuer", "enabled") != "false" || created.text("issuer", "jwks_url") != "null" {
		t.Errorf("created %s", created.raw)
	}
	path := issuers + "/" + created.text("issuer", "id")
	if a := b.want(b.do("GET", path, ""), 200, ""); a.text("issuer") != created.text("issuer") {
		t.Errorf("shown %s", a.raw)
	}
	if a := b.want(b.do("GET", issuers, ""), 200, ""); a.text("issuers") != "["+created.text("issuer")+"]" || a.text("pagination", "total") != "1" {
		t.Errorf("listed %s", a.raw)
	}
	moved := b.want(b.do("PATCH", path, `{"public_key":null,"jwks_url":"https://id.example.com/keys","algorithms":["ES256","RS256"],"audience":null,"required_claims":null,"enabled":null}`, "If-Match", `"1"`), 200, "")
	if moved.text("issuer", "public_key") != "null" || moved.text("issuer", "audience") != "[]" || moved.text("issuer", "required_claims") != "{}" || moved.text("issuer", "enabled") != "true" {
		t.Errorf("moved %s", moved.raw)
	}
	b.want(b.do("PATCH", path, `{"name":"x"}`, "If-Match", `"1"`), 412, "It has changed since")
	for body, text := range map[string]string{
		`{}`:                        "name is required",
		`{"name":"x"}`:              "issuer is required",
		`{"name":"x","issuer":"i"}`: "one of public_key and jwks_url is required",
		`{"name":"x","issuer":"i","jwks_url":"https://a","public_key":"x"}`:                           "one of public_key and jwks_url is required, and not both",
		`{"name":"x","issuer":"i","jwks_url":"file:///etc/passwd"}`:                                   "jwks_url must be a URL",
		`{"name":"x","issuer":"i","public_key":"x"}`:                                                  "public_key must be one public key in PEM",
		`{"name":"x","issuer":"postern:me","jwks_url":"https://a"}`:                                   "issuer must not begin with",
		`{"name":"x","issuer":"i","jwks_url":"https://a","algorithms":["HS256"]}`:                     "algorithms must be among",
		`{"name":"x","issuer":"i","public_key":"` + publicKey + `","algorithms":["RS256"]}`:           "algorithms: the public key is for EdDSA",
		`{"name":"x","issuer":"i","jwks_url":"HTTP://a"}`:                                             "jwks_url must start with https://; a host that runs with --outbound-private takes http:// too",
		`{"name":"x","issuer":"i","jwks_url":"https://a","required_claims":[]}`:                       "required_claims must be an object",
		`{"name":"x","issuer":"https://id.example.com","jwks_url":"https://a","algorithms":["none"]}`: "algorithms must be among",
	} {
		b.want(b.do("POST", issuers, body), 400, text)
	}
	b.want(b.do("POST", issuers, full), 409, "issuer is already taken in this app")
	b.want(b.do("DELETE", path, ""), 200, "")
	b.want(b.do("GET", path, ""), 404, "Issuer not found")
	b.want(b.do("GET", "/v1/apps/nobody/issuers", ""), 404, "App not found")
}

// TestSigningKeys covers rotation, and the set that everybody may read.
func TestSigningKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.want(b.do("GET", "/v1/signing-keys", ""), 200, "")
	if first.text("pagination", "total") != "1" || strings.Contains(strings.ToLower(string(first.raw)), "private") {
		t.Fatalf("listed %s", first.raw)
	}
	var keys []struct {
		ID        string `json:"kid"`
		PublicKey []byte `json:"public_key"`
	}
	check(t, json.Unmarshal([]byte(first.text("signing_keys")), &keys))
	set := func() string {
		t.Helper()
		a := b.do("GET", "/.well-known/jwks.json", "", "X-API-Key", "")
		if a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=300" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%d %v %s", a.status, a.header, a.raw)
		}
		return a.text("keys")
	}
	if one := set(); !strings.HasPrefix(one, `[{"alg":"EdDSA","crv":"Ed25519","kid":"`+keys[0].ID+`","kty":"OKP","use":"sig","x":"`) || strings.Count(one, "kid") != 1 {
		t.Errorf("set %s", one)
	}
	token := b.want(b.do("POST", "/v1/tokens", `{"name":"old"}`), 201, "")
	rotated := b.want(b.do("POST", "/v1/signing-keys/rotate", ""), 200, "")
	second := rotated.text("signing_key", "kid")
	if rotated.text("signing_key", "active") != "true" || second == keys[0].ID {
		t.Errorf("rotated %s", rotated.raw)
	}
	if two := set(); strings.Count(two, "kid") != 2 || !strings.Contains(two, second) {
		t.Errorf("the set after rotation: %s", two)
	}
	if a := b.want(b.do("POST", "/v1/tokens", `{"name":"new"}`), 201, ""); a.text("token", "kid") != second || token.text("token", "kid") != keys[0].ID {
		t.Errorf("the new key does not sign: %s", a.raw)
	}
	if a := b.want(b.do("GET", "/v1/signing-keys?limit=1&offset=1", ""), 200, ""); !strings.Contains(a.text("signing_keys"), keys[0].ID) || !strings.Contains(a.text("signing_keys"), `"active":false`) {
		t.Errorf("second page %s", a.raw)
	}
	b.want(b.do("DELETE", "/v1/signing-keys/"+second, ""), 409, "the active signing key cannot be deleted")
	b.want(b.do("DELETE", "/v1/signing-keys/"+keys[0].ID, ""), 409, "the signing key verifies tokens that are not deleted: 1")
	b.want(b.do("DELETE", "/v1/tokens/"+token.text("token", "id"), ""), 200, "")
	b.want(b.do("DELETE", "/v1/signing-keys/"+keys[0].ID, ""), 200, "")
	b.want(b.do("DELETE", "/v1/signing-keys/"+keys[0].ID, ""), 404, "Signing key not found")
	if one := set(); strings.Contains(one, keys[0].ID) {
		t.Errorf("the set after deletion: %s", one)
	}
	b.want(b.do("GET", "/v1/signing-keys", "", "X-API-Key", ""), 401, "")
}

// TestTokens covers tokens as the API shows them, and the JWT itself.
func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.want(b.do("POST", "/v1/tokens", `{"name":"App \"1\"","environment":"staging","expires_at":"2099-01-31","allowed_ips":["::1"],"variables":{"tier":"gold"}}`), 201, "")
	id, jwt := created.text("token", "id"), created.text("token", "token")
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("created %s", created.raw)
	}
	keys, err := b.db.SigningKeys(t.Context())
	check(t, err)
	org, err := b.db.Organization(t.Context())
	check(t, err)
	header, claims := decodePart(t, parts[0]), decodePart(t, parts[1])
	if want := `{"alg":"EdDSA","kid":"` + keys[0].ID + `","typ":"JWT"}`; header != want {
		t.Errorf("header %s, want %s", header, want)
	}
	stored, err := b.db.Token(t.Context(), id)
	check(t, err)
	issued, _ := json.Marshal(stored.CreatedAt.Millis() / 1000)
	if want := `{"env":"staging","exp":4073587200,"iat":` + string(issued) + `,"iss":"postern:` + org.ID + `","jti":"` + id + `","name":"App \"1\"","sub":"` + id + `"}`; claims != want {
		t.Errorf("claims %s, want %s", claims, want)
	}
	if !verify(t, keys[0].PublicKey, parts) {
		t.Error("the signature is not right")
	}
	for _, a := range []answer{b.want(b.do("GET", "/v1/tokens/"+id, ""), 200, ""), b.want(b.do("GET", "/v1/tokens", ""), 200, "")} {
		if strings.Contains(string(a.raw), jwt) || !strings.Contains(string(a.raw), `"status":"active"`) {
			t.Errorf("shown %s", a.raw)
		}
	}
	unlimited := b.want(b.do("POST", "/v1/tokens", `{"name":"short"}`), 201, "")
	if claims := decodePart(t, strings.Split(unlimited.text("token", "token"), ".")[1]); strings.Contains(claims, `"exp"`) || !strings.Contains(claims, `"env":"production"`) {
		t.Errorf("claims of a token without expiry: %s", claims)
	}
	for body, text := range map[string]string{
		`{}`:                                     "name is required",
		`{"name":"x","environment":null}`:        "environment must be one of",
		`{"name":"x","environment":"qa"}`:        "environment must be one of",
		`{"name":"x","expires_at":"2020-01-31"}`: "expires_at must be in the future",
		`{"name":"x","allowed_ips":["here"]}`:    "allowed_ips must hold",
		`{"name":"x","quota":5}`:                 "quota is not a known field",
	} {
		b.want(b.do("POST", "/v1/tokens", body), 400, text)
	}
	b.want(b.do("POST", "/v1/tokens", `{"name":"short"}`), 409, "name is already taken by another token")
	b.want(b.do("PATCH", "/v1/tokens/"+id, `{"name":"x"}`), 405, "")
	b.want(b.do("DELETE", "/v1/tokens/"+id, ""), 200, "")
	b.want(b.do("GET", "/v1/tokens/"+id, ""), 404, "Token not found")
}
