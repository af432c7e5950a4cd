package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	extism "github.com/extism/go-sdk"

	"github.com/posternhq/postern/host"
)

// Upload is what a developer uploads as a module: a bare binary, or an Extism
// manifest with one binary inside. Its limits can only narrow those of a call;
// zero means that the manifest says nothing.
type Upload struct {
	Wasm        []byte
	MemoryPages uint32
	Timeout     time.Duration
	Config      map[string]string // what config_get answers if the app does not say it
	// AllowedHosts are patterns of the only hosts that requests may go to; empty
	// for none, nil says nothing.
	AllowedHosts []string
	// HTTPBytes bounds the body of an answer to http_request; nil says nothing.
	HTTPBytes *int64
}

// manifestFields are those of Extism's manifest. Another one is more likely a
// mistake than something that does not matter.
var manifestFields = map[string]bool{
	"wasm": true, "memory": true, "config": true, "allowed_hosts": true, "allowed_paths": true, "timeout_ms": true,
}

// Unwrap reads an upload. Errors: CodeInvalid with a sentence for a manifest
// that is malformed or asks for what a host must not give: files and addresses
// that the host would read, directories, several modules.
func Unwrap(upload []byte) (Upload, error) {
	if trimmed := bytes.TrimLeft(upload, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return Upload{Wasm: upload}, nil
	}
	var fields map[string]json.RawMessage
	var m extism.Manifest
	if json.Unmarshal(upload, &fields) != nil || json.Unmarshal(upload, &m) != nil {
		return Upload{}, host.Errorf(host.CodeInvalid, "The Extism manifest is not valid: it must be a JSON object as https://extism.org/docs/concepts/manifest describes")
	}
	for name := range fields {
		if !manifestFields[name] {
			return Upload{}, host.Errorf(host.CodeInvalid, "%s is not a known field of an Extism manifest", name)
		}
	}
	if len(m.AllowedPaths) > 0 {
		return Upload{}, host.Errorf(host.CodeInvalid, "allowed_paths: a module has no file system")
	}
	if err := checkHosts(m.AllowedHosts); err != nil {
		return Upload{}, err
	}
	wasm, err := inline(m.Wasm)
	if err != nil {
		return Upload{}, err
	}
	var httpBytes *int64
	if m.Memory.MaxHttpResponseBytes >= 0 {
		httpBytes = &m.Memory.MaxHttpResponseBytes
	}
	return Upload{
		Wasm: wasm, MemoryPages: m.Memory.MaxPages, Config: m.Config, AllowedHosts: m.AllowedHosts, HTTPBytes: httpBytes,
		// Past the longest deadline there is, a manifest narrows nothing.
		Timeout: time.Duration(min(m.Timeout, uint64(host.MaxTimeout.Milliseconds()))) * time.Millisecond,
	}, nil
}

// inline returns the one module of a manifest, which must be in it.
func inline(modules []extism.Wasm) ([]byte, error) {
	if len(modules) != 1 {
		return nil, host.Errorf(host.CodeInvalid, "wasm must hold exactly one module, with its bytes as data in base64")
	}
	data, ok := modules[0].(extism.WasmData)
	if !ok {
		return nil, host.Errorf(host.CodeInvalid, "wasm must hold the bytes of the module as data in base64: a path or url would be read on the server")
	}
	sum := sha256.Sum256(data.Data)
	if data.Hash != "" && !strings.EqualFold(data.Hash, hex.EncodeToString(sum[:])) {
		return nil, host.Errorf(host.CodeInvalid, "wasm: the hash is not that of the data")
	}
	return data.Data, nil
}

// narrow applies what the upload says to a call of it.
func (u *Upload) narrow(c *Call) {
	if u.MemoryPages > 0 {
		c.MemoryPages = min(c.MemoryPages, u.MemoryPages)
	}
	if u.Timeout > 0 {
		c.Timeout = min(c.Timeout, u.Timeout)
	}
}
