package claim_test

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/server/internal/claimtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) past(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	claimtest.Suite(t, func(*testing.T) claimtest.Store {
		c := &clock{at: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
		m := claim.NewMemory(c.now)
		return claimtest.Store{A: m, B: m, Past: c.past, Lose: func() { c.past(100 * 24 * time.Hour) }}
	})
}
