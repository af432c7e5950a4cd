package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/capability"
	"github.com/posternhq/postern/host/capability/basic"
	"github.com/posternhq/postern/host/capability/httpout"
	"github.com/posternhq/postern/host/capability/jwt"
	"github.com/posternhq/postern/host/capability/object"
	"github.com/posternhq/postern/host/capability/secret"
	"github.com/posternhq/postern/host/instrument"
	"github.com/posternhq/postern/host/outbound"
)

func testLibrary(t *testing.T) *library {
	t.Helper()
	l := newLibrary(&cache{}, newOffer(nil), DefaultMemory, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := l.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// take acquires the code of a guest of testdata.
func take(t *testing.T, l *library, name string) *code {
	t.Helper()
	wasm, err := os.ReadFile("testdata/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(wasm)
	c, err := l.acquire(t.Context(), hex.EncodeToString(sum[:]), func(context.Context) ([]byte, error) { return wasm, nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kept lists the digests in the library, the most recently used first.
func kept(l *library) (digests []string) {
	for place := l.recent.Front(); place != nil; place = place.Next() {
		digests = append(digests, place.Value.(*code).digest)
	}
	return digests
}

func TestLibrary_EvictsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	l := testLibrary(t)
	a, b := take(t, l, "ok/echo"), take(t, l, "ok/nothing")
	l.release(b)
	l.release(a)
	l.limit = l.bytes
	l.release(take(t, l, "ok/echo")) // now b is the older one
	c := take(t, l, "ok/config")
	l.release(c)
	if got, want := kept(l), []string{c.digest, a.digest}; !slices.Equal(got, want) && !slices.Equal(got, want[:1]) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if slices.Contains(kept(l), b.digest) || l.bytes > l.limit || len(l.codes) != l.recent.Len() {
		t.Errorf("%d codes of %d bytes are kept, the bound is %d", len(l.codes), l.bytes, l.limit)
	}
}

func TestLibrary_KeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	l := testLibrary(t)
	l.limit = 1
	a := take(t, l, "ok/echo")
	b := take(t, l, "ok/nothing")
	if len(l.codes) != 2 {
		t.Fatalf("%d codes while two are in use", len(l.codes))
	}
	// Both still work: closed code could not be instantiated.
	for _, c := range []*code{a, b} {
		in, err := open(t.Context(), c, newState(16), newHeapMemory)
		if err != nil {
			t.Fatal(err)
		}
		in.close()
	}
	l.release(a)
	if got := kept(l); !slices.Equal(got, []string{b.digest}) {
		t.Errorf("after one was released %v is kept, want %s", got, b.digest)
	}
	l.release(b)
	if got := kept(l); !slices.Equal(got, []string{b.digest}) {
		t.Errorf("the last one must stay, though it is over the bound: %v", got)
	}
}

// TestLibrary_DistrustsTheDisk: code that wazero refuses, although its seal
// fits, is not taken for a fault of the module.
func TestLibrary_DistrustsTheDisk(t *testing.T) {
	t.Parallel()
	l, file := keptOnDisk(t)
	const garbage = "garbage that is longer than the header"
	if err := os.WriteFile(file, []byte(garbage), 0o600); err != nil {
		t.Fatal(err)
	}
	reseal(t, filepath.Dir(filepath.Dir(file)))
	c := take(t, l, "ok/echo")
	l.release(c)
	if again, err := os.ReadFile(file); err != nil || string(again) == garbage {
		t.Errorf("the machine code was not made again (%v)", err)
	}
}

// keptOnDisk is a library that has forgotten the guest ok/echo, which its disk
// has, and the file of the machine code.
func keptOnDisk(t *testing.T) (l *library, file string) {
	t.Helper()
	disk, err := openCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l = testLibrary(t)
	l.disk = disk
	c := take(t, l, "ok/echo")
	l.release(c)
	if err := l.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	written, err := codeFiles(disk.path(c.digest))
	if err != nil || len(written) != 1 {
		t.Fatalf("the cache holds %v (%v)", written, err)
	}
	return l, written[0]
}

// TestCache_KeepsTheFirst: of two processes that compile a module at once, the
// second leaves the entry that the first may be loading.
func TestCache_KeepsTheFirst(t *testing.T) {
	t.Parallel()
	l, file := keptOnDisk(t)
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	entry := filepath.Dir(filepath.Dir(file))
	digest, _, _ := strings.Cut(filepath.Base(entry), "-")
	if err := l.disk.add(digest, func(dir string) error { return os.CopyFS(dir, os.DirFS(entry)) }); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Errorf("the entry was replaced (%v)", err)
	}
	if left, err := os.ReadDir(l.disk.dir); err != nil || len(left) != 1 {
		t.Errorf("the cache holds %v (%v)", left, err)
	}
}

// reseal makes an entry look whole.
func reseal(t *testing.T, dir string) {
	t.Helper()
	sum, err := checksum(dir)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, sealName), []byte(sum), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestLibrary_NeverRunsASkeleton: without its machine code wazero would compile
// the skeleton, of which every function traps.
func TestLibrary_NeverRunsASkeleton(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(file string) error{
		"missing":               os.Remove,
		"for another processor": func(file string) error { return os.Rename(file, filepath.Join(filepath.Dir(file), "0123")) },
		"of another wazero": func(file string) error {
			code, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			code[7] ^= 1 // the first letter of the version
			return os.WriteFile(file, code, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, file := keptOnDisk(t)
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			reseal(t, filepath.Dir(filepath.Dir(file)))
			c := take(t, l, "ok/echo")
			defer l.release(c)
			in, err := open(t.Context(), c, newState(16), newHeapMemory)
			if err != nil {
				t.Fatal(err)
			}
			defer in.close()
			if _, err := in.call(in.context(t.Context()), "handle"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestKnown compares the table of imports with what guests really get.
func TestKnown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		t.Fatal(err)
	}
	o := newOffer(Everything())
	for module, implemented := range o {
		if err := o.instantiate(ctx, r, module); err != nil {
			t.Fatal(err)
		}
		if len(instrument.Known(module)) != len(implemented) {
			t.Errorf("%s: %d functions are known, %d implemented", module, len(instrument.Known(module)), len(implemented))
		}
	}
	capabilities := []string{
		instrument.Memory, instrument.Log, instrument.Config, instrument.Variables,
		instrument.HTTP, instrument.Clock, instrument.Random, instrument.WASI, instrument.Objects,
		instrument.Basic, instrument.JWT, instrument.Secrets,
	}
	for _, module := range []string{instrument.ExtismModule, instrument.PosternModule, instrument.WASIModule} {
		offered := r.Module(module).ExportedFunctionDefinitions()
		if len(offered) != len(instrument.Known(module)) {
			t.Errorf("%s: %d functions are offered, %d known", module, len(offered), len(instrument.Known(module)))
		}
		for _, im := range instrument.Known(module) {
			def, ok := offered[im.Name]
			if !ok || !slices.Equal(def.ParamTypes(), wasmTypes(im.Params)) || !slices.Equal(def.ResultTypes(), wasmTypes(im.Results)) {
				t.Errorf("%s.%s: known as %v, offered as %v", module, im.Name, im, def)
			}
			if !slices.Contains(capabilities, im.Capability) || im.Kind != host.FuncKind {
				t.Errorf("%s.%s: %+v", module, im.Name, im)
			}
		}
	}
}

// Everything is all data operations there are.
func Everything() []capability.Operation {
	return slices.Concat(object.Operations, basic.Operations, jwt.Operations, secret.Operations,
		httpout.Operations(httpout.New(outbound.Config{})))
}

// TestKnown_Groups: what an app grants a module for is what the operation asks
// for.
func TestKnown_Groups(t *testing.T) {
	t.Parallel()
	groups := map[string]string{}
	for _, im := range instrument.Known(instrument.PosternModule) {
		groups[im.Name] = im.Capability
	}
	for _, op := range Everything() {
		if groups[op.Name] != op.Group || !slices.Contains(append(host.Capabilities, host.CapabilityBasic), op.Group) {
			t.Errorf("%s is of the group %q, its import asks for %q", op.Name, op.Group, groups[op.Name])
		}
	}
}
