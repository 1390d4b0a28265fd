package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

func TestPlayersAndBans(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	players := &fakePlayers{list: []PlayerInfo{
		{ID: "ann", Name: "<b>Ann</b>", Room: "b", Number: 2, Address: "192.0.2.1"},
		{ID: "a/b", Room: "b", Number: 1},
		{ID: "ann", Room: "a", Number: 7, Away: true},
	}}
	bans := limits.NewMemoryBans(3, nil)
	h := Handler(Config{Players: players, Bans: bans, Logger: slog.New(slog.NewTextHandler(log, nil))})
	for _, tt := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/players", 200, `"count": 3`},
		{"GET", "/players?limit=1", 200, `"room": "a"`},
		{"GET", "/players?limit=many", 400, "whole number"},
		{"GET", "/players?room=b", 200, `"count": 2`},
		{"GET", "/rooms/b/players", 200, `"address": "192.0.2.1"`},
		{"GET", "/rooms/c/players", 404, "there is no room"},
		{"GET", "/players/ann", 200, `"count": 2`},
		{"GET", "/players/bob", 404, `player \"bob\" is in no room`},
		{"POST", "/players/ann/kick", 200, `"kicked": "ann"`},
		{"POST", "/players/a%2Fb/kick?reason=spam", 200, `"kicked": "a/b"`},
		{"POST", "/players/bob/kick", 404, "is in no room"},
		{"POST", "/players/ann/kick?reason=" + strings.Repeat("x", 124), 400, "at most 123"},
		{"GET", "/players/ann/kick", 405, ""},

		{"GET", "/bans", 200, `"bans": []`},
		{"POST", "/bans?player=ann&for=24h&reason=cheating&by=joe", 200, `"subject": "player:ann"`},
		{"POST", "/bans?address=192.0.2.77/24", 200, `"until": null`},
		{"POST", "/bans?address=2001:db8::1&for=30m", 200, `"address": "2001:db8::1/128"`},
		{"POST", "/bans?player=cem", 507, "too many bans"},
		{"POST", "/bans", 400, "who?"},
		{"POST", "/bans?player=ann&address=192.0.2.1", 400, "one of them"},
		{"POST", "/bans?address=player:ann", 400, "is a player"},
		{"POST", "/bans?address=here", 400, "is no network"},
		{"POST", "/bans?address=0.0.0.0/0", 400, "too wide"},
		{"POST", "/bans?player=ann&for=soon", 400, "24h"},
		{"POST", "/bans?player=ann&for=-1h", 400, "24h"},
		{"POST", "/bans?player=ann&reason=" + strings.Repeat("x", 91), 400, "reason"},
		{"GET", "/bans", 200, `"count": 3`},
		{"DELETE", "/bans?address=192.0.2.0/24", 200, `"ended": "192.0.2.0/24"`},
		{"DELETE", "/bans?address=192.0.2.0/24", 404, "is not banned"},
		{"DELETE", "/bans?subject=player:ann", 200, `"ended": "player:ann"`},
	} {
		if code, body := ask(h, tt.method, tt.path); code != tt.code || !strings.Contains(body, tt.body) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, code, body)
		}
	}
	if got := strings.Join(players.kicked, ", "); got != "ann: removed by the operator, a/b: spam" {
		t.Errorf("kicked: %s", got)
	}
	for _, what := range []string{"a player is kicked by the operator", "banned by the operator", "a ban is ended by the operator"} {
		if !strings.Contains(log.String(), what) {
			t.Errorf("the log does not tell that %s", what)
		}
	}
	if list, err := bans.List(t.Context()); err != nil || len(list) != 1 || time.Until(list[0].Until) > 30*time.Minute {
		t.Errorf("%v, %v", list, err)
	}

	// As a form, and not for pages of others.
	r := httptest.NewRequest("POST", "/bans", strings.NewReader("player=dan&for=1h"))
	r.Host = "127.0.0.1:7778"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("a form: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/bans?player=eve", "/players/ann/kick"} {
		if code, _ := ask(h, "POST", path, "Origin", "https://evil.example"); code != 403 {
			t.Errorf("%s from another page: %d", path, code)
		}
	}
	players.err = errors.New("the room is stuck")
	if code, body := ask(h, "POST", "/players/ann/kick"); code != 500 || !strings.Contains(body, "stuck") {
		t.Errorf("%d %s", code, body)
	}
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
