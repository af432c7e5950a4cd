package seal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/posternhq/postern/host/seal"
)

const place = "app.api_secret:0198c0de"

func newSealer(t testing.TB, master []byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(master)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNew_ErrLength(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := seal.New(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was accepted", n)
		}
	}
}

func TestSealer_RoundTrip(t *testing.T) {
	t.Parallel()
	s := newSealer(t, seal.NewKey())
	for _, plain := range [][]byte{nil, []byte("as_0123"), bytes.Repeat([]byte{0}, 1<<20)} {
		sealed, err := s.Seal(plain, place)
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) > 0 && bytes.Contains(sealed, plain) {
			t.Error("the plaintext can be read in the sealed value")
		}
		got, err := s.Unseal(sealed, place)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Unseal of %d bytes = %d bytes, %v", len(plain), len(got), err)
		}
	}
}

func TestSealer_Seal_NeverTheSame(t *testing.T) {
	t.Parallel()
	s := newSealer(t, seal.NewKey())
	a, _ := s.Seal([]byte("same"), place)
	b, _ := s.Seal([]byte("same"), place)
	if bytes.Equal(a, b) {
		t.Error("two seals of one value are equal")
	}
}

func TestSealer_Unseal_ErrDamaged(t *testing.T) {
	t.Parallel()
	s := newSealer(t, seal.NewKey())
	sealed, _ := s.Seal([]byte("secret"), place)
	if _, err := s.Unseal(sealed, "app.api_key:0198c0de"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("moved to another place: %v", err)
	}
	for n := range sealed {
		if _, err := s.Unseal(sealed[:n], place); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Unseal(bad, place); err == nil {
			t.Errorf("byte %d changed: unsealed all the same", i)
		}
	}
}

func TestSealer_Unseal_ErrOtherKey(t *testing.T) {
	t.Parallel()
	one, other := newSealer(t, seal.NewKey()), newSealer(t, seal.NewKey())
	sealed, _ := one.Seal([]byte("secret"), place)
	if _, err := other.Unseal(sealed, place); !errors.Is(err, seal.ErrOtherKey) {
		t.Errorf("error %v, want ErrOtherKey", err)
	}
}

func TestSealer_Fingerprint(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	a, b, c := newSealer(t, key), newSealer(t, key), newSealer(t, seal.NewKey())
	if a.Fingerprint() != b.Fingerprint() || a.Fingerprint() == c.Fingerprint() || len(a.Fingerprint()) != 32 {
		t.Errorf("fingerprints %q, %q (same key), %q (another)", a.Fingerprint(), b.Fingerprint(), c.Fingerprint())
	}
	sealed, _ := a.Seal([]byte("secret"), place)
	if got, err := b.Unseal(sealed, place); err != nil || string(got) != "secret" {
		t.Errorf("a second Sealer of the same key: %q, %v", got, err)
	}
}

// TestSealer_Format pins the stored form: values sealed by this version must
// be readable for ever.
func TestSealer_Format(t *testing.T) {
	t.Parallel()
	master := bytes.Repeat([]byte{7}, seal.KeyBytes)
	sealed, err := hex.DecodeString("013232d64ff4d68af1bc2b3781c28911d25f8f7f874e16131d7acde482d8cb0defb2f31d4bde4b9b63")
	if err != nil {
		t.Fatal(err)
	}
	got, err := newSealer(t, master).Unseal(sealed, place)
	if err != nil || string(got) != "kept" {
		t.Errorf("Unseal of a value sealed long ago = %q, %v", got, err)
	}
}

func FuzzSealer_Unseal(f *testing.F) {
	s := newSealer(f, bytes.Repeat([]byte{1}, seal.KeyBytes))
	sealed, _ := s.Seal([]byte("seed"), place)
	f.Add(sealed)
	f.Add(sealed[:20])
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, err := s.Unseal(b, place)
		if err == nil && string(plain) != "seed" {
			t.Errorf("forged bytes %x were unsealed to %q", b, plain)
		}
	})
}
