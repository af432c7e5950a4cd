package engine

import (
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/posternhq/postern/host/instrument"
)

// cache keeps compiled modules on disk, for this process and others. Each has
// a directory of its own, an entry, named by the module's digest and by what
// was done to it (see entry.go). An entry appears whole, by a rename, and never
// changes. What its files hold is believed, up to the sizes that are allocated
// for it, so an entry is used only if the checksum that was written beside the
// files still fits.
type cache struct{ dir string } // "" keeps nothing

const (
	sealName = "seal"
	// unfinished begins the names of entries that are being written.
	unfinished = "new-"
)

func openCache(dir string) (*cache, error) {
	if dir == "" {
		return &cache{}, nil
	}
	return &cache{dir: dir}, os.MkdirAll(dir, 0o700)
}

// path is the directory of a module's entry.
func (c *cache) path(digest string) string {
	return filepath.Join(c.dir, digest+"-"+instrument.Version+"-"+factsVersion)
}

// has reports whether there is an entry. It may turn out to be damaged.
func (c *cache) has(digest string) bool {
	if c.dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(c.path(digest), sealName))
	return err == nil
}

// find returns the directory of an entry that is whole. A damaged one is
// dropped. Errors: fs.ErrNotExist for none.
func (c *cache) find(digest string) (dir string, err error) {
	if c.dir == "" {
		return "", fs.ErrNotExist
	}
	dir = c.path(digest)
	want, err := os.ReadFile(filepath.Join(dir, sealName))
	if err != nil {
		return "", fs.ErrNotExist
	}
	if got, err := checksum(dir); err != nil || got != string(want) {
		c.drop(digest)
		return "", fs.ErrNotExist
	}
	return dir, nil
}

// add makes the entry of a module, whose files fill writes into a directory.
func (c *cache) add(digest string, fill func(dir string) error) error {
	dir, err := os.MkdirTemp(c.dir, unfinished)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := fill(dir); err != nil {
		return err
	}
	sum, err := checksum(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, sealName), []byte(sum), 0o600); err != nil {
		return err
	}
	if err := os.Rename(dir, c.path(digest)); err == nil {
		return nil
	}
	if _, err := c.find(digest); err == nil {
		return nil // another process was first, and may be loading what it made
	}
	c.drop(digest) // it left something broken
	return os.Rename(dir, c.path(digest))
}

func (c *cache) drop(digest string) { _ = os.RemoveAll(c.path(digest)) }

// checksum covers the names and contents of the files but the seal. It guards
// against accidents, not against someone who may write here.
func checksum(dir string) (string, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sealName {
			return err
		}
		name, err := filepath.Rel(dir, path)
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

// When an entry was last used is the time of its seal; when a release last
// needed it, used or not, that of its directory.

// used is when a module was last called, as far as was noted.
func (c *cache) used(digest string) time.Time {
	info, err := os.Stat(filepath.Join(c.path(digest), sealName))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (c *cache) noteUse(digest string, at time.Time) {
	if c.dir != "" {
		_ = os.Chtimes(filepath.Join(c.path(digest), sealName), at, at)
	}
}

// Bounds of what is kept although no release needs it. An entry is young while
// another process may be about to use it.
const (
	spareAge   = 7 * 24 * time.Hour
	spareBytes = 1 << 30
	youngAge   = time.Hour
)

// prune removes the entries that nobody needed for a while, and older ones if
// all that is not needed takes too much room. Entries of other versions count
// too: the processes that use them say so.
func (c *cache) prune(needed []string, now time.Time) error {
	if c.dir == "" {
		return nil
	}
	for _, digest := range needed {
		_ = os.Chtimes(c.path(digest), now, now)
	}
	spare, err := c.spare(now.Add(-youngAge))
	if err != nil {
		return err
	}
	var errs []error
	total := int64(0)
	for _, s := range spare { // the newest first
		if total += s.bytes; total > spareBytes || now.Sub(s.needed) > spareAge {
			errs = append(errs, os.RemoveAll(s.dir))
		}
	}
	return errors.Join(errs...)
}

// spare is an entry that no release of this host needs.
type spare struct {
	dir    string
	bytes  int64
	needed time.Time
}

// spare lists the entries that nobody has needed since then.
func (c *cache) spare(then time.Time) ([]spare, error) {
	all, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}
	var out []spare
	for _, e := range all {
		info, err := e.Info()
		if err != nil || !e.IsDir() || info.ModTime().After(then) {
			continue // gone, not ours, or needed
		}
		dir := filepath.Join(c.dir, e.Name())
		out = append(out, spare{dir: dir, bytes: size(dir), needed: info.ModTime()})
	}
	slices.SortFunc(out, func(a, b spare) int { return b.needed.Compare(a.needed) })
	return out, nil
}

// size is what the files of a directory take.
func size(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			total += info.Size()
		}
		return nil
	})
	return total
}
