package audience

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

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
		v.place.moved = true
		tier := uint8(1 + v.rnd.IntN(3))
		if s.SendCommand(3, (&danmakuv1.SetTier{Tier: uint32(tier)}).AppendProto(nil), nil) == nil {
			v.place.tier = tier
		}
	case 1, 2, 3, 4, 5:
		_ = s.SendCommand(2, (&danmakuv1.Like{Count: uint32(1 + v.rnd.IntN(9))}).AppendProto(nil), nil)
	}
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
	for i := range f.Events {
		switch ev := &f.Events[i]; ev.ID {
		case eventComment:
			v.comment(ev.Data, f.Tick-ev.Age, now, playing)
		case eventGifted:
			v.gifted(ev.Data, now)
		}
	}
	if p.watcher && now-v.looked >= lookEvery {
		v.looked = now
		v.look(s, now)
	}
}

// seen is what a viewer looks at of a comment.
type seen struct {
	text []byte
	tier uint64
	why  uint64
}

func (c *seen) parse(b []byte) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		switch {
		case num == 5 && typ == protowire.BytesType:
			c.text, n = protowire.ConsumeBytes(b)
		case num == 9 && typ == protowire.VarintType:
			c.tier, n = protowire.ConsumeVarint(b)
		case num == 12 && typ == protowire.VarintType:
			c.why, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return
		}
		b = b[n:]
	}
}

// number returns the number that a bot's comment begins with; 0: there is none.
func number(text []byte) (n uint32) {
	if len(text) < 2 || text[0] != '#' {
		return 0
	}
	for _, ch := range text[1:] {
		if ch < '0' || ch > '9' {
			break
		}
		n = n*10 + uint32(ch-'0')
	}
	return n
}

// comment takes a comment of a tick.
func (v *viewer) comment(data []byte, tick uint32, now time.Duration, playing bool) {
	c := v.crew
	var m seen
	m.parse(data)
	n := number(m.text)
	if danmakuv1.Why(m.why) == danmakuv1.Why_WHY_OWN { //nolint:gosec // what it is compared with is small
		v.echoed(n, now)
		return
	}
	if m.why != 0 || m.tier == 0 {
		return
	}
	v.count(tick, playing)
	if !v.place.watcher || n == 0 {
		return
	}
	if at := c.stamps.get(n); at != 0 && !v.mine(n) {
		c.comment.Record(now-at, now)
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

// count counts a comment that was shown, and looks whether there are more than the tier has.
func (v *viewer) count(tick uint32, playing bool) {
	p := v.place
	if !playing {
		return
	}
	p.shown++
	limit := v.crew.tiers[p.tier-1].Load()
	if limit == 0 {
		return // not known yet
	}
	if span := tick / (spanSeconds * v.crew.rate.Load()); span != p.span {
		p.span, p.inSpan = span, 0
		p.moved = false
	}
	// What is shown at the end of one second may count in the next one.
	if p.inSpan++; p.inSpan == limit*(spanSeconds+1)+1 && !p.moved {
		p.over++
	}
}

// gifted takes a gift.
func (v *viewer) gifted(data []byte, now time.Duration) {
	w := v.place.witness
	if w == nil {
		return
	}
	var g danmakuv1.Gifted
	if g.UnmarshalProto(data) != nil {
		return
	}
	n, ok := giftNumber(g.Gift)
	if !ok {
		return
	}
	if at := v.crew.ledger.saw(w, n); at != 0 {
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
