package instrument_test

import (
	"bytes"
	"testing"
)

// TestRewrite_Bulk compares fills and copies that are larger than a piece, of
// ranges that overlap and ranges that are not there, with the original.
func TestRewrite_Bulk(t *testing.T) {
	t.Parallel()
	const size, half, wrapping = 20 << 20, 10 << 20, 1<<32 - 8
	calls := []struct {
		name           string
		to, from, size uint64
	}{
		{"fill", 0, 1, size}, {"fill", 1, 2, half}, {"fill", half, 3, half}, {"fill", half, 4, half + 1}, {"fill", size, 5, 1}, {"fill", size, 5, 0},
		{"fill", 0, 6, 4 << 20}, {"fill", 0, 7, 4<<20 + 1}, {"fill", wrapping, 8, 16 << 20}, {"fill", 16, 9, wrapping},
		{"copy", half, 0, half}, {"copy", 0, half, half}, {"copy", 3, 0, size - 3}, {"copy", 0, 3, size - 3}, {"copy", 1, 0, size},
		{"copy", 0, 1, size}, {"copy", half, half, half}, {"copy", wrapping, 0, 16 << 20}, {"copy", 0, wrapping, 16 << 20}, {"copy", 0, 100, 5 << 20},
	}
	for engine, config := range configs {
		yields := 0
		ctx := gate{limit: 32 << 20, yielded: func() { yields++ }}.in(t.Context())
		wasm := read(t, "testdata/bulk.wasm")
		was := instantiate(ctx, t, config, wasm)
		is := instantiate(ctx, t, config, rewritten(t, wasm).Wasm)
		for i := range 100 { // something that is not the same everywhere
			call(ctx, t, was, "fill", uint64(i*i*2000), uint64(i), uint64(i))
			call(ctx, t, is, "fill", uint64(i*i*2000), uint64(i), uint64(i))
		}
		for _, c := range calls {
			before := yields
			_, wanted := was.ExportedFunction(c.name).Call(ctx, c.to, c.from, c.size)
			_, got := is.ExportedFunction(c.name).Call(ctx, c.to, c.from, c.size)
			if (wanted == nil) != (got == nil) {
				t.Errorf("%s: %+v: %v, in the original %v", engine, c, got, wanted)
			}
			if pieces := int(c.size >> 22); got == nil && yields-before < pieces/2 { // two use a budget up
				t.Errorf("%s: %+v: out %d times", engine, c, yields-before)
			}
			want, _ := was.Memory().Read(0, size)
			have, _ := is.Memory().Read(0, size)
			if !bytes.Equal(have, want) {
				t.Fatalf("%s: after %+v memory differs", engine, c)
			}
		}
	}
}
