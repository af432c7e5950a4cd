package tck_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/tck"
)

func abi(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../sdk/abi.md")
	check(t, err)
	return string(text)
}

// table is the part of a page between two markers, as lists of cells.
func table(t *testing.T, page, name string) (rows [][]string) {
	t.Helper()
	_, rest, _ := strings.Cut(page, "<!-- "+name+" -->\n")
	text, _, found := strings.Cut(rest, "<!-- /"+name+" -->")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if !found || len(lines) < 3 {
		t.Fatalf("abi.md has no table of %s", name)
	}
	for _, line := range lines[2:] {
		rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
	}
	return rows
}

// quoted are the words of a cell in backticks.
func quoted(cell string) (words []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		words = append(words, m[1])
	}
	return words
}

// TestABI_Operators: the table of operators and the cases have the same names,
// each case all names of one operator.
func TestABI_Operators(t *testing.T) {
	t.Parallel()
	cases, err := tck.Load()
	check(t, err)
	rows := table(t, abi(t), "operators")
	if len(rows) != 14 {
		t.Errorf("the table has %d operators, want 14", len(rows))
	}
	for _, row := range rows {
		names := append(quoted(row[0]), quoted(row[1])...)
		i := slices.IndexFunc(cases, func(c tck.Case) bool { return c.Name == "operators/"+names[0] })
		if i < 0 || !slices.Equal(cases[i].Each, names) {
			t.Errorf("there is no case of %s with its names %q", names[0], names)
		}
	}
}

// TestABI_Codes: the page lists the codes of failures that the host has.
func TestABI_Codes(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, row := range table(t, abi(t), "codes") {
		listed = append(listed, quoted(row[0])[0])
	}
	for _, code := range []host.Code{host.CodeInvalid, host.CodeNotFound, host.CodeConflict, host.CodeStale, host.CodePermission, host.CodeTooMany,
		host.CodeQuota, host.CodeEnded, host.CodeTooLarge, host.CodeUnavailable, host.CodeInternal, host.CodeOpen, host.CodeModuleFailed, host.CodeInvalidResponse,
		httpout.CodeAddress, httpout.CodeRedirect, httpout.CodeTooLarge, httpout.CodeTimeout, httpout.CodeUnreachable} {
		if !slices.Contains(listed, string(code)) {
			t.Errorf("%s is not on the page", code)
		}
	}
}

var (
	exampleBlock = regexp.MustCompile("(?ms)^```json ([a-z_]+)\n(.*?)^```\n```json\n(.*?)^```$")
	anyJSON      = regexp.MustCompile("(?m)^```json")
	drawn        = regexp.MustCompile(`"(?:__id|key)": ?"([0-9a-f-]{36}|sv_[0-9a-f]{64})"`)
)

// TestABI_Examples carries out the requests of sdk/abi.md in their order, and
// compares the answers. Ids stand for those that the host draws.
func TestABI_Examples(t *testing.T) {
	t.Parallel()
	page := abi(t)
	examples := exampleBlock.FindAllStringSubmatch(page, -1)
	if all := len(anyJSON.FindAllString(page, -1)); len(examples) < 10 || all != 2*len(examples) {
		t.Fatalf("%d of %d blocks of JSON are examples that can be run", 2*len(examples), all)
	}
	service := tck.Service(t)
	invoke := newServer(t, "", handWritten(t)).App(t, tck.Setup{
		Objects: []*host.Object{
			named("orders", func(o *host.Object) { o.IndexedFields = []string{"status"} }),
			named("customers", func(o *host.Object) { o.UniqueFields = []string{"email"} }),
		},
		Granted: host.Capabilities, Hosts: []string{tck.HostOf(service)},
		Secrets: map[string]string{"LINK_KEY": "0123456789abcdef0123456789abcdef", "SMTP_PASSWORD": "correct horse"},
	})
	ids := map[string]string{}
	for _, example := range examples {
		request, want := example[2], example[3]
		for shown, real := range ids {
			request, want = strings.ReplaceAll(request, shown, real), strings.ReplaceAll(want, shown, real)
		}
		digit := slices.Index(tck.Operations, example[1])
		request, want = strings.ReplaceAll(request, "https://api.example.com", service), strings.ReplaceAll(want, "https://api.example.com", service)
		_, answer, code := invoke([]byte(tck.Digits[digit:digit+1] + strings.ReplaceAll(request, "\n", " ") + "\n"))
		if code != "" {
			t.Fatalf("%s: %s", request, code)
		}
		if m := drawn.FindStringSubmatch(want); m != nil && !slices.Contains(values(ids), m[1]) {
			got := drawn.FindStringSubmatch(string(answer))
			if got == nil {
				t.Fatalf("%s answers %s, which has no id", request, answer)
			}
			ids[m[1]] = got[1]
			want = strings.ReplaceAll(want, m[1], got[1])
		}
		// What differs from run to run.
		want = regexp.MustCompile(`"20\d\d-\d\d-\d\dT[0-9:.]+Z"`).ReplaceAllString(want, `"<time>"`)
		want = strings.ReplaceAll(want, `"…"`, `"<text>"`)
		if err := tck.Match(answer, json.RawMessage(want)); err != nil {
			t.Errorf("%s %s\nanswers %s\nbut %v", example[1], request, answer, err)
		}
	}
}

func named(name string, change func(*host.Object)) *host.Object {
	o := host.NewObject("")
	o.Name = name
	change(o)
	return o
}

func values(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}
