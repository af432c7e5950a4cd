package cli_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternhq/postern/host/guesttest"
)

// Bounds of the load. Every peer is measured for benchTime in each of the
// rounds, and the peers take turns, so that a machine that slows down for a
// while slows all, and few rounds of each.
const (
	benchRounds      = 15
	benchTime        = 250 * time.Millisecond
	helloConnections = 16
	echoConnections  = 4
	echoBytes        = 5 << 20
)

// TestPeers measures Postern beside what else answers such requests and prints
// the tables of the README. It asserts nothing about time, only that every peer
// answers the same; `make bench` asks for it. The load comes from this process,
// and each peer is a process of its own.
func TestPeers(t *testing.T) {
	if os.Getenv("POSTERN_BENCH") == "" {
		t.Skip("set POSTERN_BENCH=1, or run make bench")
	}
	guests := benchGuests(t)
	hello, echo := peers(t, guests)
	printRates("A greeting", "requests/s", hello, 1)
	printRates("5 MiB echoed", "MiB/s", echo, echoBytes>>20)
	prices(t, guests)
}

// peers starts all peers and measures them: the greetings, then the echoes.
func peers(t *testing.T, guests map[string][]byte) (hello, echo []*peer) {
	t.Helper()
	bare := child(t, "fiber")
	hello = []*peer{helloPeer("bare Fiber handler", bare, "/hello/Ada", "")}
	echo = []*peer{echoPeer("bare Fiber handler", bare, "/echo", "")}
	hello = append(hello, workerd(t))
	for _, g := range []string{"c/hello_extism", "go/json"} {
		address := child(t, "extism", saved(t, guests[g]))
		hello = append(hello, helloPeer("go-sdk pooled behind Fiber, guest "+g, address, "/hello/Ada", ""))
	}
	address := child(t, "extism", saved(t, guests["c/echo_extism"]))
	slow := echoPeer("go-sdk pooled behind Fiber, guest c/echo_extism", address, "/echo", "")
	h := newHouse(t, guests)
	hello = append(hello, h.greetings(t)...)
	echo = append(append(echo, slow), h.echoes(t)...)
	for _, group := range [][]*peer{hello, echo} {
		for range benchRounds {
			for _, p := range group {
				p.measure(t)
			}
		}
	}
	h.counted(t)
	return hello, echo
}

// printRates prints the medians of the rounds, the first peer being the measure
// of the others; each request counts for size.
func printRates(title, unit string, peers []*peer, size float64) {
	fmt.Printf("\n| %s | %s | × bare Fiber |\n|---|---:|---:|\n", title, unit)
	base := median(peers[0].rates)
	for _, p := range peers {
		if p.absent != "" {
			fmt.Printf("| %s | %s | – |\n", p.name, p.absent)
			continue
		}
		rate := median(p.rates)
		fmt.Printf("| %s | %.0f | %.3f |\n", p.name, rate*size, rate/base)
	}
	fmt.Printf("\n(%s: %.0f to %.0f, depending on the round)\n", peers[0].name, slices.Min(peers[0].rates)*size, slices.Max(peers[0].rates)*size)
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// benchGuests are the guests by the paths of their sources: in C as committed,
// in Go compiled here.
func benchGuests(t *testing.T) map[string][]byte {
	t.Helper()
	const testdata = "../engine/testdata/"
	guests := map[string][]byte{
		"go/hello": buildGuest(t, testdata+"go/hello"),
		"go/json":  buildGuest(t, testdata+"go/json"),
		"go/echo":  buildGuest(t, testdata+"go/echo"),
	}
	for _, name := range []string{"c/hello", "c/hello_extism", "c/echo", "c/echo_extism"} {
		wasm, err := os.ReadFile(testdata + name + ".wasm")
		must(t, err)
		guests[name] = wasm
	}
	return guests
}

func buildGuest(t *testing.T, dir string) []byte {
	t.Helper()
	wasm, err := guesttest.Build(dir)
	must(t, err)
	return wasm
}

// saved is the path of a file with a guest.
func saved(t *testing.T, wasm []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	must(t, os.WriteFile(path, wasm, 0o600))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echoed is text, which Postern must look through to tell what it is.
var echoed = strings.Repeat("All work and no play makes Jack a dull boy. 0123456789 abcdefgh ", echoBytes/64)
