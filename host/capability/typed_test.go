package capability_test

import (
	"context"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
)

// double is an operation that doubles a number.
var double = capability.Operation{Name: "double", Group: host.CapabilityBasic, Run: capability.Typed(
	func(_ context.Context, _ *capability.Call, r *struct {
		N    int               `json:"n"`
		List []map[string]bool `json:"list"`
	}) (map[string]int, error) {
		return map[string]int{"n": 2 * r.N}, nil
	})}

func TestTyped(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"n":21}`:                 `{"n":42}`,
		" \n{\"n\":1} ":            `{"n":2}`,
		`{}`:                       `{"n":0}`,
		``:                         `{"error":{"code":"invalid_request","message":"the request is not valid JSON"}}`,
		`null`:                     `{"error":{"code":"invalid_request","message":"the request must be a JSON object"}}`,
		`[{"n":1}]`:                `{"error":{"code":"invalid_request","message":"the request must be a JSON object"}}`,
		`{"n":1}{}`:                `{"error":{"code":"invalid_request","message":"the request is not valid JSON"}}`,
		`{"n":1`:                   `{"error":{"code":"invalid_request","message":"the request is not valid JSON"}}`,
		`{"n":"1"}`:                `{"error":{"code":"invalid_request","message":"n has the wrong type: it is a JSON string"}}`,
		`{"n":1e99}`:               `{"error":{"code":"invalid_request","message":"n has the wrong type: it is a JSON number 1e99"}}`,
		`{"list":[{"a":1}]}`:       `{"error":{"code":"invalid_request","message":"list has the wrong type: it is a JSON number"}}`,
		`{"n":1,"N":2}`:            `{"error":{"code":"invalid_request","message":"the request must not have the member \"N\""}}`,
		`{"n":null,"\u006e":1}`:    `{"n":2}`,
		"{\"n\":1,\"t\":\"\xff\"}": `{"error":{"code":"invalid_request","message":"the request is not valid JSON"}}`,
		`{"n":1,"m":"\u0000"}`:     `{"error":{"code":"invalid_request","message":"the request must not have the member \"m\""}}`,
	} {
		if got := string(double.Do(t.Context(), nil, []byte(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// FuzzTyped answers whatever it is asked.
func FuzzTyped(f *testing.F) {
	f.Add([]byte(`{"n":1}`))
	f.Add([]byte(`{"list":[null,{"a":true}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if out := double.Do(t.Context(), nil, in); len(out) == 0 || out[0] != '{' {
			t.Errorf("got %q", out)
		}
	})
}
