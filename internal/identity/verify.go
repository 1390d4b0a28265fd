package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Options of a Verifier. The zero value of a field means its default.
type Options struct {
	// Logger hears when keys change or can't be read. Default slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Transport fetches key sets. Default one like http.DefaultTransport.
	Transport http.RoundTripper
}

// Verifier finds out who the holder of a token is. Its methods may be called at any
// time from any goroutine.
type Verifier struct {
	cfg    Config
	now    func() time.Time
	keys   *keyring
	parser *jwt.Parser
	rules  *jwt.Validator
	types  types
}

// types are those that the header of a token may have as its typ.
type types struct {
	names  []string
	needed bool   // one must be there
	wrong  string // what is said of others
}

var (
	playerTypes  = types{[]string{"jwt", "at+jwt"}, false, "the token is of another type; it must be JWT or at+jwt"}
	serviceTypes = types{[]string{ServiceType}, true, "the token is not a service's: its typ must be " + ServiceType}
)

// NewVerifier reads the keys. What is configured wrong, or a file that can't be
// read, is an error; an address that does not answer is not, as it may soon. ctx
// bounds the reading alone. The caller closes the Verifier.
func NewVerifier(ctx context.Context, cfg Config, o Options) (*Verifier, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	keys, err := newKeyring(cfg, o)
	if err != nil {
		return nil, err
	}
	if err := keys.start(ctx); err != nil {
		keys.close()
		return nil, err
	}
	rules := []jwt.ParserOption{jwt.WithLeeway(cfg.Leeway), jwt.WithTimeFunc(o.Now), jwt.WithIssuedAt()}
	if !cfg.AllowNoExpiry {
		rules = append(rules, jwt.WithExpirationRequired())
	}
	if cfg.Issuer != "" {
		rules = append(rules, jwt.WithIssuer(cfg.Issuer))
	}
	if len(cfg.Audience) > 0 {
		rules = append(rules, jwt.WithAudience(cfg.Audience...))
	}
	return &Verifier{
		cfg: cfg, now: o.Now, keys: keys,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{HS256, EdDSA, RS256}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
		rules:  jwt.NewValidator(rules...),
		types:  playerTypes,
	}, nil
}

// Run reads the keys again now and then, until ctx is done.
func (v *Verifier) Run(ctx context.Context) { v.keys.run(ctx) }

// Close ends what is under way, and waits for it. Later calls of Verify use the keys
// that are there. It may be called twice.
func (v *Verifier) Close() { v.keys.close() }

// KeyStats returns how the keys are doing.
func (v *Verifier) KeyStats() KeyStats { return v.keys.stats() }

// Verify returns who the token's holder is. The error is an *Error. It may take as
// long as fetching a key set does when the token names a key that is new.
func (v *Verifier) Verify(ctx context.Context, token Token) (Identity, error) {
	c, err := v.genuine(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if err := v.timely(c); err != nil {
		return Identity{}, err
	}
	id, err := c.identity(&v.cfg)
	if err != nil {
		return Identity{}, err
	}
	return id, nil
}

// Renew verifies a token that the client of a running session sends to prolong it,
// and returns the session's identity from now on. It must be of the same player and
// not expire before the one that the session has; its roles and name are those that
// count from now on. The error is an *Error, and the session is as it was.
func (v *Verifier) Renew(ctx context.Context, session Identity, token Token) (Identity, error) {
	id, err := v.Verify(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if err := renews(session, id); err != nil {
		return Identity{}, err
	}
	return id, nil
}

func renews(session, id Identity) *Error {
	switch {
	case session.Guest:
		return refuse(OtherPlayer, "a guest's session can't be renewed; connect anew with the token")
	case id.Player != session.Player:
		return refuse(OtherPlayer, "the token is another player's")
	case session.Expires.IsZero() && !id.Expires.IsZero(), !id.Expires.IsZero() && id.Expires.Before(session.Expires):
		return refuse(Refused, "the token expires before the one that the session has")
	}
	return nil
}

// genuine returns the claims of a token whose signature is right.
func (v *Verifier) genuine(ctx context.Context, token Token) (*claims, *Error) {
	switch n := strings.Count(string(token), "."); {
	case token == "":
		return nil, refuse(Missing, "a token is needed")
	case len(token) > v.cfg.MaxToken:
		return nil, refuse(Malformed, "the token has %d bytes; at most %d are taken", len(token), v.cfg.MaxToken)
	case n == 4:
		return nil, refuse(Malformed, "the token is encrypted; only signed ones are understood")
	case n != 2 || strings.ContainsFunc(string(token), notOfToken):
		return nil, refuse(Malformed, "the token is not a JSON Web Token")
	}
	seen := v.keys.current.Load()
	c, again, err := v.try(token, seen)
	if err != nil && again {
		// The key may be newer than what we have.
		if now := v.keys.reload(ctx, seen); now != seen {
			c, _, err = v.try(token, now)
		}
	}
	return c, err
}

// notOfToken is for characters that compact tokens don't have. The base64 decoder
// would pass over line ends, and so let one token have many spellings.
func notOfToken(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}

// try checks the signature with the keys of l. again reports that other keys might
// have made a difference.
func (v *Verifier) try(token Token, l *loaded) (c *claims, again bool, refused *Error) {
	keys, missing := v.keys.keys(l)
	c = &claims{}
	asked := false
	_, err := v.parser.ParseWithClaims(string(token), c, func(t *jwt.Token) (any, error) {
		asked = true
		kid, err := header(t, &v.types)
		if err != nil {
			return nil, err
		}
		set, byID := candidates(keys, t.Method.Alg(), kid)
		again = !byID
		if len(set.Keys) > 0 {
			return set, nil
		}
		if missing != nil {
			return nil, &Error{KeysUnavailable, "the keys to check the token are not available now", missing}
		}
		return nil, refuse(KeyUnknown, "the token is signed with a key that is not known here")
	})
	if err == nil {
		return c, false, nil
	}
	if errors.As(err, &refused) {
		return nil, again, refused
	}
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, again, refuse(Malformed, "the token can't be decoded")
	case asked:
		return nil, again, refuse(BadSignature, "the token's signature is wrong")
	}
	return nil, false, refuse(Malformed, "the token's algorithm is not %s, %s or %s", HS256, EdDSA, RS256)
}

// header checks a token's header and returns its key's id.
func header(t *jwt.Token, want *types) (kid string, err error) {
	if _, ok := t.Header["crit"]; ok {
		return "", refuse(Malformed, "the token's header has extensions that are not understood")
	}
	if typ, ok := t.Header["typ"]; ok || want.needed {
		s, _ := typ.(string)
		if !slices.Contains(want.names, strings.TrimPrefix(strings.ToLower(s), "application/")) {
			return "", refuse(Malformed, "%s", want.wrong)
		}
	}
	if k, ok := t.Header["kid"]; ok {
		if kid, ok = k.(string); !ok || len(kid) > maxKeyID {
			return "", refuse(Malformed, "the token's kid is no text, or too long")
		}
	}
	return kid, nil
}

// timely checks who a genuine token is from and for, and when.
func (v *Verifier) timely(c *claims) *Error {
	err := v.rules.Validate(c)
	if v.cfg.MaxAge > 0 {
		if c.IssuedAt == nil {
			return refuse(Malformed, "the token does not say when it was made (iat)")
		}
		if age := v.now().Sub(c.IssuedAt.Time); age > v.cfg.MaxAge+v.cfg.Leeway {
			err = errors.Join(err, jwt.ErrTokenExpired)
		}
	}
	// Of several reasons the one that a new token would not mend comes first.
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return refuse(WrongIssuer, "the token is from another issuer than this server trusts")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refuse(WrongAudience, "the token is for another audience than this server")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return refuse(Malformed, "the token lacks a claim that is needed: %s", v.lacks(c))
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuse(Expired, "the token has expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse(NotYetValid, "the token is not valid yet")
	}
	return refuse(Malformed, "the token's claims are not as they should be")
}

// lacks names the claims that must be there and are not.
func (v *Verifier) lacks(c *claims) string {
	var names []string
	if c.ExpiresAt == nil && !v.cfg.AllowNoExpiry {
		names = append(names, "exp")
	}
	if c.Issuer == "" && v.cfg.Issuer != "" {
		names = append(names, "iss")
	}
	if len(v.cfg.Audience) > 0 && (len(c.Audience) == 0 || len(c.Audience) == 1 && c.Audience[0] == "") {
		names = append(names, "aud")
	}
	return strings.Join(names, ", ")
}
