package tck

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
)

// A kit that finds everything right proves nothing, so what it is made of is
// tested from inside.

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got, want string
		matches   bool
	}{
		{`{"a":1,"b":2}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"a":1.0}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":null}`, `{"a":"<absent>"}`, false},
		{`{}`, `{"a":"<absent>"}`, true},
		{`[1,2]`, `[1,2]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`[1,2]`, `[1]`, false},
		{`[{"a":1,"b":1}]`, `[{"a":1}]`, true},
		{`{}`, `[]`, false},
		{`[]`, `{}`, false},
		{`"x"`, `"<text>"`, true},
		{`1`, `"<text>"`, false},
		{`"a long text"`, `"<has>long"`, true},
		{`"a text"`, `"<has>long"`, false},
		{`"019e5a0c-0001-7000-8000-000000000001"`, `"<uuid>"`, true},
		{`"019E5A0C-0001-7000-8000-000000000001"`, `"<uuid>"`, false},
		{`"2026-11-22T06:00:00.000Z"`, `"<time>"`, true},
		{`"2026-11-22T06:00:00Z"`, `"<time>"`, false},
		{`true`, `false`, false},
		{`null`, `null`, true},
	} {
		got, err := parse([]byte(tt.got))
		if err != nil {
			t.Fatal(err)
		}
		want, err := parse([]byte(tt.want))
		if err != nil {
			t.Fatal(err)
		}
		if err := match("", got, want); (err == nil) != tt.matches {
			t.Errorf("%s against %s: %v", tt.got, tt.want, err)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":{"$text":3}}`:                     `{"a":"xxx"}`,
		`{"$nest":3}`:                           `{"a":{"a":{}}}`,
		`[0,{"$repeat":2,"of":{"i":"$n"}},[]]`:  `[0,{"i":"0"},{"i":"1"},[]]`,
		`[]`:                                    `[]`,
		`{"a":{"b":[{"$repeat":1,"of":1.50}]}}`: `{"a":{"b":[1.50]}}`,
	} {
		value, err := parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(expand(value)); string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestLoad_Faults: what would pass without testing anything is refused.
func TestLoad_Faults(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"no files":       {},
		"no cases":       {"cases/a.json": {Data: []byte(`[]`)}},
		"no steps":       {"cases/a.json": {Data: []byte(`[{"name":"a"}]`)}},
		"unknown member": {"cases/a.json": {Data: []byte(`[{"name":"a","steps":[{"operation":"object_query","answers":{}}]}]`)}},
	} {
		if cases, err := load(files); err == nil {
			t.Errorf("%s: %d cases", name, len(cases))
		}
	}
}

// TestLoad_Covers: every operation and every failure that a guest can bring
// about has a case. It cannot make the database go away or the host fail, and
// after transaction_ended nobody hears what it answers.
func TestLoad_Covers(t *testing.T) {
	t.Parallel()
	cases, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Operations {
		if !strings.Contains(string(raw), `"operation":"`+name+`"`) {
			t.Errorf("no case carries out %s", name)
		}
	}
	for _, code := range []string{"invalid_request", "not_found", "conflict", "stale", "permission_denied", "too_many_operations", "quota_exceeded",
		"transaction_open", "address_refused", "redirect_refused", "response_too_large", "timeout", "unreachable", "module_failed"} {
		if !strings.Contains(string(raw), `"code":"`+code+`"`) {
			t.Errorf("no case fails with %s", code)
		}
	}
}
