package host_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/posternhq/postern/host"
)

// documents are JSON, and what is nearly that.
var documents = []string{
	``, ` `, `null`, ` true `, `false`, `nul`, `nulll`, `truefalse`, `0`, `-0`, `-`, `01`, `-01`, `1.`, `1.5`, `.5`, `1e`, `1E+9`, `1e-09`, `1e+`, `--1`, `+1`, `1 2`, `0x1`,
	`""`, `"`, `"a`, `"a"b`, `"\"`, `"\\"`, `"\u00e9"`, `"\u00G0"`, `"\u00@0"`, `"\u00` + "`" + `0"`, `"\u00e"`, `"\x"`, `"\`, "\"\n\"", "\"\x1f\"", "\"\x7f\"", `"123456789\n123456789"`, `"12345678"`, "\"1234567\x01\"", "\"é\"", "\"\xff\"",
	`[]`, `[ ]`, `[,]`, `[1,]`, `[1,2]`, `[1 2]`, `[[[]]]`, `[`, `]`, `[}`, `{]`, `{}`, `{ }`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1}`, `{"a":1,}`, `{"a":1,"b":[{}]}`, `{a:1}`, `{"a":1 "b":2}`, `{"a" : 1 , "b" : 2 }`, `{"a":1}}`, `{1:2}`,
	strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "\x00", "1\x00", "\ufeff1",
}

func TestValidJSON(t *testing.T) {
	t.Parallel()
	for _, document := range documents {
		if got, want := host.ValidJSON([]byte(document)), json.Valid([]byte(document)) && utf8.ValidString(document); got != want {
			t.Errorf("%.60q: %t, want %t", document, got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, document := range documents {
		if len(document) < 1000 {
			f.Add(document)
		}
	}
	f.Fuzz(func(t *testing.T, document string) {
		if got, want := host.ValidJSON([]byte(document)), json.Valid([]byte(document)) && utf8.ValidString(document); got != want {
			t.Errorf("%q: %t, want %t", document, got, want)
		}
	})
}
