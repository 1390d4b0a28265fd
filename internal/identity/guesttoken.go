package identity

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

const (
	guestTokenPrefix = "guest." // no JSON Web Token begins so
	guestIDBytes     = 16
	guestRawBytes    = 8 + guestIDBytes + sha256.Size
	// GuestTokenTTL is how long a guest is the same guest.
	GuestTokenTTL = 7 * 24 * time.Hour
)

// Guests makes and checks the tokens with which a guest stays the same guest: from
// the call of the matchmaker to the room, and when the page is loaded again. A guest's
// token vouches for nothing but that its holder is whom the id was made for. It may be
// used from any goroutine, and does not print.
//
// A token is "guest." and, in base64url without padding, the time at which it expires
// (milliseconds since 1970, 8 bytes, big-endian), the guest's id (16 bytes), and the
// HMAC-SHA256 of both. The key is derived from a secret that all nodes share (HKDF,
// RFC 5869), for this purpose alone.
type Guests struct {
	keys [][]byte // the first makes tokens, all are good for checking
	now  func() time.Time
}

// NewGuests makes one from secrets of 32 random bytes or more, the newest first. now
// may be nil.
func NewGuests(now func() time.Time, secrets ...[]byte) (*Guests, error) {
	if now == nil {
		now = time.Now
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("identity: a secret for guests' tokens is missing")
	}
	g := &Guests{now: now}
	for _, s := range secrets {
		k, err := hkdf.Key(sha256.New, s, nil, "tickroom guest 1", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
		g.keys = append(g.keys, k)
	}
	return g, nil
}

// String returns a text without the keys.
func (g *Guests) String() string { return fmt.Sprintf("(%d guest keys)", len(g.keys)) }

// GoString returns a text without the keys.
func (g *Guests) GoString() string { return g.String() }

// IsGuestToken reports whether a token means to be a guest's.
func IsGuestToken(t Token) bool { return strings.HasPrefix(string(t), guestTokenPrefix) }

// Token makes the token of a guest that NewGuest has made, and returns when it expires.
func (g *Guests) Token(guest Identity) (Token, time.Time, error) {
	id, err := hex.DecodeString(strings.TrimPrefix(guest.Player, GuestPrefix))
	if err != nil || !guest.Guest || len(id) != guestIDBytes {
		return "", time.Time{}, fmt.Errorf("identity: %q is no guest", guest.Player)
	}
	expires := g.now().Add(GuestTokenTTL)
	b := binary.BigEndian.AppendUint64(nil, uint64(expires.UnixMilli()))
	b = append(b, id...)
	b = mac(g.keys[0], b, b)
	return Token(guestTokenPrefix + base64.RawURLEncoding.EncodeToString(b)), expires, nil
}

// Verify returns the guest whose token it is, with the name that it wants. Whether
// guests are allowed is Config.AllowGuests' to say. The error is an *Error. A session
// of a guest does not end when the token expires.
func (g *Guests) Verify(t Token, name string) (Identity, error) {
	name, err := CheckName(name)
	if err != nil {
		return Identity{}, refuse(Refused, "%v", err)
	}
	text, ok := strings.CutPrefix(string(t), guestTokenPrefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(guestRawBytes) {
		return Identity{}, refuse(Malformed, "the guest's token can't be read")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != guestRawBytes {
		return Identity{}, refuse(Malformed, "the guest's token can't be read")
	}
	said, sum := b[:guestRawBytes-sha256.Size], b[guestRawBytes-sha256.Size:]
	genuine := false
	for _, k := range g.keys {
		genuine = genuine || hmac.Equal(mac(k, said, nil), sum)
	}
	if !genuine {
		return Identity{}, refuse(KeyUnknown, "the guest's token is not of this server; come back without it")
	}
	if ms := binary.BigEndian.Uint64(said); g.now().UnixMilli() >= int64(ms&(1<<63-1)) {
		return Identity{}, refuse(Expired, "the guest's token has expired; come back without it")
	}
	return Identity{Player: GuestPrefix + hex.EncodeToString(said[8:]), Name: name, Roles: Player, Guest: true}, nil
}

// mac appends the MAC of b to dst.
func mac(key, b, dst []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(dst)
}
