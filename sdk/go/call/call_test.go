//go:build !wasip1

package call_test

import (
	"testing"

	"github.com/posternhq/postern/sdk/go/call"
	"github.com/posternhq/postern/sdk/go/operation"
)

// It uses the stand-in for the host alone: it is not parallel.
func TestCall(t *testing.T) {
	asked, answer := "", ""
	operation.SetHost(func(name string, request []byte) []byte {
		asked = name + " " + string(request)
		return []byte(answer)
	})
	defer operation.SetHost(nil)

	answer = `{"output":{"n":7},"outputEncoding":"json"}`
	type number struct{ N int }
	got, err := call.Run[number]("m", "f", []int{1})
	if want := `call {"module":"m","function":"f","input":[1],"inputEncoding":"json"}`; got.N != 7 || err != nil || asked != want {
		t.Errorf("got %v, %v of %s", got, err, asked)
	}
	if _, err := call.Run[[]int]("m", "f", nil); err == nil {
		t.Error("an object is a list")
	}
	for _, test := range []struct{ answer, want string }{
		{`{}`, ""},
		{`{"output":[1],"outputEncoding":"json"}`, "[1]"},
		{`{"output":"a\"","outputEncoding":"text"}`, `a"`},
		{`{"output":"/wA=","outputEncoding":"base64"}`, "\xff\x00"},
	} {
		answer = test.answer
		got, err := call.Bytes("m", "f", []byte{255})
		if want := `call {"module":"m","function":"f","input":"/w==","inputEncoding":"base64"}`; string(got) != test.want || err != nil || asked != want {
			t.Errorf("%s: got %q, %v of %s", answer, got, err, asked)
		}
	}
	if _, err := call.Run[string]("m", "f", nil); err == nil {
		t.Error("bytes are JSON")
	}
	answer = `{"error":{"code":"module_failed","message":"no"}}`
	if _, err := call.Bytes("m", "f", nil); !operation.Is(err, operation.ModuleFailed) {
		t.Errorf("got %v", err)
	}
}
