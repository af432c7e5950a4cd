package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// NewKey returns a fresh random master key of KeyBytes bytes.
func NewKey() []byte {
	key := make([]byte, KeyBytes)
	rand.Read(key)
	return key
}

// ParseKey reads a master key from 64 hexadecimal digits of either case. The
// error never repeats what was given.
func ParseKey(hex64 string) ([]byte, error) {
	key, err := hex.DecodeString(hex64)
	if err != nil || len(key) != KeyBytes {
		return nil, fmt.Errorf("a master key is %d hexadecimal digits", 2*KeyBytes)
	}
	return key, nil
}

// LoadOrCreate reads the master key from file, or makes file with a fresh key
// if there is none: 64 hexadecimal digits and a newline, readable by its owner
// alone. Of two processes that start at once, both get the key of one.
func LoadOrCreate(file string) ([]byte, error) {
	key, err := load(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := create(file, NewKey()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the master key cannot be written: %w", err)
	}
	return load(file)
}

func load(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("the master key cannot be read: %w", err)
	}
	// Windows has no such bits and reports them all as set.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the master key in %s is open to other users: chmod 600 the file", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the master key cannot be read: %w", err)
	}
	key, err := ParseKey(strings.TrimRight(string(text), "\r\n"))
	if err != nil {
		return nil, fmt.Errorf("%s does not hold a master key: %w", file, err)
	}
	return key, nil
}

// create writes the key beside file and links it into place: the link fails if
// file exists, and nobody can ever see half a key. The disk has both before
// create returns, because what is sealed next is lost with the key.
func create(file string, key []byte) error {
	dir := filepath.Dir(file)
	temp, err := os.CreateTemp(dir, ".master-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in dir durable. Windows cannot sync a directory and
// does not need to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
