package host_test

import (
	"bytes"
	"encoding/json"
	"reflect"
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

// FuzzReadJSON: what is read, as a whole and piece by piece, is what encoding/json
// reads.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range append(documents,
		` { "a" : 1 , "b\"\\" : [ "}" , { } ] , "" : null , "a" : -1.5e3 } `, "\t[ true ,\n[[]], \"\\u005d,\" ]\r",
		`{"é\u00e9":"\ud800"}`, `"{}"`, `{"a":{"b":[{"c":"{"}]}}`,
	) {
		if len(seed) < 1000 {
			f.Add([]byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !host.ValidJSON(raw) {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := host.ReadJSON(raw).Decode(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %#v, want %#v", raw, got, want)
		}
		r := host.ReadJSON(raw)
		switch r.Kind() {
		case '{':
			var members map[string]json.RawMessage
			read := map[string]json.RawMessage{}
			for r.More() {
				name := r.Name()
				read[name] = r.Value()
			}
			if err := json.Unmarshal(raw, &members); err != nil || !reflect.DeepEqual(read, members) {
				t.Errorf("%q has the members %q, want %q, %v", raw, read, members, err)
			}
		case '[':
			var elements []json.RawMessage
			read := []json.RawMessage{}
			for r.More() {
				read = append(read, r.Value())
			}
			if err := json.Unmarshal(raw, &elements); err != nil || !reflect.DeepEqual(read, elements) {
				t.Errorf("%q has the elements %q, want %q, %v", raw, read, elements, err)
			}
		default:
			if got := r.Value(); string(got) != string(bytes.Trim(raw, " \t\r\n")) {
				t.Errorf("%q is the value %q", raw, got)
			}
		}
		if r.Kind() != 0 {
			t.Errorf("%q does not end with its value", raw)
		}
	})
}
