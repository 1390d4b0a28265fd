package identity

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func newGuests(t *testing.T, now func() time.Time, secrets ...string) *Guests {
	t.Helper()
	var list [][]byte
	for _, s := range secrets {
		list = append(list, bytes.Repeat([]byte(s), 32))
	}
	g, err := NewGuests(now, list...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAGuestStaysTheSameGuest(t *testing.T) {
	t.Parallel()
	now := time.Now()
	clock := func() time.Time { return now }
	g := newGuests(t, clock, "a")
	guest, err := NewGuest("Ann")
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := g.Token(guest)
	if err != nil {
		t.Fatal(err)
	}
	if !IsGuestToken(token) || strings.Contains(fmt.Sprint(token, g), string(token)[10:]) {
		t.Errorf("the token prints: %v %v", token, g)
	}
	if got, err := g.Verify(token, "Bea"); err != nil || got.Player != guest.Player || got.Name != "Bea" || !got.Guest || got.Roles != Player {
		t.Errorf("%+v, %v", got, err)
	}
	// Another node, whose newest secret is another one.
	if got, err := newGuests(t, clock, "b", "a").Verify(token, ""); err != nil || got.Player != guest.Player {
		t.Errorf("%+v, %v", got, err)
	}

	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(token), guestTokenPrefix))
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		if _, err := g.Verify(Token(guestTokenPrefix+base64.RawURLEncoding.EncodeToString(changed)), ""); ClassOf(err) != KeyUnknown {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for name, c := range map[string]struct {
		g     *Guests
		token Token
		name  string
		want  Class
	}{
		"another secret": {newGuests(t, clock, "b"), token, "", KeyUnknown},
		"cut":            {g, token[:len(token)-1], "", Malformed},
		"longer":         {g, token + "A", "", Malformed},
		"empty":          {g, guestTokenPrefix, "", Malformed},
		"another kind":   {g, "a.b.c", "", Malformed},
		"bad name":       {g, token, "a\nb", Refused},
	} {
		if _, err := c.g.Verify(c.token, c.name); ClassOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := g.Token(Identity{Player: "ann"}); err == nil {
		t.Error("a token for somebody who is no guest")
	}
	now = now.Add(GuestTokenTTL)
	if _, err := g.Verify(token, ""); ClassOf(err) != Expired {
		t.Errorf("after its time: %v", err)
	}
}
