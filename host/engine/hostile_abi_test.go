package engine_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/engine"
	"github.com/posternhq/postern/host/instrument"
)

// edges are the arguments that guests have reason to lie with: around nothing,
// the input's block (which begins at 64), a page, and what 31, 32, 63 and 64
// bits can hold.
var edges = []uint64{
	0, 1, 8, 63, 64, 65, 200, 65535, 65536, 1<<31 - 1, 1 << 31, 1<<32 - 8, 1<<32 - 1, 1 << 32, 1<<32 + 64,
	1<<63 - 1, 1 << 63, -64 & (1<<64 - 1), -8 & (1<<64 - 1), 1<<64 - 1,
}

// TestHostile_Arguments calls every function that guests may import with
// arguments from the edges, on one instance after the other call.
func TestHostile_Arguments(t *testing.T) {
	t.Parallel()
	e := open(t, engine.Config{Concurrency: 2})
	for _, from := range []string{instrument.ExtismModule, instrument.PosternModule, instrument.WASIModule} {
		for _, im := range instrument.Known(from) {
			t.Run(im.Module+"."+im.Name, func(t *testing.T) {
				t.Parallel()
				c := call(calling(im))
				for _, args := range combinations(len(im.Params)) {
					c.Timeout = time.Second
					c.Input = nil
					for _, arg := range args {
						c.Input = binary.LittleEndian.AppendUint64(c.Input, arg)
					}
					_, err := e.Call(t.Context(), c)
					if code := host.CodeOf(err); code != answered && code != fails && code != host.CodeInvalidResponse {
						t.Fatalf("%x: got %v", args, err)
					}
					if err != nil && from != instrument.WASIModule && strings.Contains(err.Error(), "a host function could not handle") {
						t.Fatalf("%x: a panic: %v", args, err)
					}
				}
				serves(t, e)
			})
		}
	}
}

// combinations are all arguments of up to two parameters, and some of more.
func combinations(params int) [][]uint64 {
	const most = 400
	all := [][]uint64{{}}
	if params > 2 {
		chosen := rand.New(rand.NewPCG(1, 2))
		for range most {
			args := make([]uint64, params)
			for i := range args {
				args[i] = edges[chosen.IntN(len(edges))]
			}
			all = append(all, args)
		}
		return all[1:]
	}
	for range params {
		var longer [][]uint64
		for _, args := range all {
			for _, edge := range edges {
				longer = append(longer, append(slices.Clip(args), edge))
			}
		}
		all = longer
	}
	return all
}

// calling is a module that calls a function with arguments from its input, of
// eight bytes each, and drops what it returns.
func calling(im host.Import) []byte {
	valueTypes := func(names []string) []byte {
		list := leb(len(names))
		for _, name := range names {
			list = append(list, map[string]byte{"i32": i32, "i64": i64}[name])
		}
		return list
	}
	imported := func(module, name string, typ byte) []byte {
		return slices.Concat(str(module), str(name), []byte{exportsFunc, typ})
	}
	var instructions []byte
	for i, param := range im.Params {
		instructions = append(instructions, i64Const)
		instructions = append(append(instructions, sleb(8*i)...), callFunc, 0)
		if param == "i32" {
			instructions = append(instructions, i32WrapI64)
		}
	}
	instructions = append(instructions, callFunc, 1)
	instructions = append(instructions, times(len(im.Results), dropTop)...)
	return wasm(
		section(types, list([]byte{0x60, 1, i64, 1, i64}, slices.Concat([]byte{0x60}, valueTypes(im.Params), valueTypes(im.Results)), []byte{0x60, 0, 0})),
		section(imports, list(imported(instrument.ExtismModule, "input_load_u64", 0), imported(im.Module, im.Name, 1))),
		section(functions, []byte{1, 2}),
		section(memories, []byte{1, 0, 1}),
		section(exports, list(slices.Concat(str("handle"), []byte{exportsFunc, 2}), slices.Concat(str("memory"), []byte{2, 0}))),
		section(codes, list(body(noLocals, instructions))),
	)
}

// sleb writes a small number, signed.
func sleb(n int) []byte {
	if n < 0x40 {
		return []byte{byte(n)}
	}
	return []byte{byte(n) | 0x80, byte(n >> 7)}
}
