//go:build !wasip1

package postern

import (
	"crypto/rand"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
)

// Source holds the source of this module, so that a tool can build plug-ins
// against the SDK it was itself built with.
//
//go:embed *.go go.mod internal basic call fetch jwt object operation schema secret
var Source embed.FS

// native stands in for the host where there is none: in tests.
var native = struct {
	sync.Mutex
	log     io.Writer
	config  map[string]string
	input   []byte
	output  []byte
	failure string
}{log: os.Stderr, config: map[string]string{}}

// SetConfig gives a configuration value to handlers under test. It exists only
// outside WebAssembly, where values come from the host.
func SetConfig(name, value string) {
	native.Lock()
	defer native.Unlock()
	native.config[name] = value
}

func lookupConfig(name string) (string, bool) {
	native.Lock()
	defer native.Unlock()
	value, ok := native.config[name]
	return value, ok
}

func writeLog(level logLevel, text string) {
	native.Lock()
	defer native.Unlock()
	fmt.Fprintf(native.log, "%s: %s\n", level, text)
}

func readInput() []byte { return native.input }

func writeOutput(output []byte) { native.output = output }

func fail(message string) { native.failure = message }

func randomWord() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return word(b[:], 0)
}

// lock guards what goroutines share.
type lock = sync.Mutex

// word is the eight bytes of b from i on as a number, the lowest first.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }
