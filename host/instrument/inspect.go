package instrument

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/posternhq/postern/host"
)

// Inspect reads an uploaded binary: Digest, Size, Imports, Exports, Language,
// Features, Warnings and MemoryPages of the answer are set. maxPages is the largest initial
// memory that is accepted, in pages of 64 KiB.
//
// It refuses, with one sentence for the module's author and CodeInvalid, what
// is not a Wasm module, is malformed outside its function bodies, imports what
// this host does not offer, or declares an absurd size.
func Inspect(wasm []byte, maxPages uint32) (*host.Module, error) {
	m, err := decode(wasm)
	if err != nil {
		return nil, err
	}
	imports, err := m.listImports()
	if err != nil {
		return nil, err
	}
	if err := m.checkSizes(maxPages); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(wasm)
	out := &host.Module{
		Digest:   hex.EncodeToString(sum[:]),
		Size:     int64(len(wasm)),
		Imports:  imports,
		Exports:  m.listExports(),
		Language: m.language(),
		Features: m.facts.features.names(),
		Warnings: []string{},
	}
	if len(m.memories) > 0 {
		out.MemoryPages = m.memories[0].min
	}
	if !slices.ContainsFunc(out.Exports, func(e host.Export) bool { return e.Callable }) {
		out.Warnings = append(out.Warnings,
			"The module exports no function that an endpoint can call: one without parameters that returns nothing or one i32")
	}
	return out, nil
}

// listImports checks every import against the table and lists each one once.
func (m *binary) listImports() ([]host.Import, error) {
	list := []host.Import{}
	var faults []string
	seen := map[string]bool{}
	for _, im := range m.imports {
		have := im.describe()
		key := fmt.Sprintf("%q %q %s%s", im.module, im.name, have.Kind, signature(have))
		if seen[key] {
			continue
		}
		seen[key] = true
		want, ok := known[im.module][im.name]
		switch {
		case !ok || im.kind != kindFunc:
			faults = append(faults, fmt.Sprintf("%s %s.%s", have.Kind, label(im.module), label(im.name)))
		case !slices.Equal(want.Params, have.Params) || !slices.Equal(want.Results, have.Results):
			faults = append(faults, fmt.Sprintf("func %s.%s as %s (it is %s)",
				im.module, im.name, signature(have), signature(want)))
		}
		list = append(list, have)
	}
	if len(faults) == 0 {
		return list, nil
	}
	if more := len(faults) - maxListed; more > 0 {
		faults = append(faults[:maxListed], fmt.Sprintf("and %d more", more))
	}
	return nil, invalid("The module imports what this host does not offer: %s", strings.Join(faults, ", "))
}

// describe is an import for those who read it.
func (im *imported) describe() host.Import {
	return host.Import{
		Module: im.module, Name: im.name, Kind: kindNames[im.kind],
		Params: im.typ.params, Results: im.typ.results,
		Capability: known[im.module][im.name].Capability,
	}
}

// signature writes parameters and results as "(i64, i32) -> i64".
func signature(im host.Import) string {
	const most = 10
	list := func(types []string) string {
		if len(types) > most {
			types = append(slices.Clone(types[:most]), "…")
		}
		return strings.Join(types, ", ")
	}
	switch len(im.Results) {
	case 0:
		return fmt.Sprintf("(%s)", list(im.Params))
	case 1:
		return fmt.Sprintf("(%s) -> %s", list(im.Params), im.Results[0])
	default:
		return fmt.Sprintf("(%s) -> (%s)", list(im.Params), list(im.Results))
	}
}

// checkSizes refuses what would take much memory before any code runs.
func (m *binary) checkSizes(maxPages uint32) error {
	if len(m.memories) > 0 && m.memories[0].min > maxPages {
		return invalid("The module starts with a memory of %s; the limit is %s",
			megabytes(m.memories[0].min), megabytes(maxPages))
	}
	var entries uint64
	for _, t := range m.tables {
		entries += uint64(t.min)
	}
	if entries > maxTableEntries {
		return invalid("The module starts with tables of %d entries; the limit is %d", entries, maxTableEntries)
	}
	return nil
}

func megabytes(pages uint32) string {
	return fmt.Sprintf("%d pages (%.4g MiB)", pages, float64(pages)/host.PagesPerMB)
}

// initialisers are exports that fit the form of an endpoint's function but
// belong to a language's runtime or to the host: they run by themselves.
var initialisers = []string{"_initialize", "__wasm_call_ctors", "hs_exit", "postern_warmup", "postern_resume"}

// Initialises reports whether a function is one that runs by itself, and so is
// nobody's to call.
func Initialises(function string) bool { return slices.Contains(initialisers, function) }

func (m *binary) listExports() []host.Export {
	list := make([]host.Export, 0, len(m.exports))
	for _, e := range m.exports {
		out := host.Export{Name: e.name, Kind: kindNames[e.kind]}
		if e.kind == kindFunc {
			t := m.types[m.funcs[e.index]]
			out.Params, out.Results = t.params, t.results
			returns := len(t.results) == 0 || len(t.results) == 1 && t.results[0] == "i32"
			out.Callable = len(t.params) == 0 && returns && !Initialises(e.name)
		}
		list = append(list, out)
	}
	return list
}
