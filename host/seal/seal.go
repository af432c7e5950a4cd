// Package seal encrypts the secrets that must be read again, under one master
// key, so that a copied database or backup gives nothing away.
//
// It owns the form of a sealed value and the master key's file. It must not
// know what is sealed, where it is stored, or how the key was configured.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/posternhq/postern/host"
)

// A sealed value is: format (1 byte), key id (8 bytes), nonce (12 bytes),
// AES-256-GCM ciphertext and tag (16 bytes more than the plaintext). Format
// and key id are authenticated together with the place.
const (
	format     = 1
	idBytes    = 8
	nonceBytes = 12
	headBytes  = 1 + idBytes
)

// KeyBytes is the length of a master key.
const KeyBytes = 32

// Errors of Unseal. Neither tells anything about the key or the plaintext.
var (
	// ErrOtherKey is for a value sealed under another master key.
	ErrOtherKey = errors.New("seal: the value was sealed with another master key")
	// ErrDamaged is for bytes that no Seal for this place returned.
	ErrDamaged = errors.New("seal: the sealed value is damaged or was moved")
)

// Sealer seals and unseals under one master key. It may be used concurrently.
type Sealer struct {
	id          [idBytes]byte
	aead        cipher.AEAD
	fingerprint string
}

var _ host.Sealer = (*Sealer)(nil)

// New returns a Sealer for a master key of KeyBytes bytes.
func New(master []byte) (*Sealer, error) {
	if len(master) != KeyBytes {
		return nil, fmt.Errorf("seal: a master key has %d bytes, not %d", KeyBytes, len(master))
	}
	// The master key itself encrypts nothing: each use gets a key of its own,
	// so that what is stored about one tells nothing about another.
	key, err := derive(master, "postern seal 1: encryption", 32)
	if err != nil {
		return nil, err
	}
	print, err := derive(master, "postern seal 1: fingerprint", 16)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	s := &Sealer{aead: aead, fingerprint: hex.EncodeToString(print)}
	copy(s.id[:], print)
	return s, nil
}

func derive(master []byte, use string, length int) ([]byte, error) {
	return hkdf.Key(sha256.New, master, nil, use, length)
}

// Fingerprint identifies the master key in 32 hexadecimal digits. It is safe to
// store and to show: the key cannot be computed from it.
func (s *Sealer) Fingerprint() string { return s.fingerprint }

// Seal encrypts plain for a place, a name such as "app.api_secret:" and the
// row's id. Sealing the same value twice gives different bytes.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	out := make([]byte, headBytes+nonceBytes, headBytes+nonceBytes+len(plain)+s.aead.Overhead())
	out[0] = format
	copy(out[1:], s.id[:])
	nonce := out[headBytes:]
	rand.Read(nonce)
	return s.aead.Seal(out, nonce, plain, context(out[:headBytes], place)), nil
}

// Unseal returns what was sealed for the same place. Errors: ErrOtherKey and
// ErrDamaged.
func (s *Sealer) Unseal(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < headBytes+nonceBytes+s.aead.Overhead() || sealed[0] != format {
		return nil, ErrDamaged
	}
	if [idBytes]byte(sealed[1:headBytes]) != s.id {
		return nil, ErrOtherKey
	}
	nonce, ciphertext := sealed[headBytes:headBytes+nonceBytes], sealed[headBytes+nonceBytes:]
	plain, err := s.aead.Open(nil, nonce, ciphertext, context(sealed[:headBytes], place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// context is what the tag authenticates beside the ciphertext. The head has a
// fixed length, so that head and place cannot run into one another.
func context(head []byte, place string) []byte {
	return append(append(make([]byte, 0, len(head)+len(place)), head...), place...)
}
