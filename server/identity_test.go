package server_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
)

// accounts is a game's account service: it signs tokens.
type accounts struct {
	t   *testing.T
	key *identity.SigningKey
	pub string // the file with its public key
}

func newAccounts(t *testing.T) *accounts {
	t.Helper()
	key, err := identity.NewSigningKey(identity.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.Write(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return &accounts{t, key, pub}
}

func (a *accounts) config(c *config.Config) {
	c.Identity.KeyFiles, c.Identity.Guests, c.Identity.Leeway = []string{a.pub}, "off", 0
}

func (a *accounts) mint(g identity.Grant) string {
	a.t.Helper()
	if g.TTL == 0 {
		g.TTL = time.Hour
	}
	token, err := a.key.Mint(g)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(token)
}

func (a *accounts) of(player string) string { return a.mint(identity.Grant{Player: player}) }

// refused says hello and wants to be closed with a code.
func refused(t *testing.T, srv *server.Server, h *tickroomv1.Hello, code tickroomv1.CloseCode, says string) {
	t.Helper()
	ws := dial(t, srv)
	if h.Kind == "" && h.GetSeat() == "" {
		h.Kind = "walkers"
	}
	h.Version = 1
	send(t, ws, &tickroomv1.ClientFrame{Hello: h})
	if got, reason := closedWith(t, ws); got != int(code) || !strings.Contains(reason, says) {
		t.Errorf("closed with %d %q; want %s with %q", got, reason, code, says)
	}
}

const (
	unauthenticated = tickroomv1.CloseCode_CLOSE_CODE_UNAUTHENTICATED
	tokenExpired    = tickroomv1.CloseCode_CLOSE_CODE_TOKEN_EXPIRED
	forbidden       = tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN
	bannedCode      = tickroomv1.CloseCode_CLOSE_CODE_BANNED
	sessionGone     = tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE
	takenOver       = tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER
	alreadyThere    = tickroomv1.CloseCode_CLOSE_CODE_ALREADY_THERE
	tooMany         = tickroomv1.CloseCode_CLOSE_CODE_TOO_MANY
	rateLimited     = tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED
)

func TestATokenSaysWhoAPlayerIs(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, a.config)
	until := time.Now().Add(time.Hour)
	p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Name: "liar", Token: a.mint(identity.Grant{Player: "ann", Name: "Ann", Roles: identity.Player | identity.Moderator})})
	if w := p.welc; w.GetPlayerId() != "ann" || time.UnixMicro(w.GetExpiresUs()).Sub(until).Abs() > 5*time.Second {
		t.Errorf("welcome: %v", w)
	}
	list := get(t, srv, "/players")
	for _, want := range []string{`"id": "ann"`, `"name": "Ann"`, `"moderator"`, `"address": "127.0.0.1"`, `"room": "` + p.welc.GetRoom() + `"`} {
		if !strings.Contains(list, want) {
			t.Errorf("/players lacks %s: %s", want, list)
		}
	}
	if one := get(t, srv, "/rooms/"+p.welc.GetRoom()+"/players"); !strings.Contains(one, `"id": "ann"`) {
		t.Errorf("of the room: %s", one)
	}
}

// forge makes tokens that no account service has made.
func forge(header, claims string, sign func(text string) []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(header)) + "." + b64([]byte(claims))
	return text + "." + b64(sign(text))
}

func TestTokensThatAreNotGoodAreRefused(t *testing.T) {
	t.Parallel()
	a, other := newAccounts(t), newAccounts(t)
	bans := limits.NewMemoryBans(10, nil)
	if err := bans.Add(t.Context(), limits.Ban{Player: "banned"}); err != nil {
		t.Fatal(err)
	}
	srv := startWith(t, []server.Option{server.WithBans(bans)}, func(c *config.Config) {
		a.config(c)
		c.Identity.Issuer, c.Identity.Audience = "accounts", []string{"game"}
	})
	ours := func(g identity.Grant) identity.Grant {
		g.Issuer, g.Audience = "accounts", []string{"game"}
		if g.Player == "" {
			g.Player = "ann"
		}
		return g
	}
	honest := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.mint(ours(identity.Grant{}))})
	honest.input(&walkersv1.WalkerInput{})

	good := a.mint(ours(identity.Grant{}))
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	exp := time.Now().Add(time.Hour).Unix()
	claims := fmt.Sprintf(`{"sub":"ann","iss":"accounts","aud":"game","exp":%d,"roles":["admin"]}`, exp)
	pem, err := os.ReadFile(a.pub)
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) []byte { return nil }
	// With the public key as the secret: what a verifier that believes the header takes.
	confused := func(text string) []byte {
		m := hmac.New(sha256.New, pem)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	for name, c := range map[string]struct {
		token string
		code  tickroomv1.CloseCode
		says  string
	}{
		"none":                    {"", unauthenticated, "a token is needed"},
		"garbage":                 {"garbage", unauthenticated, "not a JSON Web Token"},
		"too long":                {strings.Repeat("a", 5000), unauthenticated, "bytes"},
		"another key":             {other.mint(ours(identity.Grant{})), unauthenticated, ""},
		"claims changed":          {parts[0] + "." + b64([]byte(claims)) + "." + parts[2], unauthenticated, "signature"},
		"signature cut":           {parts[0] + "." + parts[1] + ".", unauthenticated, ""},
		"alg none":                {forge(`{"alg":"none"}`, claims, none), unauthenticated, "algorithm"},
		"alg NONE":                {forge(`{"alg":"NonE"}`, claims, none), unauthenticated, "algorithm"},
		"public key as a secret":  {forge(`{"alg":"HS256"}`, claims, confused), unauthenticated, ""},
		"expired":                 {a.mint(ours(identity.Grant{Now: time.Now().Add(-2 * time.Hour)})), tokenExpired, "expired"},
		"not valid yet":           {a.mint(ours(identity.Grant{NotBefore: time.Now().Add(time.Minute)})), unauthenticated, "not valid yet"},
		"wrong issuer":            {a.mint(identity.Grant{Player: "ann", Issuer: "elsewhere", Audience: []string{"game"}}), unauthenticated, "issuer"},
		"wrong audience":          {a.mint(identity.Grant{Player: "ann", Issuer: "accounts", Audience: []string{"shop"}}), unauthenticated, "audience"},
		"a guest's id":            {forge(`{"alg":"EdDSA"}`, `{"sub":"guest:1"}`, none), unauthenticated, ""},
		"a guest's token":         {"guest.AAAA", unauthenticated, "guests may not play"},
		"forged, said to be late": {other.mint(ours(identity.Grant{Now: time.Now().Add(-2 * time.Hour)})), unauthenticated, ""},
		"forged, of the banned":   {other.mint(ours(identity.Grant{Player: "banned"})), unauthenticated, ""},
		"of the banned":           {a.mint(ours(identity.Grant{Player: "banned"})), bannedCode, "banned"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, srv, &tickroomv1.Hello{Token: c.token}, c.code, c.says)
		})
	}
	// Nobody has come into the player's session by that.
	seq := honest.input(&walkersv1.WalkerInput{})
	honest.applied(seq)
	if m := get(t, srv, "/metrics"); !strings.Contains(m, `tickroom_tokens_refused_total{reason="expired"} 1`) || !strings.Contains(m, `tickroom_denied_total{reason="banned_player"} 1`) {
		t.Error("the metrics do not tell of refused tokens")
	}
}

func TestWhoMayOnlyWatchDoesNotPlay(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	kind := walkers.Kind()
	srv := start(t, a.config, kind)
	token := a.mint(identity.Grant{Player: "eve", Roles: identity.Spectator})
	refused(t, srv, &tickroomv1.Hello{Token: token}, forbidden, "watch")
	if kind.Spectators {
		if p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: token, Spectate: true}); !p.welc.GetSpectator() {
			t.Errorf("welcome: %v", p.welc)
		}
	}
}

func TestGuestsPlayWhereTheyMay(t *testing.T) {
	t.Parallel()
	srv := start(t, nil)
	p, q := join(t, srv, nil), join(t, srv, nil)
	if id := p.welc.GetPlayerId(); !strings.HasPrefix(id, identity.GuestPrefix) || id == q.welc.GetPlayerId() || p.welc.GetExpiresUs() != 0 {
		t.Errorf("welcomes: %v and %v", p.welc, q.welc)
	}
	refused(t, srv, &tickroomv1.Hello{Token: newAccounts(t).of("ann")}, unauthenticated, "key")

	// One with a token of its own stays the same.
	guest, err := srv.Identify(t.Context(), "", "Gus")
	if err != nil {
		t.Fatal(err)
	}
	token, err := srv.GuestToken(guest)
	if err != nil {
		t.Fatal(err)
	}
	if g := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: string(token)}); g.welc.GetPlayerId() != guest.Player {
		t.Errorf("welcome: %v, of %s", g.welc, guest.Player)
	}
}

func TestAServerForWhichNobodyHasATokenDoesNotStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*config.Config)
		says   string // empty: it starts
	}{
		"loopback":         {func(*config.Config) {}, ""},
		"all addresses":    {func(c *config.Config) { c.Listen = ":0" }, `":0" can be reached from other machines`},
		"behind a proxy":   {func(c *config.Config) { c.Access.TrustedProxies = []string{"127.0.0.1"} }, "a proxy is trusted"},
		"no guests":        {func(c *config.Config) { c.Identity.Guests = "off" }, "identity.guests is off"},
		"guests all over":  {func(c *config.Config) { c.Listen, c.Identity.Guests = ":0", "on" }, ""},
		"a secret":         {func(c *config.Config) { c.Listen, c.Identity.Secret = ":0", "0123456789abcdefghijABCDEFGHIJ-+" }, ""},
		"key that is gone": {func(c *config.Config) { c.Identity.KeyFiles = []string{"/nowhere/key.pub"} }, "/nowhere/key.pub"},
		"no seat secret":   {func(c *config.Config) { c.Seats.SecretFiles = []string{"/nowhere/seats"} }, "seats.secret_files"},
	} {
		cfg := config.Default()
		cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
		c.change(cfg)
		srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says == "":
			ended, end := context.WithCancel(t.Context())
			end()
			if err := srv.Run(ended); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestASessionBelongsToItsPlayer(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, func(c *config.Config) { a.config(c); c.Identity.Guests = "on" })
	p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")})
	p.input(&walkersv1.WalkerInput{})
	stolen := func(token string) *tickroomv1.Hello {
		h := p.resumption().GetHello()
		h.Token = token
		return h
	}
	refused(t, srv, stolen(a.of("eve")), sessionGone, "")
	refused(t, srv, stolen(""), sessionGone, "") // as if there were none
	refused(t, srv, stolen("nonsense"), unauthenticated, "")
	refused(t, srv, stolen(a.mint(identity.Grant{Player: "ann", Now: time.Now().Add(-2 * time.Hour)})), tokenExpired, "")

	guest := join(t, srv, nil)
	guest.input(&walkersv1.WalkerInput{})
	h := guest.resumption().GetHello()
	h.Token = a.of("eve")
	refused(t, srv, h, sessionGone, "")
	guest.cut()
	guest.resume(srv) // by its own token alone

	old := p.ws
	p.ws = dial(t, srv)
	h = p.resumption().GetHello()
	h.Token = a.of("ann") // a newer one
	send(t, p.ws, &tickroomv1.ClientFrame{Hello: h})
	for p.welc = nil; p.welc == nil; {
		p.frame()
	}
	if !p.welc.GetResumed() {
		t.Errorf("welcome: %v", p.welc)
	}
	wantClosed(t, old, takenOver)
}

func TestASecondDeviceTakesOverOrIsRefused(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	hello := func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")} }

	srv := start(t, func(c *config.Config) { a.config(c); c.MaxConnections, c.MaxPending = 1, 1 })
	first := join(t, srv, hello())
	for range 5 {
		first.input(&walkersv1.WalkerInput{Direction: 1})
	}
	first.applied(first.seq)
	second := join(t, srv, hello())
	if w := second.welc; w.GetRoom() != first.welc.GetRoom() || w.GetPlayer() != first.welc.GetPlayer() || w.GetResumed() || w.GetSession() == first.welc.GetSession() {
		t.Errorf("second: %v, first: %v", w, first.welc)
	}
	wantClosed(t, first.ws, takenOver)
	// Its numbers begin anew, and it has the whole state.
	seq := second.input(&walkersv1.WalkerInput{Direction: 2})
	if seq != 1 {
		t.Fatal(seq)
	}
	second.applied(seq)
	// What the first one had is good no more.
	h := first.resumption().GetHello()
	h.Token = a.of("ann")
	refused(t, srv, h, sessionGone, "")

	// It comes back into a session that is held, also with nothing but its identity.
	second.cut()
	until(t, "the session is held", func() bool { return strings.Contains(get(t, srv, "/players"), `"away": true`) })
	third := join(t, srv, hello())
	if third.welc.GetPlayer() != first.welc.GetPlayer() {
		t.Errorf("third: %v", third.welc)
	}
	third.input(&walkersv1.WalkerInput{})

	strict := start(t, func(c *config.Config) { a.config(c); c.SecondDevice = "refuse" })
	first = join(t, strict, hello())
	first.input(&walkersv1.WalkerInput{})
	refused(t, strict, hello(), alreadyThere, "in the room already")
	seq = first.input(&walkersv1.WalkerInput{})
	first.applied(seq)
	first.cut()
	until(t, "the session is held", func() bool { return strings.Contains(get(t, strict, "/players"), `"away": true`) })
	if again := join(t, strict, hello()); again.welc.GetPlayer() != first.welc.GetPlayer() {
		t.Errorf("again: %v", again.welc)
	}
}

// auth waits for an Auth that ok takes.
func (p *player) auth(ok func(*tickroomv1.Auth) bool) *tickroomv1.Auth {
	p.t.Helper()
	for {
		if f := p.frame(); f.Auth != nil && ok(f.Auth) {
			return f.Auth
		}
		send(p.t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick()})
	}
}

func TestATokenIsRenewedInARunningSession(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			a := newAccounts(t)
			srv := start(t, func(c *config.Config) { a.config(c); c.Transport, c.Identity.Grace = transport, 4*time.Second })
			p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.mint(identity.Grant{Player: "ann", TTL: 4 * time.Second})})
			if w := p.auth(func(a *tickroomv1.Auth) bool { return a.GetRenew() }); w.GetExpiresUs() != p.welc.GetExpiresUs() || w.GetError() != "" {
				t.Errorf("the reminder: %v", w)
			}
			refusal := func(token, says string) {
				t.Helper()
				send(t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick(), Token: token})
				w := p.auth(func(a *tickroomv1.Auth) bool { return !a.GetRenew() })
				if !strings.Contains(w.GetError(), says) || w.GetError() == "" || w.GetExpiresUs() != p.welc.GetExpiresUs() {
					t.Errorf("a bad token: %v", w)
				}
			}
			refusal(a.of("eve"), "another player's")
			refusal(newAccounts(t).of("ann"), "")
			send(t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick(), Token: a.of("ann")})
			w := p.auth(func(a *tickroomv1.Auth) bool { return !a.GetRenew() })
			if w.GetError() != "" || w.GetExpiresUs() < p.welc.GetExpiresUs()+60e6 {
				t.Errorf("renewed: %v", w)
			}
			// The first token's time, and the grace, go by.
			for time.Now().Before(time.UnixMicro(p.welc.GetExpiresUs()).Add(4500 * time.Millisecond)) {
				p.frame()
				send(t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick()})
			}
			if m := get(t, srv, "/metrics"); !strings.Contains(m, `tickroom_token_renewals_total{result="renewed"} 1`) || !strings.Contains(m, `tickroom_token_renewals_total{result="other_player"} 1`) {
				t.Error("the metrics do not tell of renewals")
			}
		})
	}
}

func TestASessionWhoseTokenExpiresIsClosedAndItsSeatKept(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, func(c *config.Config) { a.config(c); c.Identity.Grace = time.Second })
	p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.mint(identity.Grant{Player: "ann", TTL: 4 * time.Second})})
	expires := time.UnixMicro(p.welc.GetExpiresUs())
	p.input(&walkersv1.WalkerInput{})
	code, reason := closedWith(t, p.ws)
	if code != int(tokenExpired) || !strings.Contains(reason, "expired") {
		t.Errorf("closed with %d %q", code, reason)
	}
	if late := time.Since(expires); late < time.Second {
		t.Errorf("closed %v after the token expired; the grace is 1 s", late)
	}
	h := p.resumption().GetHello()
	h.Token = a.mint(identity.Grant{Player: "ann", Now: time.Now().Add(-time.Minute), TTL: time.Second})
	refused(t, srv, h, tokenExpired, "")
	h.Token = a.of("ann")
	p.ws = dial(t, srv)
	send(t, p.ws, &tickroomv1.ClientFrame{Hello: h})
	was := p.welc.GetPlayer()
	for p.welc = nil; p.welc == nil; {
		p.frame()
	}
	if !p.welc.GetResumed() || p.welc.GetPlayer() != was {
		t.Errorf("welcome: %v", p.welc)
	}
}

func TestAFloodOfTokensOrBytesEndsTheConnection(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	for _, transport := range []string{"auto", "gws"} {
		srv := start(t, func(c *config.Config) {
			a.config(c)
			c.Transport, c.Limits.Bytes, c.Limits.ByteBurst = transport, 2000, 20_000
		})
		p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")})
		for range 20 {
			_ = p.ws.Write(t.Context(), websocket.MessageBinary, append([]byte{8<<3 | 2, 3}, "bad"...))
		}
		if code, reason := closedWith(t, p.ws); code != int(rateLimited) || !strings.Contains(reason, "tokens") {
			t.Errorf("closed with %d %q", code, reason)
		}
		p = join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.of("bob")})
		// Few messages, and long ones, of fields that mean nothing.
		long := append([]byte{100<<3&0x7f | 2 | 0x80, 6, 0x80 | 5000&0x7f, 5000 >> 7}, make([]byte, 5000)...)
		for range 20 {
			if p.ws.Write(t.Context(), websocket.MessageBinary, long) != nil {
				break
			}
		}
		if code, reason := closedWith(t, p.ws); code != int(rateLimited) || !strings.Contains(reason, "bytes") {
			t.Errorf("closed with %d %q", code, reason)
		}
		for _, reason := range []string{"tokens", "bytes"} {
			until(t, "the metrics tell of too many "+reason, func() bool {
				return strings.Contains(get(t, srv, "/metrics"), fmt.Sprintf(`tickroom_limited_total{kind="walkers",reason=%q} 1`, reason))
			})
		}
	}
}

func TestAPlayerTakesNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	one, two := walkers.Kind(), walkers.Kind()
	two.Name = "others"
	srv := start(t, func(c *config.Config) {
		a.config(c)
		c.Access.ConnectionsPerPlayer, c.Access.RoomsPerPlayer, c.Access.Exempt = 2, 1, nil
	}, one, two)
	p := join(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")})
	p.input(&walkersv1.WalkerInput{})
	refused(t, srv, &tickroomv1.Hello{Kind: "others", Token: a.of("ann")}, tooMany, "rooms")
	other := join(t, srv, &tickroomv1.Hello{Kind: "others", Token: a.of("bob")})
	second := join(t, srv, &tickroomv1.Hello{Kind: "others", Token: a.of("ann")})
	if second.welc.GetRoom() != other.welc.GetRoom() {
		t.Error("not the room that is there")
	}
	refused(t, srv, &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")}, tooMany, "connections")
	p.cut()
	until(t, "there is a place again", func() bool {
		ws := dial(t, srv)
		send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers", Token: a.of("ann")}})
		_, _, err := ws.Read(t.Context())
		return err == nil
	})
	m := get(t, srv, "/metrics")
	for _, reason := range []string{"player_rooms", "player_connections"} {
		if !strings.Contains(m, fmt.Sprintf(`tickroom_denied_total{reason=%q}`, reason)) {
			t.Errorf("the metrics do not tell of %s", reason)
		}
	}
}

func TestWhoIsKickedMayComeAgain(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, a.config)
	hello := func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Token: a.of("ann")} }
	ann := join(t, srv, hello())
	ann.input(&walkersv1.WalkerInput{})
	if code, body := post(t, srv, "POST", "/players/ann/kick?reason=spam"); code != 200 || !strings.Contains(body, ann.welc.GetRoom()) {
		t.Errorf("kick: %d %s", code, body)
	}
	if code, reason := closedWith(t, ann.ws); code != 4011 || reason != "spam" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if code, body := post(t, srv, "POST", "/players/ann/kick"); code != 404 {
		t.Errorf("kick of who is not there: %d %s", code, body)
	}
	h := ann.resumption().GetHello()
	h.Token = a.of("ann")
	refused(t, srv, h, sessionGone, "")
	join(t, srv, hello())
}

func TestWhoIsBannedIsPutOutAndKeptOut(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	bans := limits.NewMemoryBans(10, nil)
	srv := startWith(t, []server.Option{server.WithBans(bans)}, a.config)
	hello := func(player string) *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Token: a.of(player)} }
	ann, bob := join(t, srv, hello("ann")), join(t, srv, hello("bob"))
	ann.input(&walkersv1.WalkerInput{})
	bob.input(&walkersv1.WalkerInput{})
	bob.cut()
	until(t, "bob's session is held", func() bool { return strings.Contains(get(t, srv, "/players"), `"away": true`) })
	for _, who := range []string{"ann", "bob"} {
		if code, body := post(t, srv, "POST", "/bans?player="+who+"&for=1h&reason=cheating&by=test"); code != 200 || !strings.Contains(body, `"subject": "player:`+who) {
			t.Errorf("ban: %d %s", code, body)
		}
	}
	if code, reason := closedWith(t, ann.ws); code != int(bannedCode) || !strings.Contains(reason, "cheating") {
		t.Errorf("closed with %d %q", code, reason)
	}
	for _, p := range []*player{ann, bob} {
		h := p.resumption().GetHello()
		h.Token = a.of(p.welc.GetPlayerId())
		refused(t, srv, h, bannedCode, "cheating")
		refused(t, srv, hello(p.welc.GetPlayerId()), bannedCode, "until")
	}
	until(t, "the sessions have ended", func() bool { return strings.Contains(get(t, srv, "/players"), `"count": 0`) })
	if list := get(t, srv, "/bans"); !strings.Contains(list, `"by": "test"`) || !strings.Contains(list, `"count": 2`) {
		t.Errorf("bans: %s", list)
	}
	if code, _ := post(t, srv, "DELETE", "/bans?player=ann"); code != 200 {
		t.Errorf("end of the ban: %d", code)
	}
	ann = join(t, srv, hello("ann"))
	ann.input(&walkersv1.WalkerInput{})

	// An address, by whoever else keeps the bans.
	if err := bans.Add(t.Context(), limits.Ban{Prefix: netip.MustParsePrefix("127.0.0.0/8"), Reason: "all of you"}); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, ann.ws, bannedCode)
	if ws, resp := knock(t, srv, nil); ws != nil || resp.StatusCode != 403 {
		t.Error("a banned address was let in")
	}
}
