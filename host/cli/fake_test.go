package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternhq/postern/host/cli"
)

// against runs the command in this process against a server made of answers by
// "METHOD path", and returns what it did. Any other request fails the test.
func against(t *testing.T, answers map[string]http.HandlerFunc, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answers[r.Method+" "+r.URL.Path]
		if answer == nil {
			t.Errorf("unexpected %s %s", r.Method, r.URL)
			answer = http.NotFound
		}
		answer(w, r)
	}))
	defer server.Close()
	var out, err bytes.Buffer
	code = cli.Main(append(args, "--server", server.URL, "--api-key", "x"), strings.NewReader(""), &out, &err, nil)
	return code, out.String(), err.String()
}

// says is an answer with a fixed body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// TestTables_Printable shows that what a server says cannot steer the terminal.
func TestTables_Printable(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := against(t, map[string]http.HandlerFunc{
		"GET /v1/apps": says(`{"success":true,"apps":[{"slug":"a","name":"\u001b[31mred\u202e\n"}],"pagination":{}}`),
	}, "apps", "list")
	if code != 0 || stderr != "" || !strings.Contains(stdout, `\x1b[31mred\u202e\n`) || strings.Contains(stdout, "\x1b") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// TestRollback_Stale shows that "the previous release" is that of the release
// the command saw, not of one somebody made meanwhile.
func TestRollback_Stale(t *testing.T) {
	t.Parallel()
	code, _, stderr := against(t, map[string]http.HandlerFunc{
		"GET /v1/apps/a/releases": says(`{"success":true,"releases":[{"number":4},{"number":3,"active":true},{"number":1}],"pagination":{}}`),
		"POST /v1/apps/a/releases/1/activate": func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("If-Match"); got != `"3"` {
				t.Errorf("If-Match is %q", got)
			}
			w.WriteHeader(http.StatusPreconditionFailed)
			io.WriteString(w, `{"error":"It has changed since","code":"stale","request_id":"r"}`)
		},
	}, "rollback", "a")
	if code != 1 || stderr != "postern: cannot roll back a: It has changed since (request id r)\n" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// TestPromote_Stale shows that what was shown is what is made, or nothing is.
func TestPromote_Stale(t *testing.T) {
	t.Parallel()
	release := says(`{"success":true,"release":{"number":3,"active":true,"endpoints":[]}}`)
	code, _, stderr := against(t, map[string]http.HandlerFunc{
		"GET /v1/apps/a@staging":    says(`{"success":true,"app":{"id":"s","slug":"a","environment":"staging"}}`),
		"GET /v1/apps/a@production": says(`{"success":true,"app":{"id":"p","slug":"a","environment":"production"}}`),
		"GET /v1/apps/s/releases":   says(`{"success":true,"releases":[{"number":3,"active":true}],"pagination":{}}`),
		"GET /v1/apps/p/releases":   says(`{"success":true,"releases":[{"number":3,"active":true}],"pagination":{}}`),
		"GET /v1/apps/p/modules":    says(`{"success":true,"modules":[],"pagination":{}}`),
		"GET /v1/apps/s/objects":    says(`{"success":true,"objects":[],"pagination":{}}`),
		"GET /v1/apps/p/objects":    says(`{"success":true,"objects":[],"pagination":{}}`),
		"GET /v1/apps/s/releases/3": release,
		"GET /v1/apps/p/releases/3": says(`{"success":true,"release":{"number":3,"active":true,"endpoints":[{"id":"e","method":"GET","path":"/"}]}}`),
		"POST /v1/apps/p/releases": func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("If-Match"); got != `"3"` {
				t.Errorf("If-Match is %q", got)
			}
			w.WriteHeader(http.StatusPreconditionFailed)
			io.WriteString(w, `{"error":"It has changed since","code":"stale","request_id":"r"}`)
		},
	}, "promote", "a", "--yes")
	if code != 1 || stderr != "postern: cannot promote a from staging to production: It has changed since (request id r)\n" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// TestExport_BreaksOff shows that an archive that did not arrive as a whole
// leaves no file.
func TestExport_BreaksOff(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"cut off by the server": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "PK")
			panic(http.ErrAbortHandler)
		},
		"no archive": says("PK, or so it says"),
	} {
		dir := t.TempDir()
		code, _, stderr := against(t, map[string]http.HandlerFunc{"GET /v1/apps/a/export": answer}, "export", "a", "-o", filepath.Join(dir, "a.zip"))
		left, err := os.ReadDir(dir)
		if code != 1 || !strings.HasPrefix(stderr, "postern: cannot export a: ") || len(left) > 0 || err != nil {
			t.Errorf("%s: exit code %d, %q, left %v, %v", name, code, stderr, left, err)
		}
	}
}

// TestDeploy_OtherBytes shows that a module that did not arrive as it is gets
// into no release.
func TestDeploy_OtherBytes(t *testing.T) {
	t.Parallel()
	code, _, stderr := against(t, map[string]http.HandlerFunc{
		"GET /v1/apps/shout": says(`{"success":true,"app":{"id":"i","slug":"shout","environment":"production"}}`),
		"POST /v1/apps/i/modules": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"success":true,"module":{"name":"shout","digest":"00"}}`)
		},
	}, "deploy", "../../plugins/shout")
	if code != 1 || !strings.HasPrefix(stderr, "postern: cannot upload module shout: the server received other bytes than were sent") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
