package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host/instrument"
)

// An entry of the cache holds all that is needed to run a module:
//
//   - skeletonName: the derived binary without the bodies of its functions,
//   - factsName: the facts about the module,
//   - the machine code, in a file that wazero wrote.
//
// wazero looks for machine code by the hash of the binary it is handed. Handed
// the whole binary, it decodes and validates all bodies first, to use none of
// them: three quarters of the time it takes to load a large module. So the
// machine code of the whole binary is kept under the name of the skeleton's.
// That must not go wrong: a skeleton that wazero compiles because it does not
// find the file, or does not like it, is a module that traps. It then writes a
// file, and load looks for that.
const (
	skeletonName = "module.wasm"
	factsName    = "module.json"
)

// errNoCode says that wazero kept no machine code: it has no compiler for
// every platform.
var errNoCode = errors.New("wazero makes no machine code here")

// fill writes an entry. The machine code is not kept in memory.
func (d *derived) fill(ctx context.Context, dir string) error {
	skeleton, err := instrument.Skeleton(d.wasm)
	if err != nil {
		return err
	}
	whole, err := d.machineCode(ctx, dir, d.wasm)
	if err != nil {
		return err
	}
	hollow, err := d.machineCode(ctx, dir, skeleton)
	if err != nil {
		return err
	}
	if err := os.Rename(whole, hollow); err != nil {
		return err
	}
	known, err := json.Marshal(d.facts)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, skeletonName), skeleton, 0o600),
		os.WriteFile(filepath.Join(dir, factsName), known, 0o600))
}

// machineCode has wazero compile wasm and returns the file that it wrote.
func (d *derived) machineCode(ctx context.Context, dir string, wasm []byte) (string, error) {
	before, err := codeFiles(dir)
	if err != nil {
		return "", err
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return "", err
	}
	defer cache.Close(ctx)
	runtime := newRuntime(ctx, cache, d.Added.Budget != "")
	defer runtime.Close(ctx)
	if _, err := runtime.CompileModule(ctx, wasm); err != nil {
		return "", err
	}
	after, err := codeFiles(dir)
	if err != nil {
		return "", err
	}
	written := slices.DeleteFunc(after, func(file string) bool { return slices.Contains(before, file) })
	if len(written) != 1 {
		return "", errNoCode
	}
	return written[0], nil
}

// codeFiles lists the files that wazero wrote to an entry.
func codeFiles(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
}

// errStale says that an entry was made by another wazero or for another
// processor.
var errStale = errors.New("the machine code is for another host")

// load makes code of a module's entry. Errors: fs.ErrNotExist if there is
// none, or one that was of no use and is dropped therefore.
func (c *cache) load(ctx context.Context, digest string, o offer) (*code, error) {
	dir, err := c.find(digest)
	if err != nil {
		return nil, err
	}
	loaded, err := loadEntry(ctx, digest, dir, o)
	if err != nil {
		c.drop(digest)
		return nil, errors.Join(fs.ErrNotExist, err)
	}
	return loaded, nil
}

func loadEntry(ctx context.Context, digest, dir string, o offer) (_ *code, err error) {
	known, err := os.ReadFile(filepath.Join(dir, factsName))
	if err != nil {
		return nil, err
	}
	var f facts
	if err := json.Unmarshal(known, &f); err != nil {
		return nil, err
	}
	skeleton, err := os.ReadFile(filepath.Join(dir, skeletonName))
	if err != nil {
		return nil, err
	}
	before, err := onlyFile(dir)
	if err != nil {
		return nil, err
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, err
	}
	loaded := newCode(digest, &f)
	loaded.bytes = runtimeBytes + before.Size() + 2*int64(len(skeleton))
	if err := loaded.build(ctx, skeleton, cache, o); err != nil {
		return nil, err
	}
	if after, err := onlyFile(dir); err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		return nil, errors.Join(errStale, err, loaded.close(ctx))
	}
	return loaded, nil
}

// onlyFile is the machine code of an entry.
func onlyFile(dir string) (fs.FileInfo, error) {
	all, err := codeFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, errStale
	}
	return os.Stat(all[0])
}
