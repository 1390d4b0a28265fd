package identity

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ServiceType is what the header of a service's token has as its typ. A player's token
// has another one, or none: so neither can be taken for the other, whatever keys there are.
const ServiceType = "tickroom-service+jwt"

// MaxService is how many bytes a service's name has at most.
const MaxService = 64

// maxKinds bounds the kinds that a service's token is bound to.
const maxKinds = 64

// scopes are what services' tokens may allow: methods of tickroom.v1.RoomService.
var scopes = []string{"close", "create", "describe", "kick", "list", "lock", "post"}

// Scopes lists what a service's token may allow.
func Scopes() []string { return slices.Clone(scopes) }

// Service is who a backend is, and what it may do.
type Service struct {
	// Name is the service's, such as "shop".
	Name string
	// Scopes are what it may do: some of Scopes. There is at least one.
	Scopes []string
	// Kinds are the kinds of rooms that it is bound to; none: all.
	Kinds []string
	// Expires is when the token expires; zero: never.
	Expires time.Time
	// TokenID is the token's own id, if it has one.
	TokenID string
}

// May reports whether a scope is among those of the service.
func (s *Service) May(scope string) bool { return slices.Contains(s.Scopes, scope) }

// MayKind reports whether the service may do something with rooms of a kind.
func (s *Service) MayKind(kind string) bool {
	return len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind)
}

// LogValue has the name and the scopes.
func (s Service) LogValue() slog.Value {
	return slog.GroupValue(slog.String("service", s.Name), slog.String("scopes", strings.Join(s.Scopes, ",")))
}

// CheckService returns an error that says what is wrong with a service's name, if anything is.
func CheckService(name string) error {
	switch {
	case name == "":
		return errors.New("the service's name is empty")
	case len(name) > MaxService:
		return fmt.Errorf("the service's name is longer than %d bytes", MaxService)
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "":
		return errors.New("the service's name has characters other than letters, digits, dots, hyphens and underscores")
	}
	return nil
}

// ServiceVerifier finds out which service the holder of a token is. Its methods may be
// called at any time from any goroutine.
type ServiceVerifier struct{ v *Verifier }

// NewServiceVerifier reads the keys, as NewVerifier does. Tokens need an expiry and one of
// cfg.Audience, which must not be empty; RolesClaim, NameClaim and Grace are not looked at.
func NewServiceVerifier(ctx context.Context, cfg Config, o Options) (*ServiceVerifier, error) {
	if len(cfg.Audience) == 0 {
		return nil, errors.New("identity: tokens of services need an audience")
	}
	v, err := NewVerifier(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	v.types = serviceTypes
	return &ServiceVerifier{v}, nil
}

// Run reads the keys again now and then, until ctx is done.
func (s *ServiceVerifier) Run(ctx context.Context) { s.v.Run(ctx) }

// Close ends what is under way, and waits for it; see Verifier.Close.
func (s *ServiceVerifier) Close() { s.v.Close() }

// KeyStats returns how the keys are doing.
func (s *ServiceVerifier) KeyStats() KeyStats { return s.v.KeyStats() }

// Verify returns which service the token's holder is. The error is an *Error. It may take as
// long as Verifier.Verify.
func (s *ServiceVerifier) Verify(ctx context.Context, token Token) (Service, error) {
	c, err := s.v.genuine(ctx, token)
	if err == nil {
		err = s.v.timely(c)
	}
	if err != nil {
		return Service{}, err
	}
	out, err := c.service(&s.v.cfg)
	if err != nil {
		return Service{}, err
	}
	return out, nil
}

// service makes the service that the claims describe.
func (c *claims) service(cfg *Config) (Service, *Error) {
	s := Service{Name: c.Subject, TokenID: c.ID}
	if err := CheckService(s.Name); err != nil {
		return Service{}, refuse(Refused, "the token can't be used: %v", err)
	}
	if len(s.TokenID) > maxTokenID {
		return Service{}, refuse(Refused, "the token can't be used: its id is longer than %d bytes", maxTokenID)
	}
	var words []string
	if !c.list("scope", &words) {
		return Service{}, refuse(Malformed, "the token's scope is neither a list of words nor words in one text")
	}
	if len(words) == 1 {
		words = strings.Fields(words[0])
	}
	for _, w := range words[:min(len(words), maxRoles)] {
		if slices.Contains(scopes, w) && !slices.Contains(s.Scopes, w) {
			s.Scopes = append(s.Scopes, w)
		}
	}
	if len(s.Scopes) == 0 {
		return Service{}, refuse(Refused, "the token has no scope; they are %s", strings.Join(scopes, ", "))
	}
	// One that is bound to nothing is not one that is bound to everything.
	if raw, ok := c.named["kinds"]; ok {
		if !c.list("kinds", &s.Kinds) || string(raw) == "null" || len(s.Kinds) == 0 || slices.Contains(s.Kinds, "") {
			return Service{}, refuse(Malformed, "the token's kinds are no list of kinds of rooms; leave them out for all")
		}
		if len(s.Kinds) > maxKinds {
			return Service{}, refuse(Refused, "the token is bound to more than %d kinds", maxKinds)
		}
	}
	if c.ExpiresAt != nil {
		s.Expires = c.ExpiresAt.Time
	}
	if cfg.MaxAge > 0 && c.IssuedAt != nil {
		if end := c.IssuedAt.Add(cfg.MaxAge); s.Expires.IsZero() || end.Before(s.Expires) {
			s.Expires = end
		}
	}
	return s, nil
}

// ServiceGrant is what a minted token of a service holds.
type ServiceGrant struct {
	Service  string
	Scopes   []string // of Scopes; at least one
	Kinds    []string // that it is bound to; none: all
	Issuer   string
	Audience []string
	// TTL is how long the token is good for.
	TTL time.Duration
	// NotBefore is from when on; zero: at once.
	NotBefore time.Time
	// Now is when the token is made; zero: now.
	Now time.Time
}

// MintService signs a token of a service.
func (k *SigningKey) MintService(g ServiceGrant) (Token, error) {
	if err := CheckService(g.Service); err != nil {
		return "", err
	}
	if len(g.Scopes) == 0 {
		return "", fmt.Errorf("the token has no scope; give some of %s", strings.Join(scopes, ", "))
	}
	for _, s := range g.Scopes {
		if !slices.Contains(scopes, s) {
			return "", fmt.Errorf("%q is no scope; they are %s", s, strings.Join(scopes, ", "))
		}
	}
	if len(g.Kinds) > maxKinds || slices.Contains(g.Kinds, "") {
		return "", fmt.Errorf("the token is bound to %d kinds; it can be 1 to %d, each with a name, or none for all", len(g.Kinds), maxKinds)
	}
	if len(g.Audience) == 0 {
		return "", errors.New("the token is for nobody: it needs an audience")
	}
	if g.TTL <= 0 {
		return "", fmt.Errorf("the token would be good for %v; services' tokens expire", g.TTL)
	}
	now := g.Now
	if now.IsZero() {
		now = time.Now()
	}
	var id [12]byte
	_, _ = rand.Read(id[:]) // it ends the program rather than fail
	c := jwt.MapClaims{
		"sub": g.Service, "scope": strings.Join(g.Scopes, " "), "aud": g.Audience,
		"iat": now.Unix(), "exp": now.Add(g.TTL).Unix(), "jti": hex.EncodeToString(id[:]),
	}
	if len(g.Kinds) > 0 {
		c["kinds"] = g.Kinds
	}
	if g.Issuer != "" {
		c["iss"] = g.Issuer
	}
	if !g.NotBefore.IsZero() {
		c["nbf"] = g.NotBefore.Unix()
	}
	t := jwt.NewWithClaims(jwt.GetSigningMethod(k.alg), c)
	t.Header["typ"] = ServiceType
	text, err := t.SignedString(k.material)
	if err != nil {
		return "", fmt.Errorf("identity: the token can't be signed: %w", err)
	}
	return Token(text), nil
}
