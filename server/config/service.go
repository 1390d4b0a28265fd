package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
)

// Service is about the API for backends, tickroom.v1.RoomService. It is off unless there are
// keys to check services' tokens with.
type Service struct {
	// Listen is an address of its own for the API, such as one of an internal network. Empty:
	// the clients' address.
	Listen string `yaml:"listen"`

	// Secret is a secret shared with the backends, for tokens with HS256: 32 bytes or more, or
	// base64:KEY. Better in a file. Whoever has it can make tokens with all scopes.
	Secret Secret `yaml:"secret"`
	// SecretFiles are files that each hold such a secret.
	SecretFiles []string `yaml:"secret_files" max:"16"`
	// KeyFiles are files with public keys or certificates, PEM, for tokens of services with
	// EdDSA and RS256. They must not be those of players' tokens.
	KeyFiles []string `yaml:"key_files" max:"16"`
	// JWKS is a JSON Web Key Set for tokens of services: a file, or an https address (http on
	// loopback).
	JWKS SecretURL `yaml:"jwks"`
	// Issuer is the issuer (iss) that tokens of services must have. Empty: any.
	Issuer string `yaml:"issuer"`
	// Audience are names of this API, one of which must be in the audience (aud) of a token
	// of a service.
	Audience []string `yaml:"audience" default:"tickroom-rooms" min:"1" max:"16"`
	// MaxAge is how long after it was made (iat) a token of a service may be used, whatever its
	// expiry (exp) says. 0s: until it expires.
	MaxAge time.Duration `yaml:"max_age" default:"0s" min:"0s"`

	// Calls is how many calls each service may make per second.
	Calls float64 `yaml:"calls" default:"200" above:"0" max:"1000000"`
	// CallBurst is how many calls each service may make at once.
	CallBurst int `yaml:"call_burst" default:"400" min:"1" max:"1000000"`
}

// Enabled reports whether the API is served.
func (s *Service) Enabled() bool {
	return s.Secret != "" || len(s.SecretFiles) > 0 || len(s.KeyFiles) > 0 || s.JWKS != ""
}

// ServiceTokens returns whose tokens of services are accepted. How often keys are read, and how
// far clocks may be apart, is as for players' tokens.
func (c *Config) ServiceTokens() Tokens {
	s, t := &c.Service, &c.Identity.Tokens
	return Tokens{
		Secret: s.Secret, SecretFiles: s.SecretFiles, KeyFiles: s.KeyFiles, JWKS: s.JWKS,
		Issuer: s.Issuer, Audience: s.Audience, RolesClaim: t.RolesClaim, NameClaim: t.NameClaim,
		MaxToken: t.MaxToken, MaxAge: s.MaxAge, Leeway: t.Leeway,
		Refresh: t.Refresh, Refetch: t.Refetch, MaxStale: t.MaxStale,
	}
}

// checkService returns what is wrong with the section, beyond what the tags say.
func (c *Config) checkService() []error {
	s := &c.Service
	var errs []error
	if s.Enabled() {
		errs = section("service", identity.Config(c.ServiceTokens()).Check())
	}
	if s.Listen != "" && !s.Enabled() {
		errs = append(errs, errors.New("service.listen: there are no keys to check services' tokens with, so that nobody could call; "+
			"set service.key_files or secret_files (`tickroom token --service --new-key FILE` makes a key)"))
	}
	if a, err := ParseAddr(s.Listen); err == nil && a.Port != 0 && (s.Listen == c.Listen || s.Listen == c.Admin) {
		errs = append(errs, fmt.Errorf("service.listen: %q is the address of clients or operators; give each its own port, or leave it out for that of clients", s.Listen))
	}
	// Whoever can make a player's token must not be able to make a service's.
	for _, f := range slices.Concat(s.KeyFiles, s.SecretFiles) {
		if slices.Contains(slices.Concat(c.Identity.KeyFiles, c.Identity.SecretFiles, c.Seats.SecretFiles), f) {
			errs = append(errs, fmt.Errorf("service: %s is for players' tokens or seats, too; services have keys of their own", f))
		}
	}
	if s.Secret != "" && s.Secret == c.Identity.Secret {
		errs = append(errs, errors.New("service.secret: it is that of players' tokens, too; services have keys of their own"))
	}
	if s.JWKS != "" && s.JWKS == c.Identity.JWKS {
		errs = append(errs, errors.New("service.jwks: it is that of players' tokens, too; services have keys of their own"))
	}
	return errs
}
