package server_test

import (
	"testing"
	"time"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/config"
)

// A client that stops reading for 20 s' worth of ticks (400, here at 100 a
// second) must get at most 20 snapshots that are stale when it comes back, must
// not be closed for it, and nobody else may notice. Then its state is exact.
func TestAStalledClientGetsFewStaleSnapshots(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			srv := start(t, func(c *config.Config) {
				c.Transport = transport
				c.AckWindow = 10 // as at 20 ticks a second
				c.KindOptions["walkers"] = map[string]string{"players": "8", "rate": "100", "npcs": "60"}
			})
			stalled, honest := join(t, srv, nil), join(t, srv, nil)
			for range 5 {
				stalled.input(&walkersv1.WalkerInput{Direction: 1})
				stalled.frame()
			}
			before := honest.rep.Tick()
			last, gaps := time.Now(), 0
			for honest.rep.Tick() < before+400 {
				honest.input(&walkersv1.WalkerInput{Direction: 2})
				honest.frame()
				if now := time.Now(); now.Sub(last) > 500*time.Millisecond {
					gaps++
					last = now
				} else {
					last = now
				}
			}
			if gaps > 0 {
				t.Logf("the honest client waited over half a second %d times: this machine is busy", gaps)
			}
			// The stalled client reads on. Whatever was sent before it acknowledges
			// again is stale.
			now, stale := honest.rep.Tick(), 0
			for stalled.rep.Tick() < now {
				stalled.frame()
				if stalled.rep.Tick() < now-1 {
					stale++
				}
				stalled.input(&walkersv1.WalkerInput{Direction: 1})
			}
			t.Logf("%d stale snapshots", stale)
			if stale > 20 {
				t.Errorf("%d stale snapshots after a stall of 400 ticks, want at most 20", stale)
			}
		})
	}
}
