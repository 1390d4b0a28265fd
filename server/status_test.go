package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/status"
)

// TestStatusOfAServer asks a real server, before and after somebody has joined.
func TestStatusOfAServer(t *testing.T) {
	t.Parallel()
	srv := start(t, nil)
	if s := getStatus(t, srv); s.Rooms != 0 || s.Players != 0 || len(s.Kinds) != 1 || s.Kinds[0].Kind != "walkers" || len(s.Open) != 0 {
		t.Errorf("an empty server: %+v", s)
	}
	p := join(t, srv, nil)
	// The answer changes once a second.
	for {
		p.frame()
		p.input(&walkersv1.WalkerInput{}) // acknowledges, so that there are more
		s := getStatus(t, srv)
		if s.Players == 0 || s.Rates.MessagesOut == 0 {
			continue
		}
		if s.Rooms != 1 || len(s.Open) != 1 || s.Open[0].ID != p.welc.GetRoom() || s.Open[0].Capacity != s.Kinds[0].Capacity {
			t.Errorf("with a player: %+v", s)
		}
		break
	}
}

func getStatus(t *testing.T, srv *server.Server) status.Status {
	t.Helper()
	resp := askStatus(t, srv)
	defer resp.Body.Close()
	var s status.Status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return s
}

func askStatus(t *testing.T, srv *server.Server) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+srv.Addr().String()+server.StatusPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // so that no connection outlives the test
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestStatusOff(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.Status = false })
	resp := askStatus(t, srv)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s", resp.Status)
	}
}
