package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SigningKey signs tokens, with HS256 or EdDSA. It does not print.
type SigningKey struct {
	alg      string
	material any // []byte or ed25519.PrivateKey
}

// Alg returns the key's algorithm.
func (k *SigningKey) Alg() string { return k.alg }

// String names the algorithm alone.
func (k *SigningKey) String() string { return "(" + k.alg + " key)" }

// GoString names the algorithm alone.
func (k *SigningKey) GoString() string { return k.String() }

// LogValue names the algorithm alone.
func (k *SigningKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// NewSigningKey makes a random key for HS256 or EdDSA.
func NewSigningKey(alg string) (*SigningKey, error) {
	switch alg {
	case HS256:
		var b [32]byte
		_, _ = rand.Read(b[:]) // it ends the program rather than fail
		return &SigningKey{HS256, []byte(base64.RawURLEncoding.EncodeToString(b[:]))}, nil
	case EdDSA:
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
		return &SigningKey{EdDSA, private}, nil
	}
	return nil, fmt.Errorf("identity: keys can be made for %s and %s, not for %q", EdDSA, HS256, alg)
}

// ReadSigningKey reads a key: a secret for HS256, or an Ed25519 private key in PEM
// (PKCS #8). Its errors hold nothing of the key.
func ReadSigningKey(path string) (*SigningKey, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		secret, err := parseSecret(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &SigningKey{HS256, secret}, nil
	}
	if block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: it holds a %s; signing needs the private key, in PKCS #8 (PRIVATE KEY)", path, strings.ToLower(block.Type))
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: its private key can't be read", path)
	}
	ed, ok := private.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: its private key is a %T; tokens are minted with Ed25519 keys or HS256 secrets", path, private)
	}
	return &SigningKey{EdDSA, ed}, nil
}

// Secret returns an HS256 key as servers take it, as the text of identity.secret; empty for
// other keys.
func (k *SigningKey) Secret() string {
	b, _ := k.material.([]byte)
	return string(b)
}

// Write writes a key to a new file that only its owner can read, and an EdDSA key's
// public half to a second one, path with ".pub" after it. It overwrites nothing. It
// returns the file that a server verifies with.
func (k *SigningKey) Write(path string) (verify string, err error) {
	if k.alg == HS256 {
		return path, writeNew(path, append(k.material.([]byte), '\n'), 0o600)
	}
	private := k.material.(ed25519.PrivateKey)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("identity: %w", err)
	}
	pub, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return "", fmt.Errorf("identity: %w", err)
	}
	verify = path + ".pub"
	if _, err := os.Lstat(verify); err == nil {
		return "", fmt.Errorf("%s is there already, and is not overwritten", verify)
	}
	if err := writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return "", err
	}
	return verify, writeNew(verify, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub}), 0o644)
}

func writeNew(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already, and is not overwritten", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// Grant is what a minted token holds.
type Grant struct {
	Player   string
	Name     string
	Roles    Roles    // 0: the token has no such claim, which makes a player
	Shows    []string // where the roles of hosts, moderators and admins count; none: everywhere
	Issuer   string
	Audience []string
	// TTL is how long the token is good for; 0: for ever.
	TTL time.Duration
	// NotBefore is from when on; zero: at once.
	NotBefore time.Time
	// Now is when the token is made; zero: now.
	Now time.Time
}

// Mint signs a token. It is for development and tests: a game's account service
// mints its own.
func (k *SigningKey) Mint(g Grant) (Token, error) {
	if err := CheckPlayer(g.Player); err != nil {
		return "", err
	}
	if strings.HasPrefix(strings.ToLower(g.Player), GuestPrefix) {
		return "", fmt.Errorf("ids that begin with %s are guests'", GuestPrefix)
	}
	if _, err := CheckName(g.Name); err != nil {
		return "", err
	}
	if g.TTL < 0 {
		return "", fmt.Errorf("the token would expire %v before it is made", -g.TTL)
	}
	now := g.Now
	if now.IsZero() {
		now = time.Now()
	}
	var id [12]byte
	_, _ = rand.Read(id[:]) // it ends the program rather than fail
	c := jwt.MapClaims{"sub": g.Player, "iat": now.Unix(), "jti": hex.EncodeToString(id[:])}
	if g.Name != "" {
		c["name"] = g.Name
	}
	if g.Roles != 0 {
		c["roles"] = g.Roles.Names()
	}
	if len(g.Shows) > 0 {
		c["shows"] = g.Shows
	}
	if g.Issuer != "" {
		c["iss"] = g.Issuer
	}
	switch len(g.Audience) {
	case 0:
	case 1:
		c["aud"] = g.Audience[0]
	default:
		c["aud"] = g.Audience
	}
	if g.TTL > 0 {
		c["exp"] = now.Add(g.TTL).Unix()
	}
	if !g.NotBefore.IsZero() {
		c["nbf"] = g.NotBefore.Unix()
	}
	text, err := jwt.NewWithClaims(jwt.GetSigningMethod(k.alg), c).SignedString(k.material)
	if err != nil {
		return "", fmt.Errorf("identity: the token can't be signed: %w", err)
	}
	return Token(text), nil
}
