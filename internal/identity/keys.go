package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// The algorithms.
const (
	HS256 = "HS256"
	EdDSA = "EdDSA"
	RS256 = "RS256"
)

// Bounds of keys.
const (
	MinSecret  = 32 // bytes: as many as the hash has (RFC 7518, section 3.2)
	minRSABits = 2048
	maxRSABits = 8192 // more is a way to make us work
	maxKeys    = 64   // of one source
	maxTries   = 16   // keys tried for one token
	maxKeyID   = 256  // bytes
	maxKeyFile = 1 << 20
	maxKeySet  = 256 << 10 // bytes of a key set
)

// key verifies tokens of one algorithm.
type key struct {
	alg string
	id  string // kid; empty: unknown
	// []byte for HS256, ed25519.PublicKey, *rsa.PublicKey
	material any
}

// candidates returns the keys that a token may have been signed with: those with its
// kid, else those of unknown id. byID says which.
func candidates(keys []key, alg, id string) (set jwt.VerificationKeySet, byID bool) {
	take := func(ok func(k key) bool) {
		for _, k := range keys {
			if k.alg == alg && len(set.Keys) < maxTries && ok(k) {
				set.Keys = append(set.Keys, k.material)
			}
		}
	}
	if id == "" {
		take(func(key) bool { return true })
		return set, false
	}
	take(func(k key) bool { return k.id == id })
	if len(set.Keys) > 0 {
		return set, true
	}
	take(func(k key) bool { return k.id == "" })
	return set, false
}

// parseSecret reads an HS256 secret. It refuses a PEM: whoever has a public key taken as a
// secret lets everybody sign. Its errors hold nothing of the secret.
func parseSecret(b []byte) ([]byte, error) {
	b = bytes.TrimRight(b, " \t\r\n")
	if bytes.Contains(b, []byte("-----BEGIN")) {
		return nil, errors.New("it is a key in PEM, not a secret; public keys go into key_files")
	}
	if enc, ok := bytes.CutPrefix(b, []byte("base64:")); ok {
		text := strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(string(enc)), "=")
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("what follows base64: is not base64")
		}
		b = raw
	}
	if len(b) < MinSecret {
		return nil, fmt.Errorf("the secret has %d bytes; it needs %d or more (`tickroom token --new-key FILE --alg HS256` makes one)", len(b), MinSecret)
	}
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	if len(seen) < 8 {
		return nil, fmt.Errorf("the secret has only %d different bytes; use a random one (`tickroom token --new-key FILE --alg HS256` makes one)", len(seen))
	}
	return b, nil
}

// parsePEM reads public keys and certificates.
func parsePEM(b []byte) ([]key, error) {
	var keys []key
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		var pub any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			pub, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			pub, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				pub = cert.PublicKey
			}
		default:
			if strings.HasSuffix(block.Type, "PRIVATE KEY") {
				return nil, errors.New("it holds a private key, which signs tokens; give the public key, which verifies them")
			}
			return nil, fmt.Errorf("it holds a %q, not a public key", block.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("its %s can't be read: %w", strings.ToLower(block.Type), err)
		}
		k, err := publicKey(pub)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no public key in PEM")
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("it holds %d keys, more than %d", len(keys), maxKeys)
	}
	return keys, nil
}

// publicKey ties a public key to its algorithm.
func publicKey(pub any) (key, error) {
	switch p := pub.(type) {
	case ed25519.PublicKey:
		if len(p) != ed25519.PublicKeySize {
			return key{}, fmt.Errorf("an Ed25519 key has %d bytes, not %d", ed25519.PublicKeySize, len(p))
		}
		return key{alg: EdDSA, material: p}, nil
	case *rsa.PublicKey:
		if n := p.N.BitLen(); n < minRSABits || n > maxRSABits {
			return key{}, fmt.Errorf("the RSA key has %d bits; it must have %d to %d", n, minRSABits, maxRSABits)
		}
		if p.E < 3 || p.E > math.MaxInt32 || p.E%2 == 0 {
			return key{}, fmt.Errorf("the RSA key's exponent is %d; it must be odd, more than 1, and of 31 bits at most", p.E)
		}
		return key{alg: RS256, material: p}, nil
	}
	return key{}, fmt.Errorf("a %T is not supported; use Ed25519 or RSA", pub)
}

// parseJWKS reads a JSON Web Key Set (RFC 7517): its public keys that are good for
// EdDSA and RS256. Others are passed over, as a set may hold keys for other uses;
// so are symmetric ones, as a set is for everybody to read.
func parseJWKS(b []byte) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, errors.New("it is not a JSON Web Key Set")
	}
	var keys []key
	var last error
	for _, raw := range set.Keys {
		k, err := parseJWK(raw)
		if err != nil {
			last = err
			continue
		}
		if len(keys) == maxKeys {
			return nil, fmt.Errorf("it holds more than %d keys", maxKeys)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.Join(fmt.Errorf("none of its %d keys is good for EdDSA or RS256", len(set.Keys)), last)
	}
	return keys, nil
}

func parseJWK(raw json.RawMessage) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return key{}, errors.New("a key is not as it should be")
	}
	want := jwkset.AlgRS256
	if m.KTY == jwkset.KtyOKP {
		want = jwkset.AlgEdDSA
	}
	switch {
	case m.KTY != jwkset.KtyOKP && m.KTY != jwkset.KtyRSA:
		return key{}, fmt.Errorf("keys of type %.20q are not supported", m.KTY)
	case m.ALG != "" && m.ALG != want && !(want == jwkset.AlgEdDSA && m.ALG == "Ed25519"):
		return key{}, fmt.Errorf("keys for %.20q are not supported", m.ALG)
	case m.USE != "" && m.USE != jwkset.UseSig:
		return key{}, errors.New("a key is not for signatures")
	case len(m.KEYOPS) > 0 && !containsOp(m.KEYOPS, jwkset.KeyOpsVerify):
		return key{}, errors.New("a key is not for verifying")
	case len(m.KID) > maxKeyID:
		return key{}, errors.New("a key's id is too long")
	}
	// Only the numbers: what else there may be, such as certificates, is not looked at.
	jwk, err := jwkset.NewJWKFromMarshal(jwkset.JWKMarshal{KTY: m.KTY, CRV: m.CRV, X: m.X, N: m.N, E: m.E},
		jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
	if err != nil {
		return key{}, errors.New("a key's numbers are not as they should be")
	}
	k, err := publicKey(jwk.Key())
	k.id = m.KID
	return k, err
}

func containsOp(ops []jwkset.KEYOPS, op jwkset.KEYOPS) bool {
	for _, o := range ops {
		if o == op {
			return true
		}
	}
	return false
}
