package object_test

import (
	"strings"
	"testing"

	"github.com/posternhq/postern/host/store"
)

// TestPatch_RFC7386 applies the examples of the RFC, appendix A, to a member, so
// that values which are no objects can be merged as well.
func TestPatch_RFC7386(t *testing.T) {
	t.Parallel()
	g := newGuest(t, store.Config{Dir: t.TempDir()})
	for _, tt := range []struct{ original, patch, result string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		// And what the RFC leaves to us: digits, escapes, names that need them.
		{`{"a":1.0}`, `{"b":100000000000000000000.10}`, `{"a":1.0,"b":100000000000000000000.10}`},
		{`{"<\u0061\"\\\n>":1}`, `{"\u003ca\"\\\n>":{"é":"\u00e9"}}`, `{"<a\"\\\u000a>":{"é":"é"}}`},
		{`{"a":1,"a":2}`, `{"b":1,"b":2}`, `{"a":2,"b":2}`},
	} {
		id := g.stored("notes", `{"x":`+tt.original+`}`)
		got := g.do(`patch {"object":"notes","id":"` + id + `","patch":{"x":` + tt.patch + `}}`)
		if want := `{"record":{"__id":"ID","__version":2,"x":` + tt.result + `}}`; got != want {
			t.Errorf("%s with %s\n got %s\nwant %s", tt.original, tt.patch, got, want)
		}
		g.begin(false)
	}
}

// TestPatch_Bounds: neither a patch nor what it makes may be more than a record.
func TestPatch_Bounds(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("too slow for a transaction")
	}
	g := newGuest(t, store.Config{Dir: t.TempDir()})
	half := strings.Repeat("x", 600_000)
	id := g.stored("notes", `{"a":"`+half+`"}`)
	for _, patch := range []string{`{"b":"` + half + `"}`, `{"b":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`} {
		if got := g.do(`patch {"object":"notes","id":"` + id + `","patch":` + patch + `}`); !strings.HasPrefix(got, `{"error":{"code":"invalid_request","message":"the record has`) {
			t.Errorf("%.20s: got %.200s", patch, got)
		}
	}
}
