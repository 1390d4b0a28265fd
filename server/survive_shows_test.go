package server_test

import (
	"log/slog"
	"testing"

	"github.com/tickroom/tickroom/netcode/client"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku"
	"github.com/tickroom/tickroom/world/quiz"
)

// Houses of shows go on when their server is started again, those who are in them come back, and the show is
// made anew.
func TestHousesSurvive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		schema *schema.Schema
		kinds  []world.Kind
	}{
		{"danmaku", danmakuv1.Schema, []world.Kind{danmaku.Kind(danmaku.Outside{}), danmaku.ShowKind()}},
		{"quiz", quizv1.Schema, []world.Kind{quiz.Kind(), quiz.ShowKind(nil)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, logs := t.TempDir(), &logged{}
			addr := "127.0.0.1:0"
			run := func() (stop func()) {
				srv, stop := prepared(t, []server.Option{server.WithLogger(slog.New(slog.NewTextHandler(logs, nil)))}, func(cfg *config.Config) {
					cfg.Listen, cfg.Journal.Rooms = addr, dir
				}, c.kinds...)
				addr = srv.Addr().String()
				return stop
			}
			stop := run()
			m := &mortal{t: t, addr: addr}
			cr := m.join(3, client.Config{Kind: c.name, Schema: c.schema, HashEvery: 1}, func(int, *client.Client) {})
			cr.playOn(8)
			room := cr.all[0].Welcome().GetRoom()
			drain(cr.live)
			stop()
			stop = run()
			defer stop()
			cr.back()
			cr.playOn(8)
			for i, c := range cr.all {
				if w := c.Welcome(); w.GetRoom() != room || !w.GetResumed() {
					t.Errorf("client %d is in %s, resumed: %v\n%s", i, w.GetRoom(), w.GetResumed(), logs.said())
				}
			}
		})
	}
}
