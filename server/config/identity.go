package config

import "time"

// Values of Identity.Guests.
const (
	GuestsAuto = "auto" // if only this machine can connect
	GuestsOn   = "on"
	GuestsOff  = "off"
)

// Identity is about who may play: players with tokens, and guests without.
type Identity struct {
	// Guests is whether clients without a token may play. auto: if the server listens on
	// a loopback address and no proxy stands before it.
	Guests string `yaml:"guests" default:"auto" oneof:"auto on off"`
	Tokens
}

// Tokens is about whose tokens are accepted.
type Tokens struct {
	// Secret is a secret shared with the account service, for tokens with HS256: 32 bytes
	// or more, or base64:KEY. Better in the environment or in a file.
	Secret Secret `yaml:"secret"`
	// SecretFiles are files that each hold such a secret; white space at the end does not
	// count.
	SecretFiles []string `yaml:"secret_files" max:"16"`
	// KeyFiles are files with public keys or certificates, PEM, for tokens with EdDSA and
	// RS256.
	KeyFiles []string `yaml:"key_files" max:"16"`
	// JWKS is a JSON Web Key Set: a file, or an https address (http on loopback).
	JWKS SecretURL `yaml:"jwks"`

	// Issuer is the issuer (iss) that tokens must have. Empty: any.
	Issuer string `yaml:"issuer"`
	// Audience are names of this service, one of which must be in a token's audience
	// (aud). Empty: any.
	Audience []string `yaml:"audience"`
	// RolesClaim is the claim with the player's roles.
	RolesClaim string `yaml:"roles_claim" default:"roles" min:"1"`
	// NameClaim is the claim with the player's name.
	NameClaim string `yaml:"name_claim" default:"name" min:"1"`

	// MaxToken is the longest token, in bytes.
	MaxToken int `yaml:"max_token" default:"4096" min:"256" max:"65536"`
	// MaxAge is how long after it was made (iat) a token may be used, whatever its expiry
	// (exp) says. 0s: until it expires.
	MaxAge time.Duration `yaml:"max_age" default:"0s" min:"0s"`
	// AllowNoExpiry accepts tokens that do not expire. With identity.max_age they expire
	// by that.
	AllowNoExpiry bool `yaml:"allow_no_expiry" default:"false"`
	// Leeway is how far the clocks of others may be from ours.
	Leeway time.Duration `yaml:"leeway" default:"30s" min:"0s" max:"10m"`
	// Grace is how long a session may go on after its token has expired.
	Grace time.Duration `yaml:"grace" default:"30s" min:"0s" max:"24h"`

	// Refresh is how often keys are read again.
	Refresh time.Duration `yaml:"refresh" default:"5m" min:"1s" max:"24h"`
	// Refetch is the least time between two readings of keys when tokens name unknown
	// ones, or reading has failed.
	Refetch time.Duration `yaml:"refetch" default:"10s" min:"1s" max:"1h"`
	// MaxStale is how long keys are used that can't be read again. 0s: for ever.
	MaxStale time.Duration `yaml:"max_stale" default:"72h" min:"0s"`
}

// HasKeys reports whether tokens can be verified at all.
func (t *Tokens) HasKeys() bool {
	return t.Secret != "" || len(t.SecretFiles) > 0 || len(t.KeyFiles) > 0 || t.JWKS != ""
}

// AllowGuests reports whether clients without a token may play. loopback says that
// the server listens where only its own machine can connect; behindProxy, that it
// trusts a proxy, which lets others connect all the same.
func (i *Identity) AllowGuests(loopback, behindProxy bool) bool {
	return i.Guests == GuestsOn || i.Guests == GuestsAuto && loopback && !behindProxy
}
