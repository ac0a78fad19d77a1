// Package seal encrypts single fields: contacts and secrets lie in the database
// sealed, so that a copied table tells nobody's telephone number.
//
// AES-256-GCM with a random nonce; the key is 32 bytes in a file beside the
// database or in the environment, never in the database.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// Box seals and opens fields with one key. The zero Box opens nothing.
type Box struct{ aead cipher.AEAD }

// New returns a Box for a key of KeySize bytes.
func New(key []byte) (*Box, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("key: %d bytes, need %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead: aead}, nil
}

// Seal returns the sealed form of plain; the empty string stays empty, so that
// "no address" is visible without a key.
func (b *Box) Seal(plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce) // never fails: it ends the program instead
	return "s1." + base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, []byte(plain), nil)), nil
}

// ErrSealed is returned for text that this key cannot open.
var ErrSealed = errors.New("sealed field: wrong key or damaged text")

// Open returns the plain text of a sealed field.
func (b *Box) Open(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	rest, ok := strings.CutPrefix(sealed, "s1.")
	if !ok {
		return "", ErrSealed
	}
	raw, err := base64.RawStdEncoding.DecodeString(rest)
	if err != nil || len(raw) < b.aead.NonceSize() {
		return "", ErrSealed
	}
	plain, err := b.aead.Open(nil, raw[:b.aead.NonceSize()], raw[b.aead.NonceSize():], nil)
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}

// NewKey returns a random key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails: it ends the program instead
	return key
}

// ParseKey reads the base64 form of a key.
func ParseKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("key: want %d bytes as base64", KeySize)
	}
	return key, nil
}

// FormatKey is the base64 form that ParseKey reads.
func FormatKey(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// LoadOrCreate reads the key file, or makes one that only its owner can read.
// Two processes that start at once agree on one key: the file is linked into
// place whole, never overwritten.
func LoadOrCreate(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return ParseKey(string(raw))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	raw, err = os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseKey(string(raw))
}

func create(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(FormatKey(NewKey()) + "\n")
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
