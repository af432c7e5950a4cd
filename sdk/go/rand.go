package postern

import "math/rand/v2"

// Rand draws random numbers that nobody can guess, each one from the host's
// entropy, as crypto/rand does. It keeps no state, so it is right in an
// instance whose memory the host has put back to where it was, as it does
// after every invocation, and for several goroutines.
//
// crypto/rand is as good. The functions of math/rand and math/rand/v2 itself,
// hash/maphash and the order of maps go by a generator that the Go runtime
// keeps in memory: the SDK gives it a new seed after every restore. With a
// version of Go whose generator it does not know, the host is told to make a
// new instance for each invocation. Use Rand for what must not be guessed, such
// as identifiers that grant something. What a module seeds itself, such as a
// rand.New(rand.NewPCG(1, 2)) made by init, always repeats.
var Rand = rand.New(entropy{})

// entropy is a source of random numbers without state.
type entropy struct{}

// Uint64 asks the host for eight random bytes.
func (entropy) Uint64() uint64 { return randomWord() }
