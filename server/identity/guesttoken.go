package identity

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// GuestTTL is how long a guest keeps its id.
const GuestTTL = 24 * time.Hour

// guestTokenPrefix begins the tokens of guests. No token of an account service does:
// a JSON Web Token begins with an encoded brace.
const guestTokenPrefix = "tickroom-guest."

// Guests makes and reads the tokens by which guests keep their id from one call to
// the next: that of a player who was given a seat and now comes with it. A guest is
// nobody whom an account service vouches for, so its token is of the servers' own
// making: an HMAC, of a key that all of them derive from the secret for seats. It may
// be used from any goroutine, and does not print.
type Guests struct {
	keys [][]byte // the first makes tokens
	now  func() time.Time
}

// NewGuests takes the secrets that the servers share, each of MinSecret bytes or more;
// the first makes tokens, all are good for checking. Without any, tokens are good in
// this process alone. now may be nil.
func NewGuests(now func() time.Time, secrets ...[]byte) (*Guests, error) {
	if now == nil {
		now = time.Now
	}
	if len(secrets) == 0 {
		b := make([]byte, MinSecret)
		_, _ = rand.Read(b) // it ends the program rather than fail
		secrets = [][]byte{b}
	}
	g := &Guests{now: now}
	for i, s := range secrets {
		if len(s) < MinSecret {
			return nil, fmt.Errorf("identity: secret %d has %d bytes; it needs %d or more", i+1, len(s), MinSecret)
		}
		k, err := hkdf.Key(sha256.New, s, nil, "tickroom guest 1", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
		g.keys = append(g.keys, k)
	}
	return g, nil
}

// String says nothing of the keys.
func (g *Guests) String() string { return fmt.Sprintf("(%d guest keys)", len(g.keys)) }

// GoString says nothing of the keys.
func (g *Guests) GoString() string { return g.String() }

// Mint makes a token for a guest, and the guest's identity with its end.
func (g *Guests) Mint(guest Identity) (Token, Identity, error) {
	if !guest.Guest || !strings.HasPrefix(guest.Player, GuestPrefix) {
		return "", Identity{}, fmt.Errorf("identity: %s is no guest", guest.Player)
	}
	guest.Expires = g.now().Add(GuestTTL).Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(guest.Expires.Unix()))
	b = append(b, guest.Player[len(GuestPrefix):]...)
	b = guestMAC(b, b, g.keys[0])
	return Token(guestTokenPrefix + base64.RawURLEncoding.EncodeToString(b)), guest, nil
}

// Is tells whether a token is meant to be a guest's.
func (g *Guests) Is(token Token) bool { return strings.HasPrefix(string(token), guestTokenPrefix) }

// Verify tells who the token's holder is: a guest without a name. The error is an
// *Error.
func (g *Guests) Verify(token Token) (Identity, error) {
	text, ok := strings.CutPrefix(string(token), guestTokenPrefix)
	if !ok || len(text) > 2*MaxPlayer || strings.ContainsAny(text, "\r\n") {
		return Identity{}, refuse(Malformed, "it is no guest's token")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	const least = 8 + 1 + sha256.Size
	if err != nil || len(b) < least {
		return Identity{}, refuse(Malformed, "the guest's token can't be read")
	}
	body, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	genuine := false
	for _, k := range g.keys {
		genuine = genuine || hmac.Equal(guestMAC(nil, body, k), mac)
	}
	if !genuine {
		// Servers that share no secret make other keys each time they start.
		return Identity{}, refuse(KeyUnknown, "the guest's token is not of this server; come without one")
	}
	id := Identity{Player: GuestPrefix + string(body[8:]), Roles: Player, Guest: true, Expires: time.Unix(int64(binary.BigEndian.Uint64(body)), 0)}
	if !g.now().Before(id.Expires) {
		return Identity{}, refuse(Expired, "the guest's token has expired; come without one")
	}
	return id, nil
}

func guestMAC(dst, body, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(guestTokenPrefix))
	h.Write(bytes.Clone(body)) // dst and body may be the same
	return h.Sum(dst)
}
