package audience

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/bots"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

const (
	// retryPause is how long a backend waits before it posts again what was not taken.
	retryPause = 100 * time.Millisecond
	// giftLimit is how long a gift may take from the backend to a viewer until it counts as
	// lost, at the end of a session.
	giftLimit = 5 * time.Second
)

// gifts knows which gifts were posted and who has seen them.
type gifts struct {
	witnesses []*witness // fixed before the first gift
	at        stamps     // when gifts were posted first, by their number from 1

	mu sync.Mutex
	// Guarded by mu.
	posted   []gift
	whole    int // of the first ones it is known that all have seen them
	retries  int
	unposted int // that no service has taken
}

// gift is one that was posted, by its number from 0.
type gift struct {
	at    time.Duration
	taken bool // the service has said that it has it
}

// witness is a viewer that looks for each gift.
type witness struct {
	mu sync.Mutex
	// Guarded by mu.
	seen   []uint8 // how often, by the gift's number
	spans  []span
	lostAt time.Duration // 0: it is connected
}

// span is a time in which a witness was in a house that was in touch with its show; to 0: it
// still is.
type span struct{ from, to time.Duration }

func (g *gifts) witness() *witness {
	w := &witness{}
	g.witnesses = append(g.witnesses, w)
	return w
}

// begin begins a session's span.
func (w *witness) begin(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(now)
	w.spans = append(w.spans, span{from: now})
}

// end ends the last span, if it has not. The caller holds mu.
func (w *witness) end(now time.Duration) {
	if n := len(w.spans); n > 0 && w.spans[n-1].to == 0 {
		if w.lostAt != 0 {
			now = w.lostAt
		}
		w.spans[n-1].to = now
	}
	w.lostAt = 0
}

func (w *witness) lost(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lostAt == 0 {
		w.lostAt = now
	}
}

// back notes that the witness is back in its session, in which it has missed nothing, or
// something.
func (w *witness) back(whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !whole {
		from := w.lostAt
		w.end(from)
		w.spans = append(w.spans, span{from: from + giftLimit})
	}
	w.lostAt = 0
}

// expects reports whether a witness must have seen what was posted at a time. The caller
// holds mu.
func (w *witness) expects(at time.Duration) bool {
	for _, s := range w.spans {
		to := s.to
		if to == 0 {
			to = w.lostAt
		}
		if at > s.from && (to == 0 || at+giftLimit < to) {
			return true
		}
	}
	return false
}

// saw notes that a witness has seen a gift, and returns when it was posted; 0: it is none of
// ours, or was seen before.
func (g *gifts) saw(w *witness, n int) time.Duration {
	at := g.at.get(uint32(n + 1))
	if at == 0 {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.seen) <= n {
		w.seen = append(w.seen, 0)
	}
	if w.seen[n] < 255 {
		w.seen[n]++
	}
	if w.seen[n] > 1 {
		return 0
	}
	return at
}

// settled reports whether all that was posted has been seen by all who must have.
func (g *gifts) settled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for ; g.whole < len(g.posted); g.whole++ {
		if lost, _ := g.fate(g.whole); lost {
			return false
		}
	}
	return true
}

// count returns how many gifts were taken and not seen by everybody who must have seen them,
// or by nobody at all, and how many were seen twice by somebody.
func (g *gifts) count() (lost, doubled int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := range g.posted {
		missing, twice := g.fate(n)
		if missing {
			lost++
		}
		if twice {
			doubled++
		}
	}
	return lost, doubled
}

// fate returns what has become of a gift. The caller holds mu.
func (g *gifts) fate(n int) (lost, doubled bool) {
	if !g.posted[n].taken {
		return false, false
	}
	missing, found := false, false
	for _, w := range g.witnesses {
		k, expected := w.saw(n, g.posted[n].at)
		found = found || k > 0
		doubled = doubled || k > 1
		missing = missing || k == 0 && expected
	}
	return missing || !found, doubled
}

// saw returns how often a witness has seen a gift that was posted at a time, and whether it must have.
func (w *witness) saw(n int, at time.Duration) (times uint8, expected bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < len(w.seen) {
		times = w.seen[n]
	}
	return times, w.expects(at)
}

func (g *gifts) figures() []bots.Figure {
	lost, doubled := g.count()
	g.mu.Lock()
	defer g.mu.Unlock()
	sent := 0
	for _, p := range g.posted {
		if p.taken {
			sent++
		}
	}
	return []bots.Figure{
		{Name: "gifts_sent", Text: "gifts that the service has taken", Value: float64(sent)},
		{Name: "gifts_lost", Text: "gifts that a viewer should have seen and did not", Value: float64(lost)},
		{Name: "gifts_doubled", Text: "gifts that a viewer saw twice", Value: float64(doubled)},
		{Name: "gifts_retried", Text: "posts that failed and were made again, with the same key", Value: float64(g.retries)},
		{Name: "gifts_unposted", Text: "gifts that the service never took", Value: float64(g.unposted)},
		{Name: "gift_witnesses", Text: "viewers who looked for each gift", Value: float64(len(g.witnesses))},
	}
}

// giftNumber returns the number in a gift's id.
func giftNumber(id string) (int, bool) {
	text, ok := strings.CutPrefix(id, "bot-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}

// give posts gifts, in their time, until the context ends.
func (c *viewers) give(ctx context.Context) {
	began := c.setup.Now()
	for n := 0; ; n++ {
		due := began + time.Duration(float64(n)/c.Gifts*float64(time.Second))
		if wait := due - c.setup.Now(); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return
		}
		c.giveOne(ctx, n)
	}
}

// giveOne posts a gift until it is taken, as a backend does: whatever the answer, the key
// makes it one.
func (c *viewers) giveOne(ctx context.Context, n int) {
	g := &c.ledger
	g.mu.Lock()
	now := c.setup.Now()
	g.posted = append(g.posted, gift{at: now})
	g.mu.Unlock()
	g.at.put(uint32(n+1), now)
	m := &danmakuv1.Gift{
		PlayerId: fmt.Sprint("giver-", n%97), Name: fmt.Sprint("giver ", n%97), Gift: fmt.Sprint("bot-", n), Title: "Rose", Count: 1, Value: uint64(1 + n%10),
	}
	// When the run is over what has been begun is still brought to an end.
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(settleLimit, cancel) })
	defer stop()
	for {
		err := c.post.post(limit, "gifts/danmaku/"+c.show, "tickroom.danmaku.v1.Gift", m, fmt.Sprintf("bots-%d-%d", c.setup.Seed, n))
		g.mu.Lock()
		if err == nil {
			g.posted[n].taken = true
			g.mu.Unlock()
			return
		}
		if limit.Err() != nil {
			g.unposted++
			g.mu.Unlock()
			return
		}
		g.retries++
		first := g.retries == 1
		g.mu.Unlock()
		if first {
			c.setup.Logger.Warn("a gift could not be posted; further ones are only counted", "error", err)
		}
		select {
		case <-time.After(retryPause):
		case <-limit.Done():
		}
	}
}
