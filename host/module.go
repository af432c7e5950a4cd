package host

import (
	"context"
	"slices"
	"strings"
)

// Module is an uploaded Wasm binary: immutable, addressed by the digest of its
// bytes, with a name and a version number inside its app.
type Module struct {
	ID        string   `json:"id"`
	AppID     string   `json:"app_id"`
	Name      string   `json:"name"`
	Version   int      `json:"version" doc:"Number of this upload under its name, from 1"`
	Digest    string   `json:"digest" doc:"SHA-256 of the uploaded bytes, in hexadecimal"`
	Size      int64    `json:"size" doc:"Bytes uploaded"`
	Imports   []Import `json:"imports" doc:"What the module asks of the host: its permission list"`
	Exports   []Export `json:"exports"`
	Language  string   `json:"language" doc:"What it was written in, as it says itself; empty if it does not"`
	Features  []string `json:"features" doc:"Extensions of WebAssembly 1.0 that its code uses"`
	Warnings  []string `json:"warnings" doc:"What may surprise, but does not stop an upload"`
	CreatedAt Time     `json:"created_at"`

	// MemoryPages is the initial size of its linear memory.
	MemoryPages uint32 `json:"memory_pages" doc:"Size of its memory at the start, in pages of 64 KiB"`
	// Capabilities is filled in by who knows the app.
	Capabilities []Grant `json:"capabilities,omitzero" doc:"Groups of data operations that it asks for, and whether its app grants them"`
}

// Import is one thing a module asks of the host.
type Import struct {
	Module     string   `json:"module"`
	Name       string   `json:"name"`
	Kind       string   `json:"kind" doc:"func, memory, table or global"`
	Params     []string `json:"params,omitempty"`
	Results    []string `json:"results,omitempty"`
	Capability string   `json:"capability" doc:"The permission it needs"`
}

// Export is one thing a module offers.
type Export struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind" doc:"func, memory, table or global"`
	Params   []string `json:"params,omitempty"`
	Results  []string `json:"results,omitempty"`
	Callable bool     `json:"callable" doc:"Whether an endpoint can name it"`
}

// FuncKind is the Kind of an imported or exported function.
const FuncKind = "func"

// Export returns the export called name, or nil.
func (m *Module) Export(name string) *Export {
	i := slices.IndexFunc(m.Exports, func(e Export) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Exports[i]
}

// ModuleStore keeps modules and their bytes. Errors: CodeNotFound with the
// text "Module not found", CodeConflict for one a retained release uses.
type ModuleStore interface {
	// AddModule stores m and its content and gives m its Version. If the
	// app has the same digest under the same name already, m becomes a copy
	// of that one and created is false.
	AddModule(ctx context.Context, m *Module, content []byte) (created bool, err error)
	// Module finds one module of an app by its id.
	Module(ctx context.Context, appID, id string) (*Module, error)
	// Modules lists an app's modules, newest first, with their number.
	Modules(ctx context.Context, appID string, page Page) ([]*Module, int, error)
	// ModuleContent returns the uploaded bytes.
	ModuleContent(ctx context.Context, digest string) ([]byte, error)
	// DeleteModule removes one; its bytes go with the last module that has them.
	DeleteModule(ctx context.Context, appID, id string) error
}

// ValidateModuleName checks the name a module is uploaded under: 1 to 100
// letters, digits, dots, hyphens and underscores, beginning with a letter or
// digit, and not shaped like a digest.
func ValidateModuleName(name string) error {
	ok := name != "" && len(name) <= 100 && !isDigest(name) && !strings.ContainsAny(name[:1], ".-_")
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_", c) >= 0)
	}
	if !ok {
		return Errorf(CodeInvalid, "name must be 1-100 letters, digits, dots, hyphens or underscores, and begin with a letter or digit")
	}
	return nil
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// ModuleRef is how an endpoint names a module: by name (the newest version),
// by name and version, or by digest. Exactly one of Name and Digest is set.
type ModuleRef struct {
	Name    string
	Version int // 0 for the newest
	Digest  string
}

// ParseModuleRef reads "name", "name@version", a digest in hexadecimal or
// "sha256:" and a digest.
func ParseModuleRef(s string) (ModuleRef, error) {
	if digest := strings.TrimPrefix(s, "sha256:"); isDigest(digest) {
		return ModuleRef{Digest: digest}, nil
	}
	name, version, pinned := strings.Cut(s, "@")
	ref := ModuleRef{Name: name}
	if pinned {
		n, err := parsePositive(version)
		if err != nil {
			return ModuleRef{}, Errorf(CodeInvalid, "module must be a name, name@version or a digest, not %q", s)
		}
		ref.Version = n
	}
	if ValidateModuleName(name) != nil {
		return ModuleRef{}, Errorf(CodeInvalid, "module must be a name, name@version or a digest, not %q", s)
	}
	return ref, nil
}
