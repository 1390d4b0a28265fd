package audience

import (
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
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

// TestWatchers: a sample of viewers watches, and all look for gifts, but for those that are disturbed.
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
		if n > 1 && (watchers < min(n-1, maxWatchers*4/5) || watchers > 2*maxWatchers || witnesses != n-1 || witnesses != len(c.ledger.witnesses)) {
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
		f := &replica.Frame{Tick: tick, Events: []replica.Event{{ID: eventComment, Data: m.AppendProto(nil)}}}
		v.events(c.digests.of(f, &v.alone), tick, 12*time.Second, true)
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

// TestDigests: of frames that are the same the events are taken apart once, and each viewer makes
// the same of them as of its own.
func TestDigests(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 10)
	c.rate.Store(5)
	var tw replica.Twins
	c.ledger.at.put(4, time.Second)
	frame := func(private string, events ...schema.Event) []byte {
		b := []byte{1 << 3, 9}
		for _, ev := range events {
			id, _ := ev.EventID()
			e := protowire.AppendVarint([]byte{1 << 3}, uint64(id))
			e = protowire.AppendBytes(append(e, 2<<3|2), ev.AppendProto(nil))
			b = protowire.AppendBytes(append(b, 8<<3|2), e)
		}
		return append(b, private...)
	}
	events := []schema.Event{
		&danmakuv1.Comment{Id: 5, Text: "#7 hello", Tier: 1}, &danmakuv1.Comment{Id: 6, Text: "666", Tier: 2},
		&danmakuv1.Gifted{Gift: "bot-3"}, &danmakuv1.Comment{Id: 7, Text: "to you", Why: danmakuv1.Why_WHY_REPLY},
	}
	own := &danmakuv1.Comment{Id: 8, Text: "#9 mine", Why: danmakuv1.Why_WHY_OWN}
	c.stamps.put(9, time.Second)
	numbers := map[uint64]bool{}
	for i := range 9 {
		v := c.NewPilot(i, rand.New(rand.NewPCG(1, 2))).(*viewer)
		v.own[0] = 9
		msg := frame("", events...)
		if i == 4 {
			msg = frame("", append(events, own)...)
		}
		if i%2 == 1 {
			msg = append(msg, 13<<3|2, 0) // a pong, which is its own
		}
		var f replica.Frame
		if err := tw.Parse(&f, msg); err != nil {
			t.Fatal(err)
		}
		numbers[f.Alike()] = true
		v.events(c.digests.of(&f, &v.alone), f.Tick, 2*time.Second, true)
		if v.place.shown != 2 || v.place.inSpan != 0 {
			t.Errorf("viewer %d was shown %d comments of its tiers, want 2", i, v.place.shown)
		}
		if w := v.place.witness; w != nil && (len(w.seen) != 4 || w.seen[3] != 1) {
			t.Errorf("viewer %d has seen gifts %v", i, w.seen)
		}
		if echoed := v.own[0]&echoedBit != 0; echoed != (i == 4) {
			t.Errorf("viewer %d has its echo: %t", i, echoed)
		}
	}
	if len(numbers) != 2 || !numbers[0] {
		t.Errorf("frames have the numbers %v, want that of the first and of the one with an echo, 0, and one of all others", numbers)
	}
}

// TestMove: another tier counts from the answer on.
func TestMove(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 10)
	c.rate.Store(5)
	for i := range c.tiers {
		c.tiers[i].Store(uint32(10 * (i + 1)))
	}
	v := c.NewPilot(3, rand.New(rand.NewPCG(1, 2))).(*viewer)
	s, err := client.NewSession(client.Config{Kind: "danmaku", Schema: danmakuv1.Schema})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Receive(welcome(t), 0); err != nil {
		t.Fatal(err)
	}
	v.count(24, 150)
	v.move(s, 1)
	v.count(25, 179) // of the third tier: the order is under way
	if v.place.tier != 3 || v.place.over != 0 {
		t.Errorf("before the answer: %+v", v.place)
	}
	answer := []byte{12<<3 | 2, 2, 1 << 3, 1} // to the first command
	if err := s.Receive(answer, 0); err != nil {
		t.Fatal(err)
	}
	v.count(27, 60)
	if v.place.tier != 1 || v.place.over != 0 {
		t.Errorf("after the answer: %+v", v.place)
	}
	if v.count(28, 1); v.place.over != 1 {
		t.Errorf("more than the tier has: %+v", v.place)
	}
}

// welcome returns a message with a welcome.
func welcome(t *testing.T) []byte {
	t.Helper()
	b, err := proto.Marshal(&tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{Kind: "danmaku", TickRate: 5, Fingerprint: danmakuv1.Schema.Fingerprint()}})
	if err != nil {
		t.Fatal(err)
	}
	return b
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
		g.at.put(uint32(len(g.posted)), at)
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
