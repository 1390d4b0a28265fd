package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// fakePlayers is a Players made of a list.
type fakePlayers struct {
	list   []PlayerInfo
	kicked []string
	err    error
}

func (f *fakePlayers) Players(_ context.Context, room string) ([]PlayerInfo, error) {
	var out []PlayerInfo
	for _, p := range f.list {
		if room == "" || p.Room == room {
			out = append(out, p)
		}
	}
	if room != "" && out == nil {
		return nil, ErrNoRoom
	}
	return out, f.err
}

func (f *fakePlayers) Kick(_ context.Context, player, reason string) (rooms []string, err error) {
	for _, p := range f.list {
		if p.ID == player {
			rooms = append(rooms, p.Room)
		}
	}
	if rooms == nil {
		return nil, fmt.Errorf("kick: %w", ErrNoPlayer)
	}
	f.kicked = append(f.kicked, player+": "+reason)
	return rooms, f.err
}

// desk is an admin address with players, bans and a log.
type desk struct {
	http.Handler
	players *fakePlayers
	bans    limits.Bans
	log     *bytes.Buffer
}

func newDesk() *desk {
	d := &desk{log: &bytes.Buffer{}, bans: limits.NewMemoryBans(3, nil), players: &fakePlayers{list: []PlayerInfo{
		{ID: "ann", Name: "<b>Ann</b>", Room: "b", Number: 2, Address: "192.0.2.1"},
		{ID: "a/b", Room: "b", Number: 1},
		{ID: "ann", Room: "a", Number: 7, Away: true},
	}}}
	d.Handler = Handler(Config{Players: d.players, Bans: d.bans, Logger: slog.New(slog.NewTextHandler(d.log, nil))})
	return d
}

// exchange is a request with what the answer must be and have.
type exchange struct {
	method, path string
	code         int
	body         string
}

func (d *desk) ask(t *testing.T, list ...exchange) {
	t.Helper()
	for _, x := range list {
		if code, body := ask(d, x.method, x.path); code != x.code || !strings.Contains(body, x.body) {
			t.Errorf("%s %s: %d %s", x.method, x.path, code, body)
		}
	}
}

func (d *desk) logs(t *testing.T, what ...string) {
	t.Helper()
	for _, w := range what {
		if !strings.Contains(d.log.String(), w) {
			t.Errorf("the log does not tell that %s", w)
		}
	}
}

func TestPlayers(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.ask(t,
		exchange{"GET", "/players", 200, `"count": 3`},
		exchange{"GET", "/players?limit=1", 200, `"room": "a"`},
		exchange{"GET", "/players?limit=many", 400, "whole number"},
		exchange{"GET", "/players?room=b", 200, `"count": 2`},
		exchange{"GET", "/rooms/b/players", 200, `"address": "192.0.2.1"`},
		exchange{"GET", "/rooms/c/players", 404, "there is no room"},
		exchange{"GET", "/players/ann", 200, `"count": 2`},
		exchange{"GET", "/players/bob", 404, `player \"bob\" is in no room`},
		exchange{"POST", "/players/ann/kick", 200, `"kicked": "ann"`},
		exchange{"POST", "/players/a%2Fb/kick?reason=spam", 200, `"kicked": "a/b"`},
		exchange{"POST", "/players/bob/kick", 404, "is in no room"},
		exchange{"POST", "/players/ann/kick?reason=" + strings.Repeat("x", 124), 400, "124 bytes; at most 123"},
		exchange{"POST", "/players/ann/kick?reason=caf%e9", 400, "not UTF-8"},
		exchange{"POST", "/players/ann/kick?reason=cut%e2%82", 400, "not UTF-8"},
		exchange{"POST", "/players/ann/kick?reason=two%0alines", 400, "control characters"},
		exchange{"GET", "/players/ann/kick", 405, ""},
	)
	if got := strings.Join(d.players.kicked, ", "); got != "ann: removed by the operator, a/b: spam" {
		t.Errorf("kicked: %s", got)
	}
	d.logs(t, "a player is kicked by the operator")
	d.players.err = errors.New("the room is stuck")
	d.ask(t, exchange{"POST", "/players/ann/kick", 500, "stuck"})
}

func TestBans(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.ask(t,
		exchange{"GET", "/bans", 200, `"bans": []`},
		exchange{"POST", "/bans?player=ann&for=24h&reason=cheating&by=joe", 200, `"subject": "player:ann"`},
		exchange{"POST", "/bans?address=192.0.2.77/24", 200, `"until": null`},
		exchange{"POST", "/bans?address=2001:db8::1&for=30m", 200, `"address": "2001:db8::/64"`},
		exchange{"POST", "/bans?player=cem", 507, "too many bans"},
		exchange{"POST", "/bans", 400, "who?"},
		exchange{"POST", "/bans?player=ann&address=192.0.2.1", 400, "one of them"},
		exchange{"POST", "/bans?address=player:ann", 400, "is a player"},
		exchange{"POST", "/bans?address=here", 400, "is no network"},
		exchange{"POST", "/bans?address=0.0.0.0/0", 400, "too wide"},
		exchange{"POST", "/bans?player=ann&for=soon", 400, "24h"},
		exchange{"POST", "/bans?player=ann&for=-1h", 400, "24h"},
		exchange{"POST", "/bans?player=ann&reason=" + strings.Repeat("x", 91), 400, "reason"},
		exchange{"GET", "/bans", 200, `"count": 3`},
		exchange{"DELETE", "/bans?address=192.0.2.0/24", 200, `"ended": "192.0.2.0/24"`},
		exchange{"DELETE", "/bans?address=192.0.2.0/24", 404, "is not banned"},
		exchange{"DELETE", "/bans?subject=player:ann", 200, `"ended": "player:ann"`},
	)
	d.ask(t, // the same text unbans; with a length it is exact
		exchange{"DELETE", "/bans?address=2001:db8::1/128", 404, "2001:db8::1/128 is not banned"},
		exchange{"DELETE", "/bans?address=2001:db8::1", 200, `"ended": "2001:db8::/64"`},
		exchange{"POST", "/bans?subject=2001:db8::1", 200, "write it with /128"},
		exchange{"POST", "/bans?address=2001:db8::9/128", 200, `"subject": "2001:db8::9/128"`},
		exchange{"DELETE", "/bans?address=2001:db8::9/128", 200, "ended"},
		exchange{"POST", "/bans?address=::ffff:192.0.2.9", 200, `"subject": "192.0.2.9/32"`},
		exchange{"DELETE", "/bans?address=192.0.2.9", 200, "ended"},
		exchange{"POST", "/bans?address=2001:db8::1&for=30m", 200, "note"},
	)
	d.logs(t, "banned by the operator", "a ban is ended by the operator")
	if list, err := d.bans.List(t.Context()); err != nil || len(list) != 1 || time.Until(list[0].Until) > 30*time.Minute {
		t.Errorf("%v, %v", list, err)
	}

	// As a form, too.
	r := httptest.NewRequest("POST", "/bans", strings.NewReader("player=dan&for=1h"))
	r.Host = "127.0.0.1:7778"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	if d.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("a form: %d %s", w.Code, w.Body)
	}
}

func TestPagesOfOthersChangeNothing(t *testing.T) {
	t.Parallel()
	d := newDesk()
	for _, path := range []string{"/bans?player=eve", "/players/ann/kick"} {
		if code, _ := ask(d, "POST", path, "Origin", "https://evil.example"); code != 403 {
			t.Errorf("%s from another page: %d", path, code)
		}
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	empty := Handler(Config{})
	for path, want := range map[string]int{"/players": 200, "/bans": 200, "/players/ann": 404} {
		if code, body := ask(empty, "GET", path); code != want {
			t.Errorf("%s of nobody: %d %s", path, code, body)
		}
	}
	if code, _ := ask(empty, "POST", "/bans?player=ann"); code != 501 {
		t.Errorf("a ban that nobody keeps: %d", code)
	}
}
