package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// counts is a Counter.
type counts struct {
	mu      sync.Mutex
	refused map[string]int
	renewed map[string]int
}

func (c *counts) TokenRefused(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[why]++
}

func (c *counts) TokenRenewed(result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewed[result]++
}

const secret = "0123456789abcdefghijABCDEFGHIJ-+"

// open returns an authenticator that knows a secret, and the key to sign with it.
func open(t *testing.T, guests string) (*Authenticator, *identity.SigningKey, *counts) {
	t.Helper()
	cfg := config.Default()
	cfg.Identity.Guests, cfg.Identity.Secret = guests, secret
	c := &counts{refused: map[string]int{}, renewed: map[string]int{}}
	a, err := New(cfg, [][]byte{[]byte(secret)}, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := identity.ReadSigningKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return a, key, c
}

func mint(t *testing.T, key *identity.SigningKey, g identity.Grant) identity.Token {
	t.Helper()
	if g.TTL == 0 {
		g.TTL = time.Hour
	}
	token, err := key.Mint(g)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestWhatIsToldOfARefusedToken(t *testing.T) {
	t.Parallel()
	a, key, counted := open(t, config.GuestsOff)
	for _, c := range []struct {
		token identity.Token
		code  int
		why   string
	}{
		{"", closecode.Unauthenticated, "token_missing"},
		{"guest.AAAA", closecode.Unauthenticated, "token_missing"},
		{"nonsense", closecode.Unauthenticated, "token_malformed"},
		{mint(t, key, identity.Grant{Player: "ann", Now: time.Now().Add(-2 * time.Hour)}), closecode.TokenExpired, "token_expired"},
		{mint(t, key, identity.Grant{Player: "ann", NotBefore: time.Now().Add(time.Minute)}), closecode.Unauthenticated, "token_not_yet_valid"},
	} {
		_, err := a.Identify(t.Context(), c.token, "")
		if r := Refused(err); r.Code != c.code || r.Why != c.why || r.Reason == "" || strings.Contains(r.Reason, string(c.token)) && c.token != "" {
			t.Errorf("%q: %+v, want %d %s", string(c.token), r, c.code, c.why)
		}
	}
	if counted.refused["missing"] != 2 || counted.refused["expired"] != 1 {
		t.Errorf("counted: %v", counted.refused)
	}
	cause := errors.New("no route to host")
	r := Refused(&identity.Error{Class: identity.KeysUnavailable, Reason: "later", Cause: cause})
	if r.Code != closecode.TryLater || !errors.Is(r, cause) || r.Reason != "later" {
		t.Errorf("keys that can't be fetched: %+v", r)
	}
	if r := Refused(cause); r.Code != closecode.ServerFault || r.Level != slog.LevelError {
		t.Errorf("a failure of the server: %+v", r)
	}
}

func TestGuestsStayTheSame(t *testing.T) {
	t.Parallel()
	a, _, _ := open(t, config.GuestsOn)
	gus, err := a.Identify(t.Context(), "", "Gus")
	if err != nil || !gus.Guest || gus.Name != "Gus" {
		t.Fatalf("%+v, %v", gus, err)
	}
	token, _, err := a.GuestToken(gus)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := a.Identify(t.Context(), token, "Gus"); err != nil || again.Player != gus.Player {
		t.Errorf("%+v, %v", again, err)
	}
	if other, err := a.Identify(t.Context(), "", "Gus"); err != nil || other.Player == gus.Player {
		t.Errorf("%+v, %v", other, err)
	}
	if n, age := a.Keys(); n != 1 || age != 0 {
		t.Errorf("%d keys, read %v ago; it was given", n, age)
	}
}

// callers returns what identifies callers of an authenticator, and those whom it refuses.
func callers(a *Authenticator, wait time.Duration, err error) (*Callers, *[]refusal.Refusal) {
	var refused []refusal.Refusal
	return &Callers{
		Authenticator: a,
		NewGuest:      func(string, http.Header) (time.Duration, error) { return wait, err },
		Refused:       func(r *refusal.Refusal, _ string, _ http.Header) { refused = append(refused, *r) },
	}, &refused
}

func TestCallers(t *testing.T) {
	t.Parallel()
	a, key, _ := open(t, config.GuestsOn)
	kept := connect.NewError(connect.CodePermissionDenied, errors.New("banned"))
	bearer := func(token identity.Token) http.Header {
		return http.Header{"Authorization": {"Bearer " + string(token)}}
	}
	expired := mint(t, key, identity.Grant{Player: "ann", Now: time.Now().Add(-2 * time.Hour)})
	for name, c := range map[string]struct {
		h      http.Header
		wait   time.Duration // for new guests
		kept   error
		player string // "new": a new guest
		code   connect.Code
		why    string
		retry  string
	}{
		"a player":           {h: bearer(mint(t, key, identity.Grant{Player: "ann"})), wait: time.Hour, player: "ann"},
		"a guest":            {player: "new"},
		"one guest too many": {wait: 1500 * time.Millisecond, code: connect.CodeResourceExhausted, why: "guest_rate", retry: "2"},
		"somebody banned":    {kept: kept, code: connect.CodePermissionDenied},
		"no bearer":          {h: http.Header{"Authorization": {"Basic YTpi"}}, code: connect.CodeUnauthenticated, why: "token_malformed"},
		"nothing to bear":    {h: http.Header{"Authorization": {"Bearer  "}}, code: connect.CodeUnauthenticated, why: "token_malformed"},
		"an expired token":   {h: bearer(expired), code: connect.CodeUnauthenticated, why: "token_expired"},
	} {
		cs, refused := callers(a, c.wait, c.kept)
		who, err := cs.Authenticate(t.Context(), c.h, "192.0.2.1:1")
		switch {
		case c.player == "new" && (err != nil || !who.Guest || who.GuestToken == ""):
			t.Errorf("%s: %+v, %v", name, who, err)
		case c.player == "ann" && (err != nil || who.Player != "ann" || who.GuestToken != "" || !who.CanPlay || who.CanReport):
			t.Errorf("%s: %+v, %v", name, who, err)
		case c.player != "":
			continue
		}
		ce := (*connect.Error)(nil)
		if !errors.As(err, &ce) || ce.Code() != c.code || ce.Meta().Get("Retry-After") != c.retry {
			t.Errorf("%s: %v, want %v", name, err, c.code)
		}
		if c.why == "" && len(*refused) == 0 {
			continue // told by whoever has kept it out
		}
		if len(*refused) != 1 || (*refused)[0].Why != c.why || (*refused)[0].Code != 0 {
			t.Errorf("%s: told of %+v", name, *refused)
		}
	}
}

// TestRenewals checks tokens of a session, until too many wait.
func TestRenewals(t *testing.T) {
	t.Parallel()
	a, key, counted := open(t, config.GuestsOff)
	r := NewRenewals(a)
	session := identity.Identity{Player: "ann", Expires: time.Now().Add(time.Minute)}
	got := make(chan error, 2)
	done := func(_ identity.Identity, err error) { got <- err }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	if !r.Renew(mint(t, key, identity.Grant{Player: "ann"}), session, done) {
		t.Fatal("nobody waits, yet there is no place")
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	r.Renew(mint(t, key, identity.Grant{Player: "eve"}), session, done)
	if err := <-got; identity.ClassOf(err) != identity.OtherPlayer {
		t.Errorf("another player's token: %v", err)
	}
	cancel()
	<-ended
	for range maxRenewals {
		if !r.Renew("", session, done) {
			t.Fatal("there is no place")
		}
	}
	if r.Renew("", session, done) {
		t.Error("too many are taken")
	}
	if counted.renewed["renewed"] != 1 || counted.renewed["other_player"] != 1 || counted.renewed["busy"] != 1 {
		t.Errorf("counted: %v", counted.renewed)
	}
}
