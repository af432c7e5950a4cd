package engine_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
)

func TestUnwrap(t *testing.T) {
	t.Parallel()
	wasm := guest(t, "ok/echo")
	data := `{"data":"` + base64.StdEncoding.EncodeToString(wasm) + `"`
	for _, tt := range []struct {
		name, upload string
		want         engine.Upload
		text         string
	}{
		{"a bare binary", string(wasm), engine.Upload{}, ""},
		{"a manifest", `{"wasm":[` + data + `}]}`, engine.Upload{}, ""},
		{"blanks before it", "\n {\"wasm\":[" + data + `}]}`, engine.Upload{}, ""},
		{"limits", `{"wasm":[` + data + `}],"memory":{"max_pages":7},"timeout_ms":250,"config":{"a":"b"},"allowed_hosts":["*"]}`,
			engine.Upload{MemoryPages: 7, Timeout: 250 * time.Millisecond, Config: map[string]string{"a": "b"}}, ""},
		{"an endless timeout", `{"wasm":[` + data + `}],"timeout_ms":18446744073709551615}`, engine.Upload{Timeout: host.MaxTimeout}, ""},
		{"a path", `{"wasm":[{"path":"/etc/passwd"}]}`, engine.Upload{}, "read on the server"},
		{"an address", `{"wasm":[{"url":"http://169.254.169.254/"}]}`, engine.Upload{}, "read on the server"},
		{"two modules", `{"wasm":[` + data + `},` + data + `}]}`, engine.Upload{}, "exactly one module"},
		{"no module", `{"wasm":[]}`, engine.Upload{}, "exactly one module"},
		{"an empty module", `{"wasm":[{}]}`, engine.Upload{}, "not valid"},
		{"directories", `{"wasm":[` + data + `}],"allowed_paths":{"/":"/"}}`, engine.Upload{}, "no file system"},
		{"a wrong hash", `{"wasm":[` + data + `,"hash":"00"}]}`, engine.Upload{}, "hash is not"},
		{"an unknown field", `{"wasm":[` + data + `}],"alowed_hosts":[]}`, engine.Upload{}, "alowed_hosts is not a known field"},
		{"broken JSON", `{"wasm":[`, engine.Upload{}, "not valid"},
	} {
		got, err := engine.Unwrap([]byte(tt.upload))
		if tt.text != "" {
			if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.text)
			}
			continue
		}
		if err != nil || !bytes.Equal(got.Wasm, wasm) {
			t.Errorf("%s: %d bytes, error %v", tt.name, len(got.Wasm), err)
		}
		if got.MemoryPages != tt.want.MemoryPages || got.Timeout != tt.want.Timeout || len(got.Config) != len(tt.want.Config) {
			t.Errorf("%s: got %+v", tt.name, got)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"wasm":[{"data":"AGFzbQ=="}],"timeout_ms":1}`))
	f.Add([]byte("\x00asm"))
	f.Fuzz(func(t *testing.T, upload []byte) {
		u, err := engine.Unwrap(upload)
		if err == nil && len(u.Wasm) > len(upload) {
			t.Fatalf("%d bytes came out of %d", len(u.Wasm), len(upload))
		}
	})
}
