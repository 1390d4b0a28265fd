package audience_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/internal/audience"
	"github.com/tickroom/tickroom/internal/kinds"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// The server brings along ants, which starts goroutines for good.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// live runs a server of the live rooms, with options of kinds, until the test ends.
func live(t *testing.T, options map[string]map[string]string) string {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.KindOptions = "127.0.0.1:0", "", options
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range kinds.All() {
		if err := srv.Register(e.Kind); err != nil {
			t.Fatal(err)
		}
	}
	servertest.Run(t, srv)
	return "http://" + srv.Addr().String()
}

func play(t *testing.T, cfg bots.Config) bots.Report {
	t.Helper()
	cfg.Slow, cfg.Cut, cfg.HashEvery = 0.02, 0.02, 5
	cfg.StallMin, cfg.StallMax, cfg.CutMin, cfg.CutMax = 100*time.Millisecond, 500*time.Millisecond, 50*time.Millisecond, 300*time.Millisecond
	rep, err := bots.Run(t.Context(), cfg)
	var b strings.Builder
	_ = rep.Summary(&b)
	t.Log(b.String())
	if err != nil {
		t.Error(err)
	}
	return rep
}

// TestViewers: some hundred viewers write more than their tiers have room for.
func TestViewers(t *testing.T) {
	t.Parallel()
	v := &audience.Viewers{Comments: 150, Same: 0.05}
	play(t, bots.Config{
		Server: live(t, nil), Kind: "danmaku", Kinds: map[string]bots.Behaviour{"danmaku": v.Behaviour()},
		Clients: 300, Ramp: 1000, Duration: 3 * time.Second,
		Require: []string{
			"comments_sent > 100", "comments_shown > 50", "comment_ms.count > 100", "own_echo_ms.count > 50", "over_tier == 0", "rooms == 1",
			"shown_per_client_s_by_tier.3 > 10", "dropped.busy == 0",
		},
	})
}

// TestContestants: some hundred contestants, of whom some are cut off, play a whole show, and each
// of their ranks is the one that was worked out here.
func TestContestants(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"points", "elimination"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			const n = 200
			file := filepath.Join(t.TempDir(), "show.yaml")
			if err := os.WriteFile(file, []byte(audience.Script(mode, n, 2, time.Second, time.Second)), 0o600); err != nil {
				t.Fatal(err)
			}
			q := &audience.Contestants{Skill: 0.8, Every: 2}
			play(t, bots.Config{
				Server: live(t, map[string]map[string]string{"quiz-show": {"file": file}}), Kind: "quiz", Kinds: map[string]bots.Behaviour{"quiz": q.Behaviour()},
				Clients: n, Ramp: 1000, Duration: time.Minute,
				Require: []string{
					"questions == 2", fmt.Sprintf("answers_sent > %d", n), fmt.Sprintf("ranks_checked > %d", n), "rank_errors == 0", "ranks_missing == 0",
					"answers_lost == 0", "answers_doubled == 0", "count_errors == 0", "reveal_spread_ms.count > 200", "answers_again > 0",
				},
			})
		})
	}
}
