package audience

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tickroom/tickroom/bots"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

func setup(clients int) bots.Setup {
	return bots.Setup{Clients: clients, Now: func() time.Duration { return time.Minute }, Disturbed: func(bot int) bool { return bot == 0 }}
}

func newCrew(t *testing.T, clients int) *viewers {
	t.Helper()
	c, err := newViewers(Viewers{Comments: 10}, setup(clients))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWatchers: a sample of viewers watches, none of them one that is disturbed.
func TestWatchers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 90, 700, 10000} {
		c := newCrew(t, n)
		watchers, witnesses := 0, 0
		tiers := map[uint8]int{}
		for i := range c.places {
			p := &c.places[i]
			tiers[p.tier]++
			if p.watcher {
				watchers++
			}
			if p.witness != nil {
				witnesses++
			}
			if i == 0 && p.watcher {
				t.Errorf("of %d the one that is disturbed watches", n)
			}
		}
		if n > 1 && (watchers < min(n-1, maxWatchers*4/5) || watchers > 2*maxWatchers || witnesses < min(n-1, maxWitnesses*4/5) || witnesses > 2*maxWitnesses || witnesses != len(c.ledger.witnesses)) {
			t.Errorf("of %d viewers %d watch, %d of them for gifts", n, watchers, witnesses)
		}
		if n > 1000 && (tiers[1] != n/4 || tiers[2] != n/4 || tiers[3] != n/2) {
			t.Errorf("%d viewers are in tiers %v", n, tiers)
		}
	}
}

// TestViewer: what a viewer makes of comments: latencies of those of others and of its own echo,
// and whether there were more than its tier has.
func TestViewer(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 10)
	v := c.NewPilot(4, rand.New(rand.NewPCG(1, 2))).(*viewer)
	v.place.tier = 1
	c.tiers[0].Store(2)
	c.rate.Store(5)
	c.stamps.put(7, 10*time.Second)
	c.stamps.put(8, 11*time.Second)
	v.own[0] = 8
	say := func(m danmakuv1.Comment, tick uint32) {
		m.Id, m.Name, m.AtMs = 1<<40, "somebody", 5
		v.comment(m.AppendProto(nil), tick, 12*time.Second, true)
	}
	say(danmakuv1.Comment{Text: "#7 hello", Tier: 1}, 1)
	say(danmakuv1.Comment{Text: "#8 mine", Tier: 1}, 1) // before the echo
	say(danmakuv1.Comment{Text: "#8 mine", Why: danmakuv1.Why_WHY_OWN}, 1)
	say(danmakuv1.Comment{Text: "#8 mine", Tier: 1}, 1)
	say(danmakuv1.Comment{Text: "#9 nobody knows when", Tier: 1}, 1)
	say(danmakuv1.Comment{Text: "666", Tier: 1}, 1)
	say(danmakuv1.Comment{Text: "#7 hello", Why: danmakuv1.Why_WHY_FOLLOWED}, 1)
	if n := c.comment.Count(); n != 1 {
		t.Errorf("%d comments of others were timed, want 1", n)
	}
	if n := c.echo.Count(); n != 1 {
		t.Errorf("%d echoes were timed, want 1", n)
	}
	if v.place.shown != 5 || v.place.over != 0 {
		t.Errorf("%+v", v.place)
	}
	for range 2*(spanSeconds+1) - 5 {
		say(danmakuv1.Comment{Text: "x", Tier: 1}, 2)
	}
	if v.place.over != 0 {
		t.Error("as many as the tier has are too many")
	}
	say(danmakuv1.Comment{Text: "x", Tier: 1}, 2)
	say(danmakuv1.Comment{Text: "x", Tier: 1}, 2)
	say(danmakuv1.Comment{Text: "x", Tier: 1}, spanSeconds*5)
	if v.place.over != 1 {
		t.Errorf("%d spans with too many comments, want 1", v.place.over)
	}
}

// TestStamps: what was sent long ago is not known any more.
func TestStamps(t *testing.T) {
	t.Parallel()
	s := new(stamps)
	s.put(1, 5)
	s.put(2, 6)
	s.put(1+stampsKept, 7)
	if s.get(1) != 0 || s.get(2) != 6 || s.get(1+stampsKept) != 7 || s.get(3) != 0 {
		t.Error(s.get(1), s.get(2), s.get(1+stampsKept), s.get(3))
	}
	for text, want := range map[string]uint32{"#12 x": 12, "#12": 12, "12": 0, "#": 0, "#x": 0, "": 0} {
		if n := number([]byte(text)); n != want {
			t.Errorf("%q has number %d, want %d", text, n, want)
		}
	}
}

// TestGifts: who must have seen which gift, and who has.
func TestGifts(t *testing.T) {
	t.Parallel()
	const s = time.Second
	g := new(gifts)
	a, b := g.witness(), g.witness()
	post := func(at time.Duration) int {
		g.posted = append(g.posted, gift{at: at, taken: true})
		return len(g.posted) - 1
	}
	want := func(what string, lost, doubled int) {
		t.Helper()
		if l, d := g.count(); l != lost || d != doubled {
			t.Errorf("%s: %d lost, %d doubled; want %d and %d", what, l, d, lost, doubled)
		}
	}
	first := post(10 * s)
	want("nobody is there", 1, 0)
	a.begin(5 * s)
	b.begin(11 * s)
	want("one should have seen it", 1, 0)
	if at := g.saw(a, first); at != 10*s {
		t.Errorf("posted at %v", at)
	}
	want("one has seen it, and the other came later", 0, 0)
	second := post(20 * s)
	g.saw(a, second)
	want("one of two", 1, 0)
	b.lost(22 * s)
	want("the other has lost its connection", 0, 0)
	b.back(true)
	want("and is back", 1, 0)
	g.saw(b, second)
	want("and was told of it", 0, 0)
	if at := g.saw(b, second); at != 0 {
		t.Error("what is seen twice is timed twice")
	}
	want("twice", 0, 1)
	b.lost(30 * s)
	post(31 * s)
	g.saw(a, 2)
	b.begin(40 * s) // another session
	want("between two sessions", 0, 1)
	post(50 * s)
	g.saw(a, 3)
	want("in the second session", 1, 1)
	b.lost(56 * s)
	b.back(false)
	want("of which it has missed a part", 1, 1)
	g.posted = append(g.posted, gift{at: 60 * s})
	want("one that was not taken", 1, 1)
	if n, ok := giftNumber("bot-17"); n != 17 || !ok {
		t.Error(n, ok)
	}
	if n, ok := giftNumber("rose"); ok {
		t.Error(n, ok)
	}
}
