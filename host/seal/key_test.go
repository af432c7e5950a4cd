package seal_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host/seal"
)

func TestParseKey(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0aF9", 16)
	for _, c := range []struct {
		in string
		ok bool
	}{
		{digits, true},
		{"", false},
		{digits[:63], false},
		{digits[:62], false},
		{digits + "00", false},
		{digits[:62] + "0g", false},
		{" " + digits[:63], false},
		{digits + "\n", false},
	} {
		key, err := seal.ParseKey(c.in)
		if (err == nil) != c.ok || c.ok && len(key) != seal.KeyBytes {
			t.Errorf("ParseKey(%q) = %d bytes, %v", c.in, len(key), err)
		}
		if err != nil && c.in != "" && strings.Contains(err.Error(), c.in) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestLoadOrCreate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "master.key")
	made, err := seal.LoadOrCreate(file)
	if err != nil {
		t.Fatal(err)
	}
	read, err := seal.LoadOrCreate(file)
	if err != nil || !bytes.Equal(made, read) {
		t.Errorf("the second call: %v, equal: %v", err, bytes.Equal(made, read))
	}
	text, _ := os.ReadFile(file)
	if string(text) != hex.EncodeToString(made)+"\n" {
		t.Error("the file does not hold the key in hexadecimal and a newline")
	}
	if info, _ := os.Stat(file); runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(names) != 1 {
		t.Errorf("left behind: %q", names)
	}
}

func TestLoadOrCreate_Concurrent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "master.key")
	keys := make([][]byte, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := seal.LoadOrCreate(file)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Fatal("two starts got two keys")
		}
	}
}

func TestLoadOrCreate_Errors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := strings.Repeat("ab", 32)
	for name, file := range map[string]string{
		"ErrEmpty":     write("empty", "", 0o600),
		"ErrMalformed": write("malformed", good[:40]+"\n", 0o600),
		"ErrDirectory": filepath.Join(dir, "missing", "master.key"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := seal.LoadOrCreate(file); err == nil || strings.Contains(err.Error(), good[:40]) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("ErrOpenToOthers", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("Windows has no permission bits")
		}
		if _, err := seal.LoadOrCreate(write("open", good+"\n", 0o644)); err == nil {
			t.Error("a key that everyone can read was accepted")
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(strings.Repeat("0", 64))
	f.Add(strings.Repeat("fF", 32))
	f.Add("")
	f.Add("0x" + strings.Repeat("1", 62))
	f.Fuzz(func(t *testing.T, s string) {
		key, err := seal.ParseKey(s)
		if err == nil && hex.EncodeToString(key) != strings.ToLower(s) {
			t.Errorf("ParseKey(%q) is another key", s)
		}
	})
}
