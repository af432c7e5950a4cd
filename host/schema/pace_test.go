package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/schema"
)

// doubling is a schema whose rules each apply the next one twice, n times.
func doubling(n int, combine, last string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"$ref":"#/$defs/a%d","$defs":{"a0":%s`, n, last)
	for i := range n {
		fmt.Fprintf(&b, `,"a%d":{"%s":[{"$ref":"#/$defs/a%d"},{"$ref":"#/$defs/a%d"}]}`, i+1, combine, i, i)
	}
	return []byte(b.String() + "}}")
}

// TestSchema_Validate_EndsInTime: whoever writes a schema cannot keep the host
// busy with it, and the same schema goes on to check what it can.
func TestSchema_Validate_EndsInTime(t *testing.T) {
	t.Parallel()
	for name, s := range map[string][]byte{
		"met by all":     doubling(60, "allOf", `{"type":"object"}`),
		"met by none":    doubling(60, "anyOf", `{"type":"string"}`),
		"in a property":  []byte(`{"properties":{"x":` + string(doubling(60, "allOf", `{"type":"object"}`)) + `}}`),
		"by another way": []byte(`{"$defs":{"n":{"$dynamicAnchor":"n","allOf":[{"properties":{"x":{"$dynamicRef":"#n"}}},{"properties":{"x":{"$dynamicRef":"#n"}}}]}},"$ref":"#/$defs/n"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, []byte(strings.ReplaceAll(string(s), `"#/$defs/a`, ref(name))))
			want := []schema.Violation{{Message: "the schema takes too long to check this"}}
			times := 1
			if name == "met by all" {
				times = 2 // what ended one check does not end the next
			}
			document := []byte(strings.Repeat(`{"x":`, 60) + "{}" + strings.Repeat("}", 60))
			if found, err := s.Find(document); err == nil || host.AsError(err).Message != want[0].Message {
				t.Errorf("found %v, %v", found, err)
			}
			for range times {
				details, ok := s.Validate(document)
				if diff := cmp.Diff(any(want), details); ok || diff != "" {
					t.Errorf("got %v (-want +got):\n%s", ok, diff)
				}
			}
		})
	}
}

// TestCompileOpenAPI_EndsInTime: the older version of JSON Schema that OpenAPI
// 3.0 is made of ends, too.
func TestCompileOpenAPI_EndsInTime(t *testing.T) {
	t.Parallel()
	chain := strings.ReplaceAll(string(doubling(60, "allOf", `{"type":"object"}`)), `"#/$defs/a`, `"#/components/schemas/P/$defs/a`)
	for _, version := range []string{"3.0.3", "3.1.0"} {
		s, err := schema.CompileOpenAPI([]byte(`{"openapi":"`+version+`","components":{"schemas":{"P":`+chain+`}}}`), "P")
		if err != nil {
			t.Fatal(err)
		}
		if found, err := s.Find([]byte(`{}`)); host.CodeOf(err) != host.CodeInvalid {
			t.Errorf("%s: found %v, %v", version, found, err)
		}
	}
}

// ref is where references of doubling lead to in a schema that holds it.
func ref(name string) string {
	if name == "in a property" {
		return `"#/properties/x/$defs/a`
	}
	return `"#/$defs/a`
}

// TestSchema_Validate_AtOnce: checks that run side by side do not end one
// another unless one takes too long.
func TestSchema_Validate_AtOnce(t *testing.T) {
	t.Parallel()
	s := compile(t, doubling(8, "allOf", `{"type":"object"}`))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if details, ok := s.Validate([]byte("{}")); !ok {
					t.Error(details)
				}
			}
		})
	}
	all.Wait()
}

// repeat is a list of a member, n times, whose verbs are numbered.
func repeat(n int, member string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, member, i)
	}
	return b.String()
}

// TestSchema_Validate_Large: many cheap rules on many values end in time, too.
func TestSchema_Validate_Large(t *testing.T) {
	t.Parallel()
	const late, many = "the schema takes too long to check this", "it has more than 500000 values"
	for name, test := range map[string]struct{ schema, body, want string }{
		"a list in each":    {`{"contains":{"enum":[` + repeat(9000, "%d") + `]}}`, `[` + repeat(400_000, "%d.5") + `]`, late},
		"patterns of names": {`{"patternProperties":{` + repeat(2500, `"x%d(a|b)*c":{}`) + `}}`, `{` + repeat(100_000, `"k%d":1`) + `}`, late},
		"patterns":          {`{"items":{"format":"regex"}}`, `[` + repeat(200, `"`+strings.Repeat("(a|b)*?", 8000)+`%d"`) + `]`, late},
		"a large pattern":   {`{"format":"regex"}`, `"` + strings.Repeat("a", 65_537) + `"`, "'aaaa"},
		"values":            {`{"items":{"type":"string"}}`, `[` + repeat(500_000, "%d") + `]`, many},
		"as many as may be": {`{"minItems":499999}`, `[` + repeat(499_999, "%d") + `]`, ""},
		"round and round":   {`{"allOf":[{"$ref":"#"}]}`, `1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			details, ok := compile(t, []byte(test.schema)).Validate([]byte(test.body))
			got := ""
			if list, _ := details.([]schema.Violation); len(list) > 0 {
				got = list[0].Message
			}
			if !strings.Contains(got, test.want) || ok != (test.want == "" && name != "round and round") {
				t.Errorf("got %v, %q, want %q", ok, got, test.want)
			}
		})
	}
}

// TestSchema_Validate_Patterns: a pattern of many instructions is not tried on a
// long text, wherever it stands; a usual one is, on any.
func TestSchema_Validate_Patterns(t *testing.T) {
	t.Parallel()
	large := `^(?:` + strings.Repeat(`(?:a?b?){900}|`, 20) + `x)*y$`
	long := strings.Repeat("ab", 100_000)
	for name, test := range map[string]struct{ schema, body, want string }{
		"of a value":   {`{"pattern":"` + large + `"}`, `"` + long + `"`, "the schema takes too long to check this"},
		"of a name":    {`{"patternProperties":{"` + large + `":false}}`, `{"` + long + `":1}`, "the schema takes too long to check this"},
		"a short text": {`{"pattern":"` + large + `"}`, `"y"`, ""},
		"a usual one":  {`{"pattern":"^[a-z]+$"}`, `"` + strings.Repeat(long, 25) + `"`, ""},
	} {
		details, ok := compile(t, []byte(test.schema)).Validate([]byte(test.body))
		got := ""
		if list, _ := details.([]schema.Violation); len(list) > 0 {
			got = list[0].Message
		}
		if got != test.want || ok != (test.want == "") {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
