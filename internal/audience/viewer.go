package audience

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Events and commands of danmaku.
const (
	eventComment = 1
	eventGifted  = 4
)

// lookEvery is how often a watcher looks at the state.
const lookEvery = 300 * time.Millisecond

// viewer is one viewer in one session.
type viewer struct {
	crew  *viewers
	place *place
	rnd   *rand.Rand
	timed bool // its latencies count

	next    time.Duration // when it writes; 0: not yet
	alone   digest        // of a frame that no other viewer is sent
	own     [4]uint32     // numbers of comments that it has written and not seen
	ownNext int

	looked    time.Duration
	deaf      time.Duration // since when the house is without its show; 0: it is not
	announced bool          // the house was in touch with its show once
}

// Seated begins a session.
func (v *viewer) Seated(s *client.Session) {
	v.place.last, v.place.span, v.place.inSpan = 0, 0, 0
	v.crew.rate.Store(uint32(s.Welcome().GetTickRate()))
}

// Input appends nothing: viewers have no inputs.
func (v *viewer) Input(b []byte, _ *client.Session) []byte { return b }

// Next returns when the viewer writes its next comment.
func (v *viewer) Next() time.Duration { return v.next }

// Lost notes that a witness sees nothing for now.
func (v *viewer) Lost(now time.Duration) {
	if w := v.place.witness; w != nil {
		w.lost(now)
	}
}

// Back notes that a witness sees what it has missed.
func (v *viewer) Back(s *client.Session, _ time.Duration) {
	if w := v.place.witness; w != nil {
		w.back(!s.EventsMissed())
	}
}

// Act writes a comment, and now and then does what else viewers do.
func (v *viewer) Act(s *client.Session, now time.Duration) {
	c := v.crew
	if !c.playing.Load() {
		v.next = 0
		return
	}
	v.next = now + c.pause(v.rnd)
	say := &danmakuv1.Say{Color: uint32(v.rnd.IntN(4)) * 0x3f3f3f}
	if v.rnd.Float64() < c.Same {
		c.again.Add(1)
		say.Text = same[v.rnd.IntN(len(same))]
	} else {
		n := uint32(c.sent.Add(1))
		say.Text = fmt.Sprintf("#%d %s", n, phrases[v.rnd.IntN(len(phrases))])
		c.stamps.put(n, now)
		v.own[v.ownNext%len(v.own)] = n
		v.ownNext++
	}
	if err := s.SendCommand(1, say.AppendProto(nil), v.said); err != nil {
		c.refusals.add("not sent")
	}
	switch v.rnd.IntN(50) {
	case 0:
		v.move(s, uint8(1+v.rnd.IntN(3)))
	case 1, 2, 3, 4, 5:
		_ = s.SendCommand(2, (&danmakuv1.Like{Count: uint32(1 + v.rnd.IntN(9))}).AppendProto(nil), nil)
	}
}

// move chooses another tier. It counts from the answer on, which comes with the first snapshot of that.
func (v *viewer) move(s *client.Session, tier uint8) {
	_ = s.SendCommand(3, (&danmakuv1.SetTier{Tier: uint32(tier)}).AppendProto(nil), func(r replica.Reply, err error) {
		if err == nil && r.Code == tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED {
			v.place.tier, v.place.inSpan = tier, 0
		}
	})
}

func (v *viewer) said(r replica.Reply, err error) {
	switch {
	case err != nil:
		v.crew.unanswered.Add(1)
	case r.Code == tickroomv1.ReplyCode_REPLY_CODE_LIMITED:
		v.crew.refusals.add("limited")
	case r.Code == tickroomv1.ReplyCode_REPLY_CODE_REFUSED:
		v.crew.refusals.add("refused")
	case r.Code != tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED:
		v.crew.refusals.add("other")
	}
}

// Received looks at what has come.
func (v *viewer) Received(s *client.Session, now time.Duration) {
	c, p, f := v.crew, v.place, s.Frame()
	playing := c.playing.Load()
	if f.Tick != 0 {
		if playing && p.last != 0 && f.Tick > p.last {
			p.ticks += uint64(f.Tick - p.last)
		}
		p.last = f.Tick
	}
	if v.next == 0 && playing && c.Comments > 0 {
		v.next = now + time.Duration(v.rnd.Float64()*float64(c.setup.Clients)/c.Comments*float64(time.Second))
	}
	if len(f.Events) > 0 {
		v.events(c.digests.of(f, &v.alone), f.Tick, now, playing)
	}
	if (p.watcher || !v.announced) && now-v.looked >= lookEvery {
		v.looked = now
		v.look(s, now)
	}
}

// events takes the events of a tick.
func (v *viewer) events(d *digest, tick uint32, now time.Duration, playing bool) {
	for _, n := range d.gifts {
		v.gifted(n, now)
	}
	if d.shown > 0 && playing {
		v.count(tick, uint32(d.shown))
	}
	if d.shown >= 0 && d.alike != 0 && !v.place.watcher {
		return // one's own echo is in no frame that others are sent
	}
	for i := range d.comments {
		c := &d.comments[i]
		if danmakuv1.Why(c.why) == danmakuv1.Why_WHY_OWN { //nolint:gosec // what it is compared with is small
			v.echoed(c.number, now)
			continue
		}
		if !c.public() {
			continue
		}
		if d.shown < 0 && playing {
			v.count(c.tick, 1)
		}
		if !v.place.watcher || c.number == 0 {
			continue
		}
		if at := v.crew.stamps.get(c.number); at != 0 && !v.mine(c.number) {
			v.crew.comment.Record(now-at, now)
		}
	}
}

// mine reports whether the viewer has written a comment itself: of that it has its echo.
func (v *viewer) mine(n uint32) bool {
	for _, own := range v.own {
		if own&^echoedBit == n {
			return true
		}
	}
	return false
}

// echoedBit marks a comment whose echo has come.
const echoedBit = 1 << 31

// echoed takes the echo of an own comment.
func (v *viewer) echoed(n uint32, now time.Duration) {
	for i, own := range v.own {
		if own != n || n == 0 {
			continue
		}
		v.own[i] |= echoedBit
		if at := v.crew.stamps.get(n); at != 0 && v.timed {
			v.crew.echo.Record(now-at, now)
		}
	}
}

// count counts comments that were shown in a tick, and looks whether there are more than the tier has.
func (v *viewer) count(tick, n uint32) {
	p := v.place
	p.shown += uint64(n)
	limit := v.crew.tiers[p.tier-1].Load()
	if limit == 0 {
		return // not known yet
	}
	if span := tick / (spanSeconds * v.crew.rate.Load()); span != p.span {
		p.span, p.inSpan = span, 0
	}
	// What is shown at the end of one second may count in the next one.
	most := limit * (spanSeconds + 1)
	if p.inSpan += n; p.inSpan > most && p.inSpan-n <= most {
		p.over++
	}
}

// gifted takes a gift.
func (v *viewer) gifted(n int, now time.Duration) {
	w := v.place.witness
	if w == nil {
		return
	}
	if at := v.crew.ledger.saw(w, n); at != 0 && v.place.watcher {
		v.crew.gift.Record(now-at, now)
	}
}

// look looks at the rows that change little.
func (v *viewer) look(s *client.Session, now time.Duration) {
	c, r := v.crew, s.Replica()
	for _, stage := range replica.All[danmakuv1.Stage](r) {
		for i, n := range stage.Tiers {
			if i < len(c.tiers) {
				c.tiers[i].Store(n)
			}
		}
		switch {
		case stage.Live && v.deaf != 0:
			c.alone.Record(now-v.deaf, now)
			v.deaf = 0
		case !stage.Live && v.deaf == 0 && v.announced:
			v.deaf = now
		}
		if stage.Live && !v.announced {
			v.announced = true
			if w := v.place.witness; w != nil {
				w.begin(now)
			}
		}
	}
	for _, d := range replica.All[danmakuv1.Drops](r) {
		if !d.House {
			c.saw(d)
		}
	}
}

// What viewers write: behind a number, and what many write.
var (
	phrases = [...]string{
		"主播加油", "这波操作太秀了", "what a save", "下次一定", "哈哈哈哈哈哈哈", "first time here, hello everybody", "名场面", "前方高能",
		"that was so close", "爷青回", "I was here", "求歌名", "lol", "泪目", "声音有点小", "good morning from Chengdu",
	}
	same = [...]string{"666", "哈哈哈", "来了来了", "gg"}
)
