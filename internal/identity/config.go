package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// Values of Config.Guests.
const (
	GuestsAuto = "auto" // if only this machine can connect
	GuestsOn   = "on"
	GuestsOff  = "off"
)

// Config says whose tokens are accepted. Default gives the values that make sense
// where nothing is said.
type Config struct {
	// Guests says whether clients without a token may play: "on", "off", or "auto", if
	// the server listens on a loopback address and no proxy stands before it.
	Guests string `koanf:"guests" validate:"oneof=auto on off"`

	// Secret is a secret shared with the account service, for HS256. Its bytes are
	// the key; after "base64:" comes the key in base64. At least 32 bytes. Better
	// given in the environment or in a file.
	Secret string `koanf:"secret"`
	// SecretFiles each hold such a secret; white space at the end does not count.
	SecretFiles []string `koanf:"secret_files" validate:"max=16,dive,required"`
	// KeyFiles hold public keys or certificates in PEM, for EdDSA and RS256.
	KeyFiles []string `koanf:"key_files" validate:"max=16,dive,required"`
	// JWKS is a JSON Web Key Set, a file or an https address (http on loopback).
	JWKS string `koanf:"jwks"`

	// Issuer is the iss that tokens must have. Empty: any.
	Issuer string `koanf:"issuer"`
	// Audience are the names of this service; a token's aud must hold one of them.
	// Empty: any.
	Audience []string `koanf:"audience" validate:"dive,required"`
	// RolesClaim is the claim with the roles.
	RolesClaim string `koanf:"roles_claim" validate:"required"`
	// NameClaim is the claim with the name.
	NameClaim string `koanf:"name_claim" validate:"required"`

	// MaxToken bounds a token, in bytes.
	MaxToken int `koanf:"max_token" validate:"min=256,max=65536"`
	// MaxAge is how long after it was made (iat) a token may be used, whatever its
	// exp says. 0: as long as its exp says.
	MaxAge time.Duration `koanf:"max_age" validate:"min=0s"`
	// AllowNoExpiry accepts tokens without exp. With MaxAge they expire by that.
	AllowNoExpiry bool `koanf:"allow_no_expiry"`
	// Leeway is how far the issuer's clock may be from ours.
	Leeway time.Duration `koanf:"leeway" validate:"min=0s,max=10m"`
	// Grace is how long a session may go on after its token has expired.
	Grace time.Duration `koanf:"grace" validate:"min=0s,max=24h"`

	// Refresh is how often files and addresses are read again.
	Refresh time.Duration `koanf:"refresh" validate:"min=1s,max=24h"`
	// Refetch is the least time between two reads when tokens name unknown keys, or
	// reading has failed.
	Refetch time.Duration `koanf:"refetch" validate:"min=1s,max=1h"`
	// MaxStale is how long keys are used that can't be read again. 0: for ever.
	MaxStale time.Duration `koanf:"max_stale" validate:"min=0s"`
}

// Default gives the configuration of a server that is told nothing: it has no keys.
func Default() Config {
	return Config{
		Guests:     GuestsAuto,
		RolesClaim: "roles",
		NameClaim:  "name",
		MaxToken:   4 << 10,
		Leeway:     30 * time.Second,
		Grace:      30 * time.Second,
		Refresh:    5 * time.Minute,
		Refetch:    10 * time.Second,
		MaxStale:   72 * time.Hour,
	}
}

// HasKeys tells whether tokens can be verified at all.
func (c Config) HasKeys() bool {
	return c.Secret != "" || len(c.SecretFiles) > 0 || len(c.KeyFiles) > 0 || c.JWKS != ""
}

// AllowGuests tells whether clients without a token may play. loopback says that
// the server listens where only its own machine can connect; behindProxy, that it
// trusts a proxy, which lets others connect all the same.
func (c Config) AllowGuests(loopback, behindProxy bool) bool {
	return c.Guests == GuestsOn || c.Guests == GuestsAuto && loopback && !behindProxy
}

// Check says what is wrong that the fields' tags can't tell. It reads no file.
func (c Config) Check() error {
	var errs []error
	if c.Secret != "" {
		if _, err := parseSecret([]byte(c.Secret)); err != nil {
			errs = append(errs, fmt.Errorf("identity.secret: %w", err))
		}
	}
	if c.JWKS != "" {
		if _, err := jwksSource(c.JWKS, nil); err != nil {
			errs = append(errs, fmt.Errorf("identity.jwks: %w", err))
		}
	}
	if c.MaxStale > 0 && c.MaxStale < c.Refresh {
		errs = append(errs, fmt.Errorf("identity.max_stale: %v is less than identity.refresh, %v; keys would go between two reads", c.MaxStale, c.Refresh))
	}
	return errors.Join(errs...)
}

// validate says what is wrong, all of it.
func (c Config) validate() error {
	var errs []error
	err := validator.New(validator.WithRequiredStructEnabled()).Struct(c)
	var fields validator.ValidationErrors
	if errors.As(err, &fields) {
		for _, f := range fields {
			errs = append(errs, fmt.Errorf("identity: %s does not satisfy %s=%s", f.Field(), f.Tag(), f.Param()))
		}
	} else if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return errors.Join(append(errs, c.Check())...)
}

// config is Config without methods, so that printing it does not come back here.
type config Config

func (c Config) redacted() config {
	if c.Secret != "" {
		c.Secret = "(redacted)"
	}
	if u, err := url.Parse(c.JWKS); err == nil && u.RawQuery != "" {
		u.RawQuery = "redacted"
		c.JWKS = u.String()
	}
	return config(c)
}

// Redacted gives the configuration without what must not be shown.
func (c Config) Redacted() Config { return Config(c.redacted()) }

// String leaves the secret out.
func (c Config) String() string { return fmt.Sprintf("%+v", c.redacted()) }

// GoString leaves the secret out.
func (c Config) GoString() string { return fmt.Sprintf("%#v", c.redacted()) }

// LogValue leaves the secret out.
func (c Config) LogValue() slog.Value { return slog.AnyValue(c.redacted()) }

// MarshalJSON leaves the secret out.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.redacted()) }

// loopbackHost tells whether a URL's host is this machine. Of names, only localhost
// is taken for such.
func loopbackHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
