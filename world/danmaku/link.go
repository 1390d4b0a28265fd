package danmaku

import (
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// wholeShare is the share of a house that may fill the tiers alone.
const wholeShare = 1000

const (
	silence2s  = 2.0 // seconds without a word of the show until it is taken to be away
	maxPending = 200 // orders that wait for the show
	maxSent    = 200 // candidates of one report
)

// link is a house's connection with its show.
type link struct {
	// What has come.
	live     bool
	heard    uint32 // tick of the last report; 0: none
	epoch    uint64
	asked    uint64 // epoch of the show that was sent the state
	stated   bool   // the state is the show's
	gift     uint64 // number of the last one that was told
	share    uint32
	limit    uint32
	entrants uint32
	// What goes.
	out        []*danmakuv1.Candidate
	tallies    []*danmakuv1.KeyCount
	pending    []pendingOrder
	orders     uint64 // so far
	summed     uint32 // tick in which the sums were sent last
	nextExpiry uint64 // ms
	complained uint32 // tick of the last complaint about the reviewer
}

type pendingOrder struct {
	*danmakuv1.Order
	sent uint32 // tick; 0: not yet
}

func newLink(h *house) link { return link{share: wholeShare, limit: uint32(h.set.candidates)} }

// share returns the part of the tiers that the house fills by itself, in thousandths.
func (h *house) share() uint32 {
	if !h.link.live {
		return wholeShare
	}
	return h.link.share
}

// send has a candidate sent up with the next report.
func (l *link) send(c *danmakuv1.Candidate) {
	if len(l.out) < maxSent {
		l.out = append(l.out, c)
	}
}

// Deaf is called when messages of a topic can't come.
func (h *house) Deaf(topic string) {
	if topic == topicDown(h.set.show) {
		h.lose()
	}
}

// Hears is called when messages of a topic come again. What was missed comes of itself: the house tells what
// it has, and the show sends what that lacks.
func (h *house) Hears(string, bool) {}

func (h *house) lose() {
	if !h.link.live {
		return
	}
	h.link.live = false
	h.link.out, h.link.tallies = nil, nil
	h.board.stale = true
}

// report tells the show what has come together, and once a second how things are.
func (h *house) report() {
	l := &h.link
	now := h.r.Tick()
	if l.live && now-l.heard > h.ticks(silence2s) {
		h.lose()
	}
	rep := &danmakuv1.HouseReport{
		Epoch: l.epoch, Candidates: l.out, Tallies: l.tallies, Gift: l.gift, Salt: h.state.Salt,
	}
	if l.stated {
		rep.Revision = h.state.Revision
	}
	for i := range l.pending {
		if o := &l.pending[i]; o.sent == 0 || now-o.sent > h.ticks(1) {
			o.sent = now
			rep.Orders = append(rep.Orders, o.Order)
		}
	}
	if l.summed == 0 || now-l.summed >= h.ticks(1) {
		l.summed = now
		h.addSums(rep)
	}
	if !rep.Sums && len(rep.Candidates)+len(rep.Tallies)+len(rep.Orders) == 0 {
		return
	}
	h.r.Post(topicUp(h.set.show), rep)
	clear(l.out)
	l.out, l.tallies = l.out[:0], nil
}

func (h *house) addSums(rep *danmakuv1.HouseReport) {
	rep.Sums = true
	rep.Viewers = uint32(h.r.PlayerCount())
	rep.Likes, rep.Comments, rep.Drops = h.sums.likes, h.sums.comments, h.sums.drops.counts()
	rep.Votes = h.polls.counts(h.state)
	rep.Lottery, rep.Entrants = h.polls.lottery, uint32(len(h.polls.entrants))
	rep.Followed = h.fans.most
}

// onReport takes what the show tells.
func (h *house) onReport(from *world.Posting, m *danmakuv1.ShowReport) {
	l := &h.link
	if from.Topic != topicDown(h.set.show) || from.From == "" || m.Epoch < l.epoch {
		return
	}
	if m.Epoch > l.epoch { // another one: it has not heard what the last one was told
		l.epoch = m.Epoch
		for i := range l.pending {
			l.pending[i].sent = 0
		}
	}
	l.heard = h.r.Tick()
	if !l.live {
		l.live = true
		h.board.stale = true
	}
	if m.Ask && l.asked != m.Epoch {
		l.asked = m.Epoch
		h.r.Post(topicUp(h.set.show), &danmakuv1.HouseState{Epoch: m.Epoch, State: h.state, Gift: l.gift, Stated: l.stated})
	}
	for _, a := range m.Acks {
		h.acked(a)
	}
	if m.Audience != nil {
		h.takeSums(m)
	}
	for _, g := range m.Gifts {
		h.gifted(g)
	}
	for _, c := range m.Comments {
		h.takeComment(c)
	}
	for _, t := range m.Tallies {
		if c := h.known.get(t.Comment); c != nil && c.Tier > 0 {
			c.Same = t.Same
			h.tiers[c.Tier-1].Emit(t)
		}
	}
	for _, r := range m.Removed {
		h.remove(r)
	}
	for _, d := range m.Draws {
		if d.House == h.r.ID() {
			h.draw(d)
		}
	}
}

// acked forgets orders that the show has carried out.
func (h *house) acked(a *danmakuv1.Ack) {
	if a.House == h.r.ID() {
		h.link.pending = slices.DeleteFunc(h.link.pending, func(o pendingOrder) bool { return o.Number <= a.Order })
	}
}

// takeSums takes the sums over all houses, and what comes with them.
func (h *house) takeSums(m *danmakuv1.ShowReport) {
	l := &h.link
	h.board.audience = m.Audience
	h.board.total = drops{}
	h.board.total.merge(m.Drops)
	h.polls.takeTotals(m.Votes)
	l.entrants = m.Entrants
	l.share, l.limit = m.Share, max(m.Limit, 1)
	for _, s := range m.Shares {
		if s.House == h.r.ID() {
			l.share = min(s.Share, wholeShare)
		}
	}
	h.fans.abroad = make(map[uint64]bool, len(m.Followed))
	for _, a := range m.Followed {
		h.fans.abroad[a] = true
	}
	h.board.summed = true
}

// takeComment shows a comment that the show has chosen, unless this house has shown it.
func (h *house) takeComment(c *danmakuv1.Candidate) {
	one := c.Comment
	if one == nil {
		return
	}
	own := one.Id>>32 == h.prefix>>32
	if own {
		if mine := h.known.get(one.Id); mine != nil && mine.Tier > 0 {
			return // by this house itself
		}
	} else if h.mutes[one.Author] != nil || h.board.gone[one.Id] {
		return
	}
	if h.age(one) > uint64(float64(h.set.maxAge)*1000/h.r.TickRate) {
		h.sums.drops.add(danmakuv1.Reason_REASON_OLD, 1)
		return
	}
	if !own {
		h.met.foreign(one)
		h.deliver(one)
	}
	if one.Tier < 1 || one.Tier > tierCount {
		if !own {
			h.learn(one)
		}
		return
	}
	if !h.ceiling.take(one.Tier, h.r.Tick()) {
		h.sums.drops.add(danmakuv1.Reason_REASON_CROWDED, 1)
		return
	}
	if h.set.collate > 0 {
		h.collator.first(c.Key, one.Id, h.r.Tick(), h.set.collate, h.grace())
	}
	h.emit(one, c.Key, one.Tier)
}

// gifted tells viewers of a gift, once.
func (h *house) gifted(g *danmakuv1.Gifted) {
	if g.Number <= h.link.gift {
		return
	}
	h.link.gift = g.Number
	h.met.stranger(g.Author, g.Name)
	shown := *g
	shown.Name, shown.Title = h.named(g.Name, g.Author), h.clean(g.Title)
	h.stage.Emit(&shown)
	if v := h.byAuthor[g.Author]; v != nil {
		v.gave = h.r.Tick()
	}
}

// onResend takes gifts that the house lacked.
func (h *house) onResend(from *world.Posting, m *danmakuv1.Resend) {
	if from.Topic != world.RoomTopic(h.r.ID()) || from.From == "" {
		return
	}
	for _, g := range m.Gifts {
		h.gifted(g)
	}
}

// remove takes comments away.
func (h *house) remove(r *danmakuv1.Removed) {
	gone := func(c *danmakuv1.Comment) bool { return c.Id == r.Comment || r.Author != 0 && c.Author == r.Author }
	h.known.remove(gone)
	h.shown.remove(gone)
	h.window.waiting = slices.DeleteFunc(h.window.waiting, func(c *danmakuv1.Candidate) bool { return gone(c.Comment) })
	h.ready = slices.DeleteFunc(h.ready, func(c *danmakuv1.Candidate) bool { return gone(c.Comment) })
	if h.board.removed(r) {
		h.stage.Emit(r)
	}
	h.board.settle(gone)
}

// onState takes the show's state over.
func (h *house) onState(from *world.Posting, m *danmakuv1.ShowState) {
	l := &h.link
	if from.Topic != topicDown(h.set.show) && from.Topic != world.RoomTopic(h.r.ID()) || from.From == "" || m.Epoch < l.epoch {
		return
	}
	if l.stated && m.Epoch == h.state.Epoch && m.Revision <= h.state.Revision {
		return
	}
	l.epoch = m.Epoch
	old := h.state
	h.state = m
	if m.Modes == nil {
		m.Modes = &danmakuv1.SetModes{}
	}
	if !l.stated && l.gift == 0 {
		l.gift = m.Told // what was given before this house was there
	}
	l.stated = true
	if m.Salt != old.Salt {
		h.renumber()
	}
	for _, a := range m.Acks {
		h.acked(a)
	}
	h.met.superChats(m.SuperChats)
	h.giveAgain()
	h.polls.follow(m)
	h.takeOver()
}

// renumber gives all viewers the numbers that they have in the show.
func (h *house) renumber() {
	clear(h.byAuthor)
	h.fans = newFans()
	for p := range h.r.Players() {
		v := viewerOf(p)
		v.follows = nil
		h.number(v)
		h.welcome(v)
	}
}
