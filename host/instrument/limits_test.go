package instrument_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/instrument"
)

// costly is a module of functions with that many i32 locals and these
// instructions.
func costly(functions, locals int, instructions ...[]byte) []byte {
	body := slices.Concat([]byte{1}, leb(locals), []byte{0x7f}, slices.Concat(instructions...), []byte{0x0b})
	entry := append(leb(len(body)), body...)
	declared := slices.Concat(leb(functions), make([]byte, functions))
	content := slices.Concat(leb(functions), bytes.Repeat(entry, functions))
	return build(noTypes,
		slices.Concat([]byte{3}, leb(len(declared)), declared),
		slices.Concat([]byte{10}, leb(len(content)), content))
}

// TestAffordable: what would keep the compiler busy is refused, and what is
// just below is not.
func TestAffordable(t *testing.T) {
	t.Parallel()
	block, loop := []byte{0x02, 0x40, 0x0b}, []byte{0x03, 0x40, 0x0b}
	table := func(labels int) []byte {
		return slices.Concat([]byte{0x02, 0x40, 0x41, 0, 0x0e}, leb(labels-1), make([]byte, labels), []byte{0x0b})
	}
	for _, tt := range []struct {
		name string
		wasm []byte
		want string // part of the sentence, "" if it is accepted
	}{
		{"blocks", costly(1, 4000, bytes.Repeat(block, 990)), ""},
		{"blocks_too_many", costly(1, 4000, bytes.Repeat(block, 1000)), "4000 locals and 1000 blocks"},
		{"blocks_alone", costly(1, 0, bytes.Repeat(block, 17_800)), ""},
		{"blocks_alone_too_many", costly(1, 0, bytes.Repeat(block, 17_900)), "0 locals and 17900 blocks"},
		{"loops", costly(1, 4000, bytes.Repeat(loop, 199)), ""},
		{"loops_too_many", costly(1, 4000, bytes.Repeat(loop, 200)), "4000 locals and 200 blocks"},
		{"loops_alone", costly(1, 0, bytes.Repeat(loop, 6_400)), ""},
		{"loops_alone_too_many", costly(1, 0, bytes.Repeat(loop, 6_500)), "0 locals and 6500 blocks"},
		{"functions_with_blocks", costly(3, 4000, bytes.Repeat(block, 990)), ""},
		{"functions_with_blocks_too_many", costly(4, 4000, bytes.Repeat(block, 990)), "too many functions"},
		{"labels", costly(1, 1, table(25_000)), ""},
		{"labels_too_many", costly(1, 1, table(12_500), table(12_501)), "25001 labels"},
		{"locals", costly(100, 50_000), ""},
		{"locals_too_many", costly(101, 50_000), "5050000 locals; the limit is 5000000"},
		{"body_too_long", costly(1, 0, bytes.Repeat([]byte{0x01}, 4<<20)), "bytes; the limit is 4194304"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, inspected := instrument.Inspect(tt.wasm, 1)
			_, rewritten := instrument.Rewrite(tt.wasm)
			for _, err := range []error{inspected, rewritten} {
				if tt.want == "" && err == nil {
					continue
				}
				if host.CodeOf(err) != host.CodeInvalid || !strings.Contains(err.Error(), tt.want) || tt.want == "" {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			}
		})
	}
}

// TestSkeleton keeps all but the bodies.
func TestSkeleton(t *testing.T) {
	t.Parallel()
	wasm := costly(200, 3, []byte{0x01})
	hollow, err := instrument.Skeleton(wasm)
	if err != nil {
		t.Fatal(err)
	}
	before, err := instrument.Inspect(wasm, 1)
	if err != nil {
		t.Fatal(err)
	}
	after, err := instrument.Inspect(hollow, 1)
	if err != nil || len(after.Exports) != len(before.Exports) {
		t.Fatalf("%+v, %v", after, err)
	}
	if len(hollow) != len(wasm)-200*2 {
		t.Errorf("%d bytes became %d", len(wasm), len(hollow))
	}
	for cut := range len(wasm) {
		if _, err := instrument.Skeleton(wasm[:cut]); err != nil && host.CodeOf(err) != host.CodeInvalid {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}
