package identity

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/secret"
)

// Config is about whose tokens are accepted. Its fields are those of the server's
// settings, which say more about them, and have defaults and bounds: see
// server/config.Tokens.
type Config struct {
	Secret      secret.Text // for HS256: the key, or base64: and the key in base64
	SecretFiles []string    // of such secrets
	KeyFiles    []string    // of public keys or certificates in PEM, for EdDSA and RS256
	JWKS        secret.URL  // a JSON Web Key Set, a file or an address

	Issuer     string   // the iss that tokens must have; empty: any
	Audience   []string // of which a token's aud must hold one; empty: any
	RolesClaim string
	NameClaim  string

	MaxToken      int           // bytes
	MaxAge        time.Duration // after iat; 0: any
	AllowNoExpiry bool
	Leeway        time.Duration // of clocks
	Grace         time.Duration // of a session, after exp

	Refresh  time.Duration // between two reads of files and addresses
	Refetch  time.Duration // the same, at least, when keys are unknown or reading failed
	MaxStale time.Duration // of keys that can't be read again; 0: for ever
}

// Check returns what is wrong, all of it. It reads no file.
func (c Config) Check() error {
	var errs []error
	if c.Secret != "" {
		if _, err := parseSecret([]byte(c.Secret)); err != nil {
			errs = append(errs, fmt.Errorf("secret: %w", err))
		}
	}
	if c.JWKS != "" {
		if _, err := jwksSource(c.JWKS.Reveal(), nil); err != nil {
			errs = append(errs, fmt.Errorf("jwks: %w", err))
		}
	}
	if c.MaxStale > 0 && c.MaxStale < c.Refresh {
		errs = append(errs, fmt.Errorf("max_stale: %v is less than identity.refresh, %v; keys would go between two reads", c.MaxStale, c.Refresh))
	}
	return errors.Join(errs...)
}

// loopbackHost reports whether a URL's host is this machine. Of names, only localhost
// is taken for such.
func loopbackHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
