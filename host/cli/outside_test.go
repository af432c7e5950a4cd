package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSignup_README runs the page of the plug-in signup from top to bottom, the
// host it starts included. Other tests may build the plug-in too, so this one has
// a copy.
func TestSignup_README(t *testing.T) {
	slowUnderRace(t)
	t.Parallel()
	x := newTerminal(t)
	project := filepath.Join(x.home, "plugins", "signup")
	copyProject(t, "../../plugins/signup", project)
	copyProject(t, "../../plugins/signup/reputation", filepath.Join(project, "reputation"))
	write(t, filepath.Join(project, "go.mod"), "module copy\n\ngo 1.24\n")
	page := blocks(read(t, "../../plugins/signup/README.md"))
	address := x.serve(page[0].text)
	x.env = append(x.env, "POSTERN_SERVER=http://"+address)
	for i := range page {
		page[i].text = strings.ReplaceAll(page[i].text, "127.0.0.1:8080", address)
	}
	x.play(page[1:], address, 8)
}

// TestOutside_README runs the page on what modules reach, and compiles what it
// shows of Go.
func TestOutside_README(t *testing.T) {
	t.Parallel()
	x, address := newReader(t)
	page := blocks(read(t, "../capability/README.md"))
	x.play(page, address, 1)
	var snippet string
	for _, b := range page {
		if b.language == "go" {
			snippet += b.text
		}
	}
	if !strings.Contains(snippet, "fetch.Pages") {
		t.Fatalf("the page shows no Go: %s", snippet)
	}
	sdk, err := filepath.Abs("../../sdk/go")
	must(t, err)
	write(t, filepath.Join(x.home, "go.mod"), "module snippet\n\ngo 1.24\n\nrequire github.com/posternhq/postern/sdk/go v0.0.0\n\nreplace github.com/posternhq/postern/sdk/go => "+sdk+"\n")
	write(t, filepath.Join(x.home, "snippet.go"), "package snippet\n\nimport (\n\t\"time\"\n\n\t\"github.com/posternhq/postern/sdk/go/fetch\"\n)\n\ntype Rate struct{}\n\n"+
		"func use(...any) {}\n\nfunc snippet(order any, key string, next func(*fetch.Answer) (fetch.Request, bool)) {\n"+snippet+"use(page, err) }\nuse(rate, res, err)\n}\n")
	x.run("go build .")
}
