package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// scenario is a server whose secrets are looked for in everything it shows.
type scenario struct {
	*terminal
	base    string
	api     *client.Client
	secrets map[string]string // by what they are
	shown   bytes.Buffer
}

// TestSecrets_NeverShown makes secrets of every kind, uses them rightly and
// wrongly in every place, and searches all answers, listings, messages of the
// command line, log lines and files for them.
func TestSecrets_NeverShown(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy()
	s.makeSecrets()
	s.useSecrets()
	s.mistakeSecrets()
	s.makeSettings() // which are no credentials: nobody scrubs them from requests
	s.misuseSettings()
	s.listAll()
	log := read(t, filepath.Join(s.home, "serve.err"))
	s.shown.WriteString(log)
	for _, control := range []string{"unauthorized", "partner", `"kind":"jwt"`, "PAYMENT_KEY", "/run/shop/orders"} {
		if !strings.Contains(s.shown.String(), control) {
			t.Errorf("the scenario does not even show %q", control)
		}
	}
	for what, secret := range s.secrets {
		if at := strings.Index(s.shown.String(), secret); at >= 0 {
			text := s.shown.String()
			t.Errorf("%s is shown: …%s", what, strings.ReplaceAll(text[max(0, at-200):at], secret, "")+"<here>")
		}
	}
	s.searchFiles()
}

func newScenario(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{terminal: newTerminal(t), secrets: map[string]string{
		"the organization key": host.NewOrganizationKey(), "the master key": strings.Repeat("c0ffee42", 8),
	}}
	s.env = append(s.env, "POSTERN_ADMIN_KEY="+s.secrets["the organization key"], "POSTERN_MASTER_KEY="+s.secrets["the master key"])
	s.base = "http://" + s.serve("postern serve --data data --listen 127.0.0.1:8080 --outbound-networks 127.0.0.1 --log-level debug 2>serve.err")
	s.env = append(s.env, "POSTERN_SERVER="+s.base)
	s.connect()
	return s
}

// connect makes a client with the organization key of the moment.
func (s *scenario) connect() {
	s.t.Helper()
	var err error
	if s.api, err = client.New(client.Config{Server: s.base, APIKey: s.secrets["the organization key"]}); err != nil {
		s.t.Fatal(err)
	}
}

// deploy makes an app that answers with what its module sees of a request.
func (s *scenario) deploy() {
	s.t.Helper()
	plugin, err := filepath.Abs("../../plugins/inspect")
	if err != nil {
		s.t.Fatal(err)
	}
	outside, err := filepath.Abs("../engine/testdata/ok/outside.wasm")
	if err != nil {
		s.t.Fatal(err)
	}
	s.run("postern build " + plugin + " && mkdir shop && cp " + plugin + "/.postern/inspect.wasm " + outside + " shop/")
	write(s.t, filepath.Join(s.home, "shop", "postern.yaml"), `app: shop
capabilities: [http, jwt, secrets]
allowed_hosts: ["`+strings.TrimPrefix(s.base, "http://")+`"]
modules: {inspect: {file: inspect.wasm}, outside: {file: outside.wasm}}
endpoints:
  - {name: Outside, method: POST, path: /outside, module: outside, input: body, requires_authentication: false}
  - {name: Closed, method: GET, path: /orders, module: inspect}
  - {name: Open, method: GET, path: /open, module: inspect, requires_authentication: false}
  - {name: Limited, method: GET, path: /limited, module: inspect, rate_limit: {limit: 1, window: day}}
  - {name: Grouped, method: GET, path: /grouped, module: inspect, key_groups: [nobody]}
`)
	s.run("postern deploy shop")
}

// keep notes a secret, and the part of it that no listing may show either.
func (s *scenario) keep(what, secret string) {
	s.secrets[what] = secret
	tail := secret[strings.LastIndexByte(secret, '.')+1:]
	s.secrets["the end of "+what] = tail[len(tail)/2:]
}

// makeSecrets makes one of each kind.
func (s *scenario) makeSecrets() {
	s.t.Helper()
	ctx := s.t.Context()
	name := client.Value("partner")
	key, err := s.api.CreateKey(ctx, client.KeyFields{Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep("a key", key.Secret)
	rotated, err := s.api.RotateKey(ctx, key.ID, host.DefaultGrace)
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep("a rotated key", rotated.Secret)
	token, err := s.api.CreateToken(ctx, client.TokenFields{Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep("a token", token.JWT)
	member, err := s.api.CreateMember(ctx, client.MemberFields{Name: name, Role: client.Value(host.Viewer)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep("a member's token", member.Token)
	pem, jwt := ownJWT(s.t, `{"iss":"login","sub":"ada"}`)
	if _, err := s.api.CreateIssuer(ctx, "shop", client.IssuerFields{Name: name, Issuer: client.Value("login"), PublicKey: client.Value(pem)}); err != nil {
		s.t.Fatal(err)
	}
	s.keep("an own JWT", jwt)
	const appSecret = "correct-horse-battery-staple-9071"
	if _, _, err := s.api.PutSecret(ctx, "shop", "PAYMENT_KEY", appSecret); err != nil {
		s.t.Fatal(err)
	}
	s.keep("the app's secret", appSecret)
	old := s.secrets["the organization key"]
	fresh, err := s.api.RegenerateAPIKey(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets["the old organization key"], s.secrets["the organization key"] = old, fresh
	s.connect()
}

// get makes a request and keeps all of the answer.
func (s *scenario) get(path string, headers ...string) {
	s.t.Helper()
	s.shown.WriteString(s.send(http.MethodGet, path, "", headers...))
}

// send makes a request and returns all of the answer.
func (s *scenario) send(method, path, body string, headers ...string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer strings.Builder
	if err := response.Header.Write(&answer); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.Copy(&answer, response.Body); err != nil {
		s.t.Fatal(err)
	}
	return answer.String()
}

// makeSettings gives the app a secret, and has a module put a value aside.
func (s *scenario) makeSettings() {
	s.t.Helper()
	const secret, kept = "f00dfeed-secret-of-the-app-f00dfeed-secret", "cafebabe-value-put-aside-cafebabe-value"
	s.keep("a secret of the app", secret)
	s.keep("a secure value", kept)
	if _, _, err := s.api.PutSecret(s.t.Context(), "shop", "KEY", secret); err != nil {
		s.t.Fatal(err)
	}
	answer := s.send(http.MethodPost, "/run/shop/outside", `p{"value":"`+kept+`"}`)
	_, rest, _ := strings.Cut(answer, `{"key":"`)
	key, _, ok := strings.Cut(rest, `"`)
	if !ok {
		s.t.Fatalf("got %s", answer)
	}
	s.keep("the key of a secure value", key)
	answer = s.send(http.MethodPost, "/run/shop/outside", `g{"name":"KEY"}`+"\n"+`o{"key":"`+key+`"}`)
	if !strings.Contains(answer, secret) || !strings.Contains(answer, kept) {
		s.t.Fatalf("got %s", answer)
	}
}

// misuseSettings has a module use secrets where that goes wrong, and where it
// does not.
func (s *scenario) misuseSettings() {
	s.t.Helper()
	secret := s.secrets["a secret of the app"]
	for _, script := range []string{
		"!", `j{"algorithm":"RS256","payload":{},"secret":"KEY"}`, `k{"algorithms":["ES256"],"token":"` + secret + `","secret":"KEY"}`,
		`o{"key":"` + secret + `"}`, `p{"value":"` + secret + `","ttl_seconds":1}`, `p{"value":"` + secret + `"`, `g{"name":"` + secret + `"}`,
		`f{"url":"` + s.base + `/healthz","headers":{"x-key":"` + secret + `"}}`,
		`f{"url":"` + s.base + `/v1/apps","headers":{"x-api-key":"` + secret + `"}}`,
		`f{"url":"http://name:` + secret + `@127.0.0.2/"}`, `f{"url":"http://127.0.0.2/` + secret + `"}`, `f{"url":"` + secret + `"}`,
		`f{"url":"` + s.base + `/","headers":{"x-key":"` + secret + `\u0000"}}`,
	} {
		for _, end := range []string{"", "\n!", "\ns99"} {
			answer := s.send(http.MethodPost, "/run/shop/outside", `g{"name":"KEY"}`+"\n"+script+end)
			// The module shows what it was told, which is its own affair.
			s.shown.WriteString(strings.ReplaceAll(answer, `{"value":"`+secret+`"}`, ""))
		}
	}
	if !strings.Contains(s.shown.String(), `"bodyEncoding"`) {
		s.t.Errorf("no request reached the server: %s", s.shown.String())
	}
}

// useSecrets sends every secret in every place that a credential can be in.
func (s *scenario) useSecrets() {
	s.t.Helper()
	for what, secret := range s.secrets {
		if strings.HasPrefix(what, "the end") || what == "the master key" || what == "the app's secret" {
			continue // these open nothing
		}
		for _, path := range []string{"/run/shop/orders", "/run/shop/open", "/run/shop/limited", "/run/shop/grouped", "/run/shop/nothing", "/v1/apps"} {
			if strings.HasPrefix(path, "/v1") && what == "the organization key" {
				continue // the app's own key and secret are shown to it
			}
			s.get(path, "X-API-Key", secret)
			s.get(path, "Authorization", "Bearer "+secret, "Referer", "https://example.com/?api_key="+secret)
			s.get(path + "?api_key=" + secret)
		}
	}
}

// mistakeSecrets uses secrets where something else is meant.
func (s *scenario) mistakeSecrets() {
	s.t.Helper()
	for what, secret := range s.secrets {
		if strings.HasPrefix(what, "the ") {
			continue
		}
		s.get("/run/shop/orders", "X-API-Key", secret[:len(secret)-1]+"!", "Authorization", "Basic "+secret)
		for _, command := range []string{"keys show", "keys delete --yes", "tokens show", "tokens delete --yes", "members show", "members delete --yes", "groups create shop g", "groups add shop g"} {
			s.shown.WriteString(s.run("postern " + command + " '" + secret + "' 2>&1 || true"))
		}
	}
}

// listAll reads everything that can be listed or shown.
func (s *scenario) listAll() {
	s.t.Helper()
	key := s.secrets["the organization key"]
	for _, path := range []string{"keys", "tokens", "members", "signing-keys", "organization", "audit-log?limit=100", "audit-log?format=ndjson", "apps/shop/issuers", "apps/shop/key-groups",
		"apps/shop/endpoints", "apps/shop/secrets", "apps/shop/secrets/KEY", "apps/shop/variables", "apps/shop/releases/1", "apps/shop/modules", "apps/shop/secrets", "apps/shop/secrets/PAYMENT_KEY", "apps/shop/export", "apps/shop/invocations?limit=100"} {
		s.get("/v1/"+path, "X-API-Key", key)
	}
	s.get("/.well-known/jwks.json")
	s.shown.WriteString(s.run("postern keys list; postern tokens list; postern members list; postern logs shop; postern signing-keys list --json; postern secrets list shop --json"))
	var list struct {
		Invocations []struct {
			RequestID string `json:"request_id"`
		} `json:"invocations"`
	}
	before := s.shown.Len()
	s.get("/v1/apps/shop/invocations?limit=100", "X-API-Key", key)
	text := s.shown.String()[before:]
	if err := json.Unmarshal([]byte(text[strings.IndexByte(text, '{'):]), &list); err != nil || len(list.Invocations) == 0 {
		s.t.Fatalf("%d invocations, %v", len(list.Invocations), err)
	}
	for _, one := range list.Invocations {
		s.get("/v1/apps/shop/invocations/"+one.RequestID, "X-API-Key", key)
	}
}

// searchFiles looks into what the server keeps, but for the file that is there
// to hold the organization key.
func (s *scenario) searchFiles() {
	s.t.Helper()
	err := filepath.WalkDir(filepath.Join(s.home, "data"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "admin.key" {
			return err
		}
		content, err := os.ReadFile(name)
		for what, secret := range s.secrets {
			if bytes.Contains(content, []byte(secret)) {
				s.t.Errorf("%s holds %s", entry.Name(), what)
			}
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}
