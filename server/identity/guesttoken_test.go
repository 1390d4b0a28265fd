package identity

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestGuestTokens(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	secret, other := bytes.Repeat([]byte{1}, MinSecret), bytes.Repeat([]byte{2}, MinSecret)
	newGuests := func(secrets ...[]byte) *Guests {
		g, err := NewGuests(clock, secrets...)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	a, b, c := newGuests(secret), newGuests(other, secret), newGuests(other)
	guest, err := NewGuest("Kim")
	if err != nil {
		t.Fatal(err)
	}
	token, minted, err := a.Mint(guest)
	if err != nil || minted.Player != guest.Player || !minted.Expires.Equal(now.Add(GuestTTL)) {
		t.Fatalf("%v, %v", minted, err)
	}
	if !a.Is(token) || a.Is("eyJhbGciOiJIUzI1NiJ9.e30.x") {
		t.Error("tokens of guests are not told from others")
	}
	// All servers that know the secret agree.
	for _, g := range []*Guests{a, b} {
		id, err := g.Verify(token)
		if err != nil || id.Player != guest.Player || !id.Guest || id.Roles != Player || !id.Expires.Equal(minted.Expires) {
			t.Errorf("%+v, %v", id, err)
		}
	}
	if _, err := c.Verify(token); ClassOf(err) != KeyUnknown {
		t.Errorf("of another secret: %v", err)
	}
	if _, err := newGuests().Verify(token); ClassOf(err) != KeyUnknown {
		t.Errorf("of another process: %v", err)
	}
	// No bit of it can be changed.
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(token), guestTokenPrefix))
	for i := range raw {
		for bit := range 8 {
			x := bytes.Clone(raw)
			x[i] ^= 1 << bit
			if id, err := a.Verify(Token(guestTokenPrefix + base64.RawURLEncoding.EncodeToString(x))); ClassOf(err) != KeyUnknown {
				t.Fatalf("byte %d, bit %d: %+v, %v", i, bit, id, err)
			}
		}
	}
	for _, bad := range []Token{"", "x", guestTokenPrefix, token + "\n", token + "=", token[:len(token)-1], Token(guestTokenPrefix + strings.Repeat("A", 1<<20))} {
		if _, err := a.Verify(bad); ClassOf(err) == 0 {
			t.Errorf("%.40q is taken", string(bad))
		}
	}
	now = minted.Expires
	if _, err := a.Verify(token); ClassOf(err) != Expired {
		t.Errorf("after its end: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(s, string(secret)) || strings.Contains(s, "[1 1") {
		t.Errorf("keys are printed: %s", s)
	}
	if _, err := NewGuests(nil, []byte("short")); err == nil {
		t.Error("a short secret is taken")
	}
	if _, _, err := a.Mint(Identity{Player: "kim", Roles: Player}); err == nil {
		t.Error("a token for somebody who is no guest")
	}
}
