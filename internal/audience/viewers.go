package audience

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/netcode/client"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

const (
	// maxWatchers is how many viewers look at each comment, and time it.
	maxWatchers = 500
	// settleLimit is how long what has been sent may take to come when nothing more is sent.
	settleLimit = 15 * time.Second
	// spanSeconds is over how long a viewer's comments are counted, to see that they are
	// within its tier.
	spanSeconds = 5
)

// Viewers is how the viewers of a live stream behave.
type Viewers struct {
	// Comments is how many they write per second, all together.
	Comments float64
	// Same is the share of comments whose text others write as well.
	Same float64
	// Gifts is how many gifts a backend posts per second.
	Gifts float64
	// Backend is where it posts them.
	Backend Backend
}

// Behaviour returns how bots are such viewers.
func (v *Viewers) Behaviour() bots.Behaviour {
	return bots.Behaviour{
		Schema: danmakuv1.Schema, Flags: v.flags, Alike: true,
		NewCrew: func(s bots.Setup) (bots.Crew, error) { return newViewers(*v, s) },
	}
}

func (v *Viewers) flags(f *pflag.FlagSet) {
	f.Float64Var(&v.Comments, "comments", 10, "danmaku: comments per second, of all viewers together")
	f.Float64Var(&v.Same, "same", 0.05, "danmaku: `share` of comments that say what others say")
	f.Float64Var(&v.Gifts, "gifts", 0, "danmaku: gifts per second that a backend posts")
	v.Backend.flags(f)
}

// viewers is the crew of one run.
type viewers struct {
	Viewers
	setup  bots.Setup
	post   *poster // nil: there is no backend
	show   string
	places []place // of all viewers, each for the loop of its bot

	playing atomic.Bool // comments are to be written
	sent    atomic.Int64
	again   atomic.Int64     // comments that say what others say
	tiers   [3]atomic.Uint32 // comments a second, as houses say; 0: not known yet
	rate    atomic.Uint32    // ticks a second of houses
	stamps  stamps           // when comments were sent
	digests digests

	comment, echo, gift, alone *bots.Latencies
	refusals                   tally
	unanswered                 atomic.Int64
	ledger                     gifts

	mu            sync.Mutex
	before, after danmakuv1.Drops // guarded by mu: of all houses, as first and last seen
}

// place is what is known of a viewer over all its sessions.
type place struct {
	watcher bool
	witness *witness // nil: it is none

	tier uint8

	last   uint32 // tick of the last snapshot
	ticks  uint64 // that it has seen while comments were written
	shown  uint64 // comments that it was shown meanwhile, its tiers' alone
	span   uint32 // that is counted
	inSpan uint32 // comments in it
	over   uint32 // spans in which there were more than its tier has
}

func newViewers(v Viewers, s bots.Setup) (*viewers, error) {
	c := &viewers{
		Viewers: v, setup: s, show: s.Options["show"], places: make([]place, s.Clients),
		comment: bots.NewLatencies(), echo: bots.NewLatencies(), gift: bots.NewLatencies(), alone: bots.NewLatencies(),
	}
	if c.show == "" {
		c.show = defaultShow
	}
	if !(v.Comments >= 0 && v.Gifts >= 0 && v.Same >= 0 && v.Same <= 1) {
		return nil, fmt.Errorf("%g comments and %g gifts a second, of which a share of %g says the same: the first two must be 0 or more, and the share is from 0 to 1", v.Comments, v.Gifts, v.Same)
	}
	if v.Gifts > 0 {
		var err error
		if c.post, err = v.Backend.open(s.Server); err != nil {
			return nil, err
		}
	}
	for i, n := 0, max(1, s.Clients/maxWatchers); i < s.Clients; i += n {
		if s.Disturbed(i) {
			continue
		}
		c.places[i].watcher = true
	}
	for i := range c.places {
		if !s.Disturbed(i) {
			c.places[i].witness = c.ledger.witness()
		}
		c.places[i].tier = uint8(1 + min(i%4, 2)) // a quarter each, and half of them in the third
	}
	return c, nil
}

// Hello tells the house the viewer's tier.
func (c *viewers) Hello(bot int, cfg *client.Config) {
	cfg.Data = (&danmakuv1.Enter{Tier: uint32(c.places[bot].tier)}).AppendProto(nil)
}

// NewPilot returns a viewer.
func (c *viewers) NewPilot(bot int, rnd *rand.Rand) bots.Pilot {
	return &viewer{crew: c, place: &c.places[bot], rnd: rnd, timed: !c.setup.Disturbed(bot)}
}

// Play lets viewers write and posts gifts until the context ends.
func (c *viewers) Play(ctx context.Context) error {
	c.playing.Store(true)
	defer c.playing.Store(false)
	if c.post == nil {
		<-ctx.Done()
		c.playing.Store(false)
		c.settle(time.Second, func() bool { return true })
		return nil
	}
	defer c.post.close()
	c.give(ctx)
	c.playing.Store(false)
	c.settle(time.Second, c.ledger.settled)
	return nil
}

// settle waits for a time, and then until something holds, within bounds.
func (c *viewers) settle(least time.Duration, until func() bool) {
	from := c.setup.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		<-tick.C
		if d := c.setup.Now() - from; d >= least && until() || d >= settleLimit {
			return
		}
	}
}

// pause is how long a viewer waits from one comment to the next.
func (c *viewers) pause(rnd *rand.Rand) time.Duration {
	mean := float64(c.setup.Clients) / c.Comments
	return time.Duration(mean * (0.5 + rnd.Float64()) * float64(time.Second))
}

// Figures returns what was measured.
func (c *viewers) Figures() []bots.Figure {
	var shown, ticks, over float64
	byTier := map[string]float64{"1": 0, "2": 0, "3": 0}
	ticksOf := map[string]float64{}
	for i := range c.places {
		p := &c.places[i]
		shown, ticks, over = shown+float64(p.shown), ticks+float64(p.ticks), over+float64(p.over)
		t := fmt.Sprint(p.tier)
		byTier[t] += float64(p.shown)
		ticksOf[t] += float64(p.ticks)
	}
	perS := func(n, ticks float64) float64 {
		if ticks == 0 {
			return 0
		}
		return n / ticks * float64(c.rate.Load())
	}
	for t, n := range byTier {
		byTier[t] = perS(n, ticksOf[t])
	}
	c.mu.Lock()
	dropped := dropsBy(&c.before, &c.after)
	reached := float64(c.after.Shown - min(c.after.Shown, c.before.Shown))
	c.mu.Unlock()
	figures := []bots.Figure{
		{Name: "comments_sent", Text: "comments sent", Value: float64(c.sent.Load() + c.again.Load())},
		{Name: "comments_shown", Text: "comments shown to all of their tier", Value: reached},
		{Name: "comments_refused", Text: "comments that were answered with an error", Counts: c.refusals.counts()},
		{Name: "comments_unanswered", Text: "comments without an answer", Value: float64(c.unanswered.Load())},
		{Name: "dropped", Text: "comments that were dropped, as the house says", Counts: dropped},
		{Name: "shown_per_client_s", Text: "comments shown per viewer and second", Value: perS(shown, ticks)},
		{Name: "shown_per_client_s_by_tier", Text: "the same by tier", Counts: byTier},
		{Name: "over_tier", Text: fmt.Sprintf("times that a viewer had more than its tier within %d s", spanSeconds), Value: over},
	}
	figures = append(figures, c.ledger.figures()...)
	return append(figures,
		c.comment.Figure("comment_ms", "comment sent to seen by another viewer"),
		c.echo.Figure("own_echo_ms", "comment sent to seen by its author"),
		c.gift.Figure("gift_ms", "gift posted to seen"),
		c.alone.Figure("alone_ms", "house without its show"),
	)
}

// defaultShow is the show of those who name none.
const defaultShow = "main"

func dropsBy(before, after *danmakuv1.Drops) map[string]float64 {
	d := func(f func(*danmakuv1.Drops) uint64) float64 {
		a, b := f(after), f(before)
		return float64(a - min(a, b))
	}
	return map[string]float64{
		"crowded": d(func(x *danmakuv1.Drops) uint64 { return x.Crowded }), "old": d(func(x *danmakuv1.Drops) uint64 { return x.Old }),
		"slow": d(func(x *danmakuv1.Drops) uint64 { return x.Slow }), "busy": d(func(x *danmakuv1.Drops) uint64 { return x.Busy }),
		"mode": d(func(x *danmakuv1.Drops) uint64 { return x.Mode }), "word": d(func(x *danmakuv1.Drops) uint64 { return x.Word }),
		"muted": d(func(x *danmakuv1.Drops) uint64 { return x.Muted }), "review": d(func(x *danmakuv1.Drops) uint64 { return x.Review }),
		"text": d(func(x *danmakuv1.Drops) uint64 { return x.Text }), "collated": d(func(x *danmakuv1.Drops) uint64 { return x.Collated }),
		"repeated": d(func(x *danmakuv1.Drops) uint64 { return x.Repeated }),
	}
}

// saw notes the drops of all houses.
func (c *viewers) saw(d *danmakuv1.Drops) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.after == (danmakuv1.Drops{}) || !c.playing.Load() && c.sent.Load() == 0 {
		c.before = *d
	}
	if d.Said >= c.after.Said {
		c.after = *d
	}
}
