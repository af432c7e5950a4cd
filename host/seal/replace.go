package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads a master key from file, as LoadOrCreate does, and makes none. The
// error is an fs.ErrNotExist if there is no file.
func Load(file string) ([]byte, error) { return load(file) }

// Next is the file beside a master key's with the key that is to replace it.
func Next(file string) string { return file + ".new" }

// Replace puts the key of Next(file) into file. The old key stays beside it,
// under the name that is returned, because older backups cannot do without it.
// Whenever it is interrupted, file holds the one key or the other, and Replace
// may be called again.
func Replace(file string) (old string, err error) {
	key, err := load(file)
	if err != nil {
		return "", err
	}
	s, err := New(key)
	if err != nil {
		return "", err
	}
	old = file + "." + s.Fingerprint()[:8]
	if err := keep(old, key); err != nil {
		return "", fmt.Errorf("the old master key cannot be kept: %w", err)
	}
	if err := os.Rename(Next(file), file); err != nil {
		return "", fmt.Errorf("the master key cannot be replaced: %w", err)
	}
	return old, syncDir(filepath.Dir(file))
}

// keep writes a key to a file that is not there, or has it already.
func keep(file string, key []byte) error {
	err := create(file, key)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	kept, err := load(file)
	if err == nil && hex.EncodeToString(kept) != hex.EncodeToString(key) {
		err = fmt.Errorf("%s holds another key", file)
	}
	return err
}
