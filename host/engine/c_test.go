package engine_test

import (
	"bytes"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

// TestCall_C calls the guests written in C, with Postern's bulk copies and
// without.
func TestCall_C(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{})
	large := bytes.Repeat([]byte("0123456789abcde"), host.DefaultBodyBytes/15)
	tests := []struct{ guest, input, want string }{
		{"c/hello", `{"path":"/hello/Ada","pathMapping":{"name":"Ada"},"queryParams":{}}`, `{"message":"Hello, Ada!"}`},
		{"c/hello", `{"path":"\"pathMapping\":{\"name\":\"Eve\"","pathMapping":{"name":"\"Ada\\"}}`, `{"message":"Hello, \"Ada\\!"}`},
		{"c/echo", "", ""},
		{"c/echo", "thirteen byte", "thirteen byte"},
		{"c/echo", string(large), string(large)},
	}
	for _, tt := range tests {
		for _, guestName := range []string{tt.guest, tt.guest + "_extism"} {
			c := call(guest(t, guestName))
			c.Input = []byte(tt.input)
			for range 3 {
				got, err := output(t, e, c)
				if err != nil || string(got) != tt.want {
					t.Errorf("%s of %.60q: got %.60q, %v, want %.60q", guestName, tt.input, got, err, tt.want)
				}
			}
		}
	}
	c := call(guest(t, "c/hello"))
	c.Input = []byte(`{"pathMapping":{}}`)
	if _, err := output(t, e, c); host.CodeOf(err) != host.CodeModuleFailed {
		t.Errorf("hello without a name: got %v, want %s", err, host.CodeModuleFailed)
	}
}
