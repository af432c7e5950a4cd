package seal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/posternhq/postern/host/seal"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "master.key")
	if _, err := seal.Load(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	first, err := seal.LoadOrCreate(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Replace(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no new key: %v", err)
	}
	if now, err := seal.Load(file); err != nil || !bytes.Equal(now, first) {
		t.Errorf("the key is gone: %v", err)
	}
	second, err := seal.LoadOrCreate(seal.Next(file))
	if err != nil {
		t.Fatal(err)
	}
	old, err := seal.Replace(file) // which the first try has kept already
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{file: second, old: first} {
		if got, err := seal.Load(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s holds another key, %v", name, err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(names) != 2 {
		t.Errorf("there are %q", names)
	}
	// What is where the old key should go is somebody's, and stays.
	print, err := seal.New(second)
	if err != nil {
		t.Fatal(err)
	}
	other := file + "." + print.Fingerprint()[:8]
	if err := os.Rename(old, other); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.LoadOrCreate(seal.Next(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Replace(file); err == nil {
		t.Error("wrote over a file")
	}
	if now, err := seal.Load(file); err != nil || !bytes.Equal(now, second) {
		t.Errorf("the key is gone: %v", err)
	}
}
