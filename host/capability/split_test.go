package capability_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/posternhq/postern/host/capability"
)

// FuzzSplit: what is taken apart here is what encoding/json finds.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, ` { "a" : 1 , "b\"\\" : [ "}" , { } ] , "" : null , "a" : -1.5e3 } `, "\t[ true ,\n[[]], \"\\u005d,\" ]\r",
		`{"é\u00e9":"\ud800"}`, `"{}"`, `1`, ``, `{`, `{"a":{"b":[{"c":"{"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return
		}
		var members map[string]json.RawMessage
		isObject := json.Unmarshal(raw, &members) == nil && members != nil
		got := map[string][]byte{}
		if capability.Split(raw, func(name string, value []byte) bool { got[name] = value; return true }) != isObject || len(got) != len(members) {
			t.Fatalf("%q: %d members, want %v %d", raw, len(got), isObject, len(members))
		}
		for name, value := range members {
			if !bytes.Equal(got[name], value) {
				t.Errorf("%q: the member %q is %q, want %q", raw, name, got[name], value)
			}
		}
		var want []json.RawMessage
		isList := json.Unmarshal(raw, &want) == nil && want != nil
		list, ok := capability.Elements(raw, len(raw))
		if ok != isList || len(list) != len(want) {
			t.Fatalf("%q: %d elements, want %v %d", raw, len(list), isList, len(want))
		}
		for i := range want {
			if !bytes.Equal(list[i], want[i]) {
				t.Errorf("%q: the element %d is %q, want %q", raw, i, list[i], want[i])
			}
		}
		if few, _ := capability.Elements(raw, 1); len(few) != min(1, len(want)) {
			t.Errorf("%q: %d elements of at most one", raw, len(few))
		}
	})
}
