package instrument

import (
	"strings"

	"github.com/posternhq/postern/host"
)

// Info is what a binary tells about itself and what its code can do, as far as
// that concerns who runs it.
type Info struct {
	Imports []host.Import // with the capability each one needs
	Exports []host.Export
	// Language is what it was written in, as its producers section says, such as
	// "Rust" or "C11"; "" if it does not say.
	Language string
	// Features are the extensions of WebAssembly 1.0 that its instructions use,
	// named as tools name them.
	Features []string
	// Pages and MaxPages are the size of memory at the start and its own limit,
	// which is 65,536 if it declares none; both are 0 without a memory.
	Pages, MaxPages uint32
	// Tables is how many tables it has.
	Tables int
	// GrowsMemory, WritesTables and DropsSegments tell whether there is an
	// instruction that does so. DropsSegments includes growing a table: a
	// Restore does not undo either.
	GrowsMemory, WritesTables, DropsSegments bool
}

// Describe reads a binary. Unlike Inspect it judges nothing but what cannot be
// decoded. Errors: CodeInvalid.
func Describe(wasm []byte) (*Info, error) {
	m, err := decode(wasm)
	if err != nil {
		return nil, err
	}
	info := &Info{
		Exports:  m.listExports(),
		Language: m.language(),
		Features: m.facts.features.names(),
		Tables:   m.count(kindTable),

		GrowsMemory: m.facts.grows, DropsSegments: m.facts.dirties,
	}
	for _, im := range m.imports {
		info.Imports = append(info.Imports, im.describe())
	}
	for _, written := range m.facts.tables {
		info.WritesTables = info.WritesTables || written
	}
	if len(m.memories) > 0 {
		info.Pages, info.MaxPages = m.memories[0].min, wholePages
		if m.memories[0].hasMax {
			info.MaxPages = m.memories[0].max
		}
	}
	return info, nil
}

// describe is an import for those who read it.
func (im *imported) describe() host.Import {
	return host.Import{
		Module: im.module, Name: im.name, Kind: kindNames[im.kind],
		Params: im.typ.params, Results: im.typ.results,
		Capability: known[im.module][im.name].Capability,
	}
}

// language finds the language in the producers section. That section is
// hearsay: a malformed one says nothing.
func (m *binary) language() string {
	for _, s := range m.sections {
		r := &reader{b: s.body}
		if s.id != sectionCustom || r.name() != "producers" {
			continue
		}
		for fields := r.count(2); fields > 0; fields-- {
			field := r.name()
			for values := r.count(2); values > 0; values-- {
				name, _ := r.name(), r.name()
				if r.err == nil && field == "language" {
					return label(strings.TrimSpace(name))
				}
			}
		}
	}
	return ""
}
