package seat

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// MinSecret is how many bytes a secret must have.
const MinSecret = 32

const (
	keyIDBytes = 4
	maxKeys    = 8
)

// Keys are the keys that seats are made and checked with: the first makes them, all
// are good for checking. To change keys, every program first gets the new one as the
// second, then as the first; the old one goes when the last seats made with it have
// expired. Keys may be used from any goroutine. It does not print.
type Keys struct {
	list atomic.Pointer[[]derived]
}

// derived is what a secret becomes. The id comes out of the secret too, so that
// nobody has to give keys names.
type derived struct {
	id  [keyIDBytes]byte
	key []byte
}

// Secrets reads the files with the secrets that a matchmaker and all nodes share. Where
// there are none it makes a random secret, for a matchmaker and rooms in one process.
func Secrets(files []string) ([][]byte, error) {
	if len(files) == 0 {
		b := make([]byte, MinSecret)
		_, _ = rand.Read(b) // it ends the program rather than fail
		return [][]byte{b}, nil
	}
	var secrets [][]byte
	for _, f := range files {
		s, err := ReadSecret(f)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}

// NewKeys takes secrets of MinSecret bytes or more.
func NewKeys(secrets ...[]byte) (*Keys, error) {
	k := &Keys{}
	if err := k.Set(secrets...); err != nil {
		return nil, err
	}
	return k, nil
}

// RandomKeys makes a key that is known to this process alone: seats are then made
// and used by the same one.
func RandomKeys() *Keys {
	b := make([]byte, MinSecret)
	_, _ = rand.Read(b) // it ends the program rather than fail
	k, err := NewKeys(b)
	if err != nil {
		panic(err) // the secret is long enough
	}
	return k
}

// Set puts other secrets in the place of those that were there. On an error they stay.
func (k *Keys) Set(secrets ...[]byte) error {
	if len(secrets) == 0 || len(secrets) > maxKeys {
		return fmt.Errorf("seat: %d secrets; there must be 1 to %d", len(secrets), maxKeys)
	}
	list := make([]derived, 0, len(secrets))
	for i, s := range secrets {
		if len(s) < MinSecret {
			return fmt.Errorf("seat: secret %d has %d bytes; it needs %d or more", i+1, len(s), MinSecret)
		}
		id, err := hkdf.Key(sha256.New, s, nil, "tickroom seat 1: key id", keyIDBytes)
		if err != nil {
			return fmt.Errorf("seat: %w", err)
		}
		key, err := hkdf.Key(sha256.New, s, nil, "tickroom seat 1: mac", sha256.Size)
		if err != nil {
			return fmt.Errorf("seat: %w", err)
		}
		list = append(list, derived{[keyIDBytes]byte(id), key})
	}
	k.list.Store(&list)
	return nil
}

// String returns a text without the keys.
func (k *Keys) String() string { return fmt.Sprintf("(%d seat keys)", len(*k.list.Load())) }

// GoString returns a text without the keys.
func (k *Keys) GoString() string { return k.String() }

func (k *Keys) current() derived { return (*k.list.Load())[0] }

// check checks the MAC at the end of b, which has at least minRaw bytes.
func (k *Keys) check(b []byte) error {
	id, text, mac := b[1:1+keyIDBytes], b[:len(b)-macBytes], b[len(b)-macBytes:]
	err := ErrKeyUnknown
	for _, d := range *k.list.Load() {
		if !bytes.Equal(d.id[:], id) {
			continue
		}
		if hmac.Equal(d.mac(nil, text), mac) {
			return nil
		}
		err = ErrForged
	}
	return err
}

// mac appends the MAC of b to dst.
func (d derived) mac(dst, b []byte) []byte {
	h := hmac.New(sha256.New, d.key)
	h.Write(b)
	return h.Sum(dst)
}

// ReadSecret reads a secret from a file; white space at its end does not count. The
// errors hold nothing of it.
func ReadSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimRight(b, " \t\r\n")
	if bytes.Contains(b, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%s: %w", path, errors.New("it is a key in PEM; seats need a plain secret"))
	}
	if len(b) < MinSecret {
		return nil, fmt.Errorf("%s: the secret has %d bytes; it needs %d or more (`tickroom token --new-key FILE --alg HS256` makes one)", path, len(b), MinSecret)
	}
	return b, nil
}
