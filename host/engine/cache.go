package engine

import (
	"encoding/hex"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"

	"github.com/posternhq/postern/host/instrument"
)

// cache keeps machine code on disk. Every module has a directory of its own,
// named by its digest and by what was done to it, in which wazero writes (its
// version is in its own file names). wazero believes what it reads, up to the
// sizes it allocates, so a directory is used only if the checksum that was
// written beside the code still fits, and made anew otherwise.
type cache struct{ dir string } // "" keeps nothing

const sealName = "seal"

func openCache(dir string) (*cache, error) {
	if dir == "" {
		return &cache{}, nil
	}
	return &cache{dir: dir}, os.MkdirAll(dir, 0o700)
}

// entry is the directory of one module.
type entry struct {
	dir    string
	used   bool // a directory is behind the compilation cache
	sealed bool // it was complete already
}

func (c *cache) entry(digest string) *entry {
	if c.dir == "" {
		return &entry{}
	}
	return &entry{dir: filepath.Join(c.dir, digest+"-"+instrument.Version)}
}

// open returns a compilation cache on the directory. It is in memory if there
// is no directory, or, with an error to be logged, if it cannot be had.
func (e *entry) open() (wazero.CompilationCache, error) {
	if e.dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	want, err := os.ReadFile(filepath.Join(e.dir, sealName))
	got, sumErr := e.checksum()
	e.sealed = err == nil && sumErr == nil && string(want) == got
	if !e.sealed {
		e.drop()
	}
	cc, err := wazero.NewCompilationCacheWithDir(e.dir)
	if err != nil {
		return wazero.NewCompilationCache(), err
	}
	e.used = true
	return cc, nil
}

// seal writes the checksum of a directory that was just filled. The rename
// makes it appear whole or not at all.
func (e *entry) seal() error {
	if !e.used || e.sealed {
		return nil
	}
	sum, err := e.checksum()
	if err != nil {
		return err
	}
	temporary := filepath.Join(e.dir, sealName+".tmp")
	if err := os.WriteFile(temporary, []byte(sum), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(e.dir, sealName))
}

// drop removes the directory. What remains of it is found by its checksum.
func (e *entry) drop() { _ = os.RemoveAll(e.dir) }

// checksum covers the names and contents of the files but the seal's own. It
// guards against accidents, not against someone who may write here.
func (e *entry) checksum() (string, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sealName || d.Name() == sealName+".tmp" {
			return err
		}
		name, err := filepath.Rel(e.dir, path)
		if err != nil {
			return err
		}
		_, _ = io.WriteString(sum, name+"\x00")
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(sum, f)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
