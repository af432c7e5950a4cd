package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is a command of a README and what the README says it prints.
type example struct {
	command string
	output  []string
}

// examples reads the indented blocks of a Markdown file that begin with curl.
// A line that ends with a backslash goes on in the next.
func examples(markdown string) []example {
	var out []example
	markdown = strings.ReplaceAll(markdown, "\\\n", "")
	for _, block := range regexp.MustCompile(`(?m)(?:^    .*\n)+`).FindAllString(markdown, -1) {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if !strings.HasPrefix(lines[0], "curl ") {
			continue
		}
		e := example{command: lines[0]}
		for _, line := range lines[1:] {
			e.output = append(e.output, strings.TrimSpace(line))
		}
		out = append(out, e)
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPlugins_READMEs deploys every example plug-in and runs the requests of
// its README.
func TestPlugins_READMEs(t *testing.T) {
	slowUnderRace(t)
	t.Parallel()
	x := newTerminal(t)
	address := x.serve("postern serve --data data --listen 127.0.0.1:8080")
	x.env = append(x.env, "POSTERN_SERVER=http://"+address)
	names, err := filepath.Glob("../../plugins/*/README.md")
	if err != nil || len(names) < 4 {
		t.Fatalf("found %d plug-ins, error %v", len(names), err)
	}
	x.prompt = "ASK_KEY=" + strings.TrimSpace(x.run("postern keys create test"))
	for _, name := range names {
		dir, err := filepath.Abs(filepath.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		x.run("postern deploy " + dir)
		for _, e := range examples(read(t, name)) {
			got := x.run(strings.ReplaceAll(e.command, "localhost:8080", address))
			for _, want := range e.output {
				if !strings.Contains(got, want) {
					t.Errorf("%s: %s\nprints %s\nwant %s", name, e.command, got, want)
				}
			}
			if strings.Contains(got, `"request_id":`) {
				t.Errorf("%s: %s\nis refused: %s", name, e.command, got)
			}
		}
	}
}

// TestSDK_README builds the handler of the SDK's README with its further
// export, by hand as it says, and tests it natively as it says.
func TestSDK_README(t *testing.T) {
	t.Parallel()
	markdown := read(t, "../../sdk/README.md")
	code := blocks(markdown)
	if len(code) != 3 {
		t.Fatalf("the README has %d blocks of code; this test knows 3", len(code))
	}
	x := newTerminal(t)
	sdk, err := filepath.Abs("../../sdk/go")
	if err != nil {
		t.Fatal(err)
	}
	find := regexp.MustCompile(`(?m)^    (go mod edit .*)$`).FindStringSubmatch(markdown)
	if find == nil {
		t.Fatal("the README does not say how Go finds the SDK")
	}
	x.run("go mod init hello\n" + strings.ReplaceAll(find[1], "$HOME/postern/sdk/go", sdk))
	write(t, filepath.Join(x.home, "main.go"), code[0].text)
	write(t, filepath.Join(x.home, "report_wasm.go"), "package main\n\nimport postern \"github.com/posternhq/postern/sdk/go\"\n\n"+code[1].text+
		"\nfunc writeReport(postern.Request) postern.Response { return postern.NoContent() }\n")
	write(t, filepath.Join(x.home, "main_test.go"), "package main\n\nimport (\n\t\"testing\"\n\n\tpostern \"github.com/posternhq/postern/sdk/go\"\n)\n\nfunc TestHello(t *testing.T) {\n\t"+
		strings.TrimSpace(code[2].text)+"\n\tif err != nil || string(res.Body()) != `{\"message\":\"Hello, Ada!\"}` {\n\t\tt.Errorf(\"%v, %s\", err, res.Body())\n\t}\n}\n")
	build := regexp.MustCompile(`(?m)^    (GOOS=wasip1 .*)$`).FindStringSubmatch(markdown)
	if build == nil {
		t.Fatal("the README does not say how to build by hand")
	}
	x.run("go test .\n" + build[1] + "\ntest -s hello.wasm")
}

// slowUnderRace leaves out a page whose plug-ins take minutes to compile under
// the race detector. What it asks of servers, the scripts ask there.
func slowUnderRace(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("runs without the race detector")
	}
}
