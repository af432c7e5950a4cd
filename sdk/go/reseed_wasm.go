//go:build wasip1

package postern

import (
	"math/rand/v2"
	"unsafe"
)

// generator is the state of the Go runtime's random numbers, which math/rand,
// math/rand/v2, hash/maphash and maps draw from: State of the package
// internal/chacha8rand. The runtime seeds it when it starts and offers no way
// to do so again.
type generator struct {
	numbers [32]uint64 // of which the first used were drawn
	seed    [4]uint64
	used    uint32
	usable  uint32 // 32, or 28 before it seeds itself from the rest
	counter uint32 // how many blocks of numbers came of seed, times 4
}

// runtimeGenerator is nil if findGenerator did not find it. Then warmup refuses
// that memory is kept.
var runtimeGenerator *generator

// onHeap is an object behind all the data of the runtime.
var onHeap *generator

// findGenerator looks for the generator in the memory before the heap. It
// takes no layout for granted: what it returns has foretold the runtime's next
// numbers, and is nil if this version of Go keeps them in another way.
func findGenerator() *generator {
	onHeap = new(generator)
	end := uintptr(unsafe.Pointer(onHeap))
	for range 2 { // the number that is looked for may be the last of its block
		drawn := rand.Uint64()
		for at := unsafe.Sizeof(generator{}); at+unsafe.Sizeof(generator{}) < end; at += 8 {
			if *(*uint64)(address(at)) != drawn {
				continue
			}
			for used := uintptr(1); used <= 32; used++ {
				if g := (*generator)(address(at - 8*(used-1))); uintptr(g.used) == used && g.foretells() {
					return g
				}
			}
		}
	}
	return nil
}

// address makes a pointer to data that Go's collector does not manage.
func address(at uintptr) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), at) }

// foretells says whether this is the runtime's generator: numbers that it has
// not given yet come next, and it counts them.
func (g *generator) foretells() bool {
	if g.usable != 32 && g.usable != 28 || g.counter%4 != 0 || g.counter > 12 {
		return false
	}
	for n := range 3 {
		used := g.used
		if used >= g.usable {
			return n > 0
		}
		next := g.numbers[used]
		if rand.Uint64() != next || g.used != used+1 {
			return false
		}
	}
	return true
}

// reseed makes the numbers to come new. The ones that are left are not drawn.
func (g *generator) reseed() {
	fillRandom(g.seed[:])
	g.counter = 0
	g.used = g.usable
}
