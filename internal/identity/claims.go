package identity

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxRoles   = 256          // words of the claim that are looked at
	maxTokenID = 128          // bytes
	maxDate    = 253402300799 // the last second of the year 9999
)

var errClaims = errors.New("identity: claims of wrong types")

// claims are what is in a token. Names count exactly as they are written: Go's own
// reading of JSON into structs takes "SUB" for "sub" too.
type claims struct {
	jwt.RegisteredClaims
	named map[string]json.RawMessage
}

// UnmarshalJSON reads the claims, strictly. Its errors hold nothing of them.
func (c *claims) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &c.named); err != nil {
		return errClaims
	}
	ok := c.text("iss", &c.Issuer) && c.text("sub", &c.Subject) && c.text("jti", &c.ID) &&
		c.date("exp", &c.ExpiresAt) && c.date("nbf", &c.NotBefore) && c.date("iat", &c.IssuedAt) && c.list("aud", (*[]string)(&c.Audience))
	if !ok {
		return errClaims
	}
	return nil
}

// text reads a string; a claim that is absent or null leaves it empty.
func (c *claims) text(name string, into *string) bool {
	raw, ok := c.named[name]
	return !ok || json.Unmarshal(raw, into) == nil
}

// list reads a string or a list of strings.
func (c *claims) list(name string, into *[]string) bool {
	raw, ok := c.named[name]
	if !ok || string(raw) == "null" {
		return true
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*into = []string{one}
		return true
	}
	return json.Unmarshal(raw, into) == nil
}

// date reads seconds since 1970, which may have a fraction.
func (c *claims) date(name string, into **jwt.NumericDate) bool {
	raw, ok := c.named[name]
	if !ok || string(raw) == "null" {
		return true
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil || !(n >= 0 && n <= maxDate) {
		return false
	}
	s := int64(n)
	*into = &jwt.NumericDate{Time: time.Unix(s, int64((n-float64(s))*1e9))}
	return true
}

// identity makes the identity that the claims describe.
func (c *claims) identity(cfg *Config) (Identity, *Error) {
	id := Identity{Player: c.Subject, Grace: cfg.Leeway + cfg.Grace, TokenID: c.ID}
	if err := CheckPlayer(id.Player); err != nil {
		return Identity{}, refuse(Refused, "the token can't be used: %v", err)
	}
	if strings.HasPrefix(strings.ToLower(id.Player), GuestPrefix) {
		return Identity{}, refuse(Refused, "the token can't be used: ids that begin with %s are guests'", GuestPrefix)
	}
	if !c.text(cfg.NameClaim, &id.Name) {
		return Identity{}, refuse(Malformed, "the token's name is no text")
	}
	if !utf8.ValidString(id.Name) || strings.ContainsFunc(id.Name, unicode.IsControl) {
		return Identity{}, refuse(Refused, "the token can't be used: the name in it has control characters, or is not UTF-8")
	}
	id.Name = cleanName(id.Name)
	if len(id.TokenID) > maxTokenID {
		return Identity{}, refuse(Refused, "the token can't be used: its id is longer than %d bytes", maxTokenID)
	}

	if raw, ok := c.named[cfg.RolesClaim]; !ok || string(raw) == "null" {
		id.Roles = Player
	} else {
		var words []string
		if !c.list(cfg.RolesClaim, &words) {
			return Identity{}, refuse(Malformed, "the token's roles are neither a list of words nor words in one text")
		}
		if len(words) == 1 {
			words = strings.Fields(words[0])
		}
		for _, w := range words[:min(len(words), maxRoles)] {
			r, _ := ParseRole(w)
			id.Roles |= r
		}
		if id.Roles == 0 {
			return Identity{}, refuse(Refused, "the token grants no role; the roles are %s", strings.Join(RoleNames(), ", "))
		}
	}

	var shows []string
	if !c.list("shows", &shows) {
		return Identity{}, refuse(Malformed, "the token's shows are neither a list of names nor names in one text")
	}
	if raw, ok := c.named["shows"]; ok && string(raw) != "null" {
		id.Shows = " " + strings.Join(strings.Fields(strings.Join(shows[:min(len(shows), maxRoles)], " ")), " ") + " "
	}

	if c.IssuedAt != nil {
		id.Issued = c.IssuedAt.Time
	}
	if c.ExpiresAt != nil {
		id.Expires = c.ExpiresAt.Time
	}
	if cfg.MaxAge > 0 {
		if end := id.Issued.Add(cfg.MaxAge); id.Expires.IsZero() || end.Before(id.Expires) {
			id.Expires = end
		}
	}
	return id, nil
}
