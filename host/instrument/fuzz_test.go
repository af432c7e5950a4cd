package instrument_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// seed adds the guests that the engine's tests run, and modules that are
// broken in one place each.
func seed(f *testing.F) {
	f.Helper()
	guests, err := filepath.Glob("../engine/testdata/*/*.wasm")
	if err != nil || len(guests) == 0 {
		f.Fatalf("no guests to begin with: %v", err)
	}
	own, _ := filepath.Glob("testdata/*.wasm")
	endless, _ := filepath.Glob("testdata/endless/*.wasm")
	guests = slices.Concat(guests, own, endless)
	for _, file := range guests {
		wasm, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wasm)
	}
	f.Add(callable(section(4, 2, 0x70, 0, 1, 0x6f, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f)))
	f.Add(build(section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b)))
	f.Add(callable(section(0, slices.Concat(str("name"), []byte{1, 6, 2, 0, 1, 'a', 1, 0})...)))
	f.Add(callable(section(0, slices.Concat(str("name"), []byte{2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f})...)))
	f.Add(build([]byte{1, 0x80, 0x80, 0x80, 0x80, 0x00}))
	f.Add(build(section(1, 0xff, 0xff, 0xff, 0xff, 0x0f)))
}

func FuzzInspect(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, wasm []byte) {
		var before, after runtime.MemStats
		if len(wasm) < 1<<10 {
			runtime.ReadMemStats(&before)
		}
		m, err := instrument.Inspect(wasm, 1024)
		if before.TotalAlloc != 0 {
			runtime.ReadMemStats(&after)
			// A fuzz worker allocates a little on its own beside this.
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%d bytes allocated for an input of %d", used, len(wasm))
			}
		}
		if err != nil {
			if host.CodeOf(err) != host.CodeInvalid || len(host.AsError(err).Message) > 64<<10 {
				t.Errorf("refused with %q", err)
			}
			return
		}
		if m.Size != int64(len(wasm)) || m.MemoryPages > 1024 {
			t.Errorf("got %+v", m)
		}
		if slices.ContainsFunc(m.Imports, func(im host.Import) bool { return im.Capability == "" }) {
			t.Errorf("an import without a capability passed: %+v", m.Imports)
		}
	})
}

// withoutNames drops the name sections of a module: wazero refuses malformed
// ones, and allocates what they claim to hold. Rewrite corrects them.
func withoutNames(wasm []byte) []byte {
	out := slices.Clone(wasm[:8])
	for rest := wasm[8:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		whole := rest[:1+n+int(size)]
		if body := whole[1+n:]; whole[0] != 0 || !bytes.HasPrefix(body, str("name")) {
			out = append(out, whole...)
		}
		rest = rest[len(whole):]
	}
	return out
}

func FuzzRewrite(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, wasm []byte) {
		derived, err := instrument.Rewrite(wasm)
		if err != nil {
			if _, inspected := instrument.Inspect(wasm, 1<<16); inspected == nil {
				t.Errorf("passed inspection, but cannot be rewritten: %v", err)
			}
			return
		}
		was, is := compile(t, withoutNames(wasm)), compile(t, derived.Wasm)
		if (was == nil) != (is == nil) {
			t.Errorf("original: %v, rewritten: %v", was, is)
		}
	})
}
