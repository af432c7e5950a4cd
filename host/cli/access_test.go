package cli_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestAccess_README runs the page on access from top to bottom, in one shell,
// and holds what each block prints against the text that follows it.
func TestAccess_README(t *testing.T) {
	t.Parallel()
	x, address := newReader(t)
	if err := os.Mkdir(filepath.Join(x.home, "shop"), 0o755); err != nil {
		t.Fatal(err)
	}
	page := blocks(read(t, "../auth/README.md"))
	for _, b := range page {
		switch b.language {
		case "yaml":
			write(t, filepath.Join(x.home, "shop", "postern.yaml"), b.text)
		case "json":
			key, jwt := ownJWT(t, b.text)
			write(t, filepath.Join(x.home, "login.pem"), key)
			x.env = append(x.env, "JWT="+jwt)
		}
	}
	x.play(page, address, 9)
}

// TestAdmin_README runs the page on administration likewise.
func TestAdmin_README(t *testing.T) {
	t.Parallel()
	x, address := newReader(t)
	x.play(blocks(read(t, "../admin/README.md")), address, 8)
}

// TestObjects_README runs the page on objects likewise.
func TestObjects_README(t *testing.T) {
	t.Parallel()
	x, address := newReader(t)
	page := blocks(read(t, "../capability/object/README.md"))
	x.play(page, address, 5)
	for _, b := range page {
		if b.language == "go" {
			x.compile(b.text)
		}
	}
}

// compile checks that the lines of a page are Go: declarations, an empty line,
// and the statements of a function.
func (x *terminal) compile(snippet string) {
	x.t.Helper()
	declarations, statements, found := strings.Cut(snippet, "\n\n")
	if !found {
		x.t.Fatalf("there is no empty line in\n%s", snippet)
	}
	sdk, err := filepath.Abs("../../sdk/go")
	if err != nil {
		x.t.Fatal(err)
	}
	write(x.t, filepath.Join(x.home, "go.mod"), "module snippet\n\ngo 1.24\n\nrequire github.com/posternhq/postern/sdk/go v0.0.0\n\nreplace github.com/posternhq/postern/sdk/go => "+sdk+"\n")
	write(x.t, filepath.Join(x.home, "snippet.go"), "package snippet\n\nimport \"github.com/posternhq/postern/sdk/go/object\"\n\ntype Customer struct{ object.Meta }\n\n"+
		declarations+"\n\nfunc use(...any) {}\n\nfunc snippet(id string, one, other Customer) {\n"+statements+"\nuse(page, customer, results, err)\n}\n")
	x.run("go build .")
}

// newReader is a terminal as the pages expect it: beside a host, with the
// checkout's plug-ins at hand.
func newReader(t *testing.T) (x *terminal, address string) {
	t.Helper()
	x = newTerminal(t)
	address = x.serve("postern serve --data data --listen 127.0.0.1:8080")
	x.env = append(x.env, "POSTERN_SERVER=http://"+address)
	plugins, err := filepath.Abs("../../plugins")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(plugins, filepath.Join(x.home, "plugins")); err != nil {
		t.Fatal(err)
	}
	return x, address
}

// play runs the commands of a page in one shell, and holds what each block
// prints against the text that follows it. known is how many blocks there are:
// a page that lost its marks would run nothing.
func (x *terminal) play(page []block, address string, known int) {
	x.t.Helper()
	var script strings.Builder
	var shown []string // what the block with the same index must print
	for _, b := range page {
		switch b.language {
		case "sh":
			script.WriteString("echo '--next--'\n" + strings.ReplaceAll(b.text, "127.0.0.1:8080", address))
			shown = append(shown, "")
		case "text":
			shown[len(shown)-1] = b.text
		}
	}
	printed := strings.Split(x.run(script.String()), "--next--\n")[1:]
	if len(printed) != known {
		x.t.Fatalf("the page has %d blocks to run; this test knows %d", len(printed), known)
	}
	for i, want := range shown {
		if want != "" && !pattern(want).MatchString(strings.TrimSpace(printed[i])) {
			x.t.Errorf("block %d prints\n%s\nthe page says\n%s", i+1, printed[i], want)
		}
	}
}

// pattern matches what a page shows, in which … stands for anything. Commands
// write the names of headers in their own way.
func pattern(shown string) *regexp.Regexp {
	text := regexp.QuoteMeta(strings.TrimSpace(shown))
	return regexp.MustCompile("^(?is:" + strings.ReplaceAll(text, "…", ".*") + ")$")
}

// ownJWT signs the claims, with an expiry, and returns the public key in PEM
// and the JWT.
func ownJWT(t *testing.T, claims string) (publicKey, jwt string) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(claims), &all); err != nil {
		t.Fatal(err)
	}
	all["exp"] = time.Now().Add(time.Hour).Unix()
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + "." + part(encoded)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), signed + "." + part(ed25519.Sign(private, []byte(signed)))
}
