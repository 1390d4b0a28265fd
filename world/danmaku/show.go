package danmaku

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// Times of a show, in seconds.
const (
	houseSilence = 4.0  // after which a house is taken to be gone
	houseKept    = 60.0 // for which it may come back
	beatEvery    = 0.5  // between two reports when there is nothing to say
	stateEvery   = 0.25 // between two states
	askFor       = 1.5  // for which a show that begins waits for what houses know
	comboFor     = 5.0  // between two gifts of a combo
)

// show is the room that joins houses. Nobody is in it.
type show struct {
	r      *world.Room
	name   string
	epoch  uint64
	most   int // candidates of a house in a window
	maxAge uint64

	state   *danmakuv1.ShowState
	changed bool   // since the state was sent
	sent    uint32 // tick in which it was
	houses  []*houseOf
	gone    total // of houses that are gone for good

	recovery recovery
	inbox    []func() // what backends have posted and is not done yet, in order
	merge    merge
	gifts    gifts
	drawing  drawing
	removed  []*danmakuv1.Removed
	began    int64  // world.Room.Now when the first gift came; 0: none has
	beat     uint32 // tick of the last report
	summed   uint32 // tick of the last sums
	acked    bool   // orders were carried out since the last report
}

// houseOf is what the show knows of a house.
type houseOf struct {
	id       string
	heard    uint32 // tick
	away     bool
	viewers  uint32
	total    total
	lottery  uint32
	entrants uint32
	followed []uint64
	demand   float64 // comments a second that it would like to be shown
	coming   float64 // of this second
	order    uint64  // the last one that was carried out
	gift     uint64
	revision uint64
	epoch    uint64
	lacking  uint32 // tick since which it lacks state or gifts; 0: it has all
	greeted  bool   // it was sent the state when it came
}

// total are sums that houses count up.
type total struct {
	likes, comments uint64
	drops           drops
	votes           map[uint32][]uint64
}

func newShow(r *world.Room) (world.Game, error) {
	s := &show{r: r, name: r.Text("show")}
	if err := world.CheckShowName(s.name); err != nil {
		return nil, fmt.Errorf("option show=%q: %w", s.name, err)
	}
	if err := checkOpens(r.Text("opens")); err != nil {
		return nil, fmt.Errorf("option opens=%q: %w", r.Text("opens"), err)
	}
	epoch, err := strconv.ParseUint(r.Text("epoch"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("option epoch=%q: it must be a whole number", r.Text("epoch"))
	}
	s.epoch = max(epoch, 1)
	tiers, err := readTiers(r.Text("tiers"))
	if err != nil {
		return nil, err
	}
	slow, err := r.Int("slow", 0, maxSlow)
	if err != nil {
		return nil, err
	}
	if s.most, err = r.Int("candidates", 2, 200); err != nil {
		return nil, err
	}
	age, err := r.Float("max_age", 0.5, 60)
	if err != nil {
		return nil, err
	}
	s.maxAge = uint64(age * 1000)
	s.state = &danmakuv1.ShowState{
		Epoch: s.epoch, Revision: 1, StartedMs: nowMs(r), Modes: &danmakuv1.SetModes{Slow: uint32(slow), SlowAuto: r.Text("slow_auto") == "true"},
	}
	s.merge = newMerge(tiers, r.TickRate)
	s.gifts = newGifts()
	world.OnMessage(r, s.onHouseReport)
	world.OnMessage(r, s.onHouseState)
	world.OnMessage(r, s.onDrawn)
	world.OnMessage(r, s.onGift)
	world.OnMessage(r, s.onPaidComment)
	world.OnMessage(r, s.onOrder)
	r.Listen(topicUp(s.name), world.Now)
	r.Listen(topicGifts(s.name), world.Start)
	return s, nil
}

// Join turns clients away.
func (*show) Join(*world.Player, []byte) error {
	return errors.New("nobody joins a show; its houses, of the kind danmaku, are for that")
}

// Leave does nothing, as nobody joins.
func (*show) Leave(*world.Player) {}

func (s *show) ticks(seconds float64) uint32 { return max(1, uint32(seconds*s.r.TickRate)) }

// Tick merges what has come, and tells the houses.
func (s *show) Tick() {
	if !s.recovery.done {
		s.recover()
	}
	now := s.r.Tick()
	s.watch(now)
	changed, closed := expire(s.state, nowMs(s.r))
	for _, p := range closed {
		s.tellPoll(p)
	}
	s.changed = s.changed || changed
	s.work()
	s.drawLottery()
	s.report(now)
	s.sendState(now)
}

// house returns what is known of a house.
func (s *show) house(id string) *houseOf {
	for _, h := range s.houses {
		if h.id == id {
			return h
		}
	}
	h := &houseOf{id: id}
	h.order = s.recovery.ack(id)
	s.houses = append(s.houses, h)
	return h
}

// onHouseReport takes what a house tells.
func (s *show) onHouseReport(from *world.Posting, m *danmakuv1.HouseReport) {
	if from.Topic != topicUp(s.name) || from.From == "" {
		return
	}
	h := s.house(from.From)
	h.heard, h.away = s.r.Tick(), false
	h.gift, h.revision, h.epoch = m.Gift, m.Revision, m.Epoch
	if s.state.Salt == 0 {
		s.state.Salt = m.Salt
		s.change()
	}
	if m.Sums {
		h.viewers = m.Viewers
		h.total.likes, h.total.comments = max(h.total.likes, m.Likes), max(h.total.comments, m.Comments)
		h.total.drops = drops{}
		h.total.drops.merge(m.Drops)
		h.takeVotes(m.Votes)
		h.lottery, h.entrants = m.Lottery, m.Entrants
		h.followed = m.Followed[:min(len(m.Followed), maxPrized)]
	}
	if s.recovery.late(s, m) {
		return
	}
	if s.recovery.done { // else they come again
		s.greet(h)
		s.takeOrders(h, m.Orders)
	}
	for _, c := range m.Candidates[:min(len(m.Candidates), maxSent)] {
		if c.Comment != nil {
			h.coming++
			s.merge.add(s, c)
		}
	}
	for _, t := range m.Tallies {
		s.merge.again(t)
	}
}

// greet sends a house the state that comes to the show, or has not heard of it.
func (s *show) greet(h *houseOf) {
	if !h.greeted && (h.revision == 0 || h.epoch < s.epoch) {
		s.r.Post(world.RoomTopic(h.id), s.state)
	}
	h.greeted = true
}

// takeOrders carries out the orders of a house's moderators, each once.
func (s *show) takeOrders(h *houseOf, orders []*danmakuv1.Order) {
	for _, o := range orders {
		if o.Number > h.order {
			h.order = o.Number
			s.carryOut(o)
		}
		s.acked = true
	}
}

func (h *houseOf) takeVotes(all []*danmakuv1.VoteCount) {
	if h.total.votes == nil {
		h.total.votes = map[uint32][]uint64{}
	}
	for _, v := range all {
		h.total.votes[v.Poll] = v.Votes
	}
}

// change notes that the state is another one.
func (s *show) change() {
	s.changed = true
}

// onOrder takes an order of a backend, which may give any that moderators may.
func (s *show) onOrder(from *world.Posting, o *danmakuv1.Order) {
	if from.From != "" || from.Topic != topicGifts(s.name) || !s.gifts.fresh(from) {
		return
	}
	number := from.Number
	s.later(from, func() {
		if number <= s.state.Gift {
			return // a show before this one has carried it out
		}
		s.state.Gift = number
		s.carryOut(o)
	})
}

// carryOut does what a moderator or a backend wants.
func (s *show) carryOut(o *danmakuv1.Order) {
	if err := checkOrder(o); err != nil {
		s.r.Log.Warn("an order is not carried out", "by", o.By, "error", err)
		return
	}
	if o.Silence != nil && o.Silence.Author == 0 && o.AuthorPlayerId != "" {
		o.Silence.Author = authorOf(s.state.Salt, o.AuthorPlayerId)
	}
	if o.Unsilence != nil && o.Unsilence.Author == 0 && o.AuthorPlayerId != "" {
		o.Unsilence.Author = authorOf(s.state.Salt, o.AuthorPlayerId)
	}
	eff, entry := apply(s.state, o, nowMs(s.r))
	entry.Show = s.name
	s.r.Tell(entry)
	s.removed = append(s.removed, eff.removed...)
	for _, r := range eff.removed {
		s.merge.remove(r)
	}
	if eff.closed != nil {
		s.tellPoll(eff.closed)
	}
	if eff.drawn {
		s.drawing.asked = true
	}
	s.change()
}

// tellPoll tells backends the result of a poll.
func (s *show) tellPoll(p *danmakuv1.Poll) {
	m := &danmakuv1.PollClosed{Show: s.name, Poll: p.Poll, Question: p.Question}
	votes := s.votes(p.Poll)
	for _, c := range s.state.Choices {
		if c.Poll == p.Poll {
			m.Choices = append(m.Choices, c.Text)
			n := uint64(0)
			if int(c.Choice) <= len(votes) {
				n = votes[c.Choice-1]
			}
			m.Votes = append(m.Votes, n)
		}
	}
	s.r.Tell(m)
}

// votes returns the votes of all houses in a poll.
func (s *show) votes(poll uint32) []uint64 {
	sum := slices.Clone(s.gone.votes[poll])
	for _, h := range s.houses {
		sum = addVotes(sum, h.total.votes[poll])
	}
	return sum
}

func addVotes(sum, more []uint64) []uint64 {
	for i, n := range more {
		if i == len(sum) {
			sum = append(sum, 0)
		}
		sum[i] += n
	}
	return sum
}

// watch notes which houses are gone, and brings those up to date that lack something.
func (s *show) watch(now uint32) {
	for _, h := range slices.Clone(s.houses) {
		silent := now - h.heard
		switch {
		case silent > s.ticks(houseKept):
			s.depart(h)
			continue
		case silent > s.ticks(houseSilence):
			h.away, h.viewers, h.demand, h.entrants = true, 0, 0, 0
			continue
		}
		if !s.recovery.done {
			continue
		}
		state := h.revision < s.state.Revision || h.epoch < s.epoch
		lacks := state || h.revision > 0 && h.gift < s.gifts.last
		switch {
		case !lacks:
			h.lacking = 0
		case h.lacking == 0:
			h.lacking = now
		case now-h.lacking > s.ticks(2):
			h.lacking = now
			if state {
				s.r.Post(world.RoomTopic(h.id), s.state)
			}
			if missed := s.gifts.since(h.gift); len(missed) > 0 {
				s.r.Post(world.RoomTopic(h.id), &danmakuv1.Resend{Gifts: missed})
			}
		}
	}
}

// depart takes what a house that is gone has counted into the sums.
func (s *show) depart(h *houseOf) {
	s.gone.likes += h.total.likes
	s.gone.comments += h.total.comments
	s.gone.drops.merge(h.total.drops.counts())
	if s.gone.votes == nil {
		s.gone.votes = map[uint32][]uint64{}
	}
	for _, p := range s.state.Polls {
		s.gone.votes[p.Poll] = addVotes(s.gone.votes[p.Poll], h.total.votes[p.Poll])
	}
	s.houses = slices.DeleteFunc(s.houses, func(o *houseOf) bool { return o == h })
	s.change()
}

// sendState sends the state to all houses if it has changed, and not too often.
func (s *show) sendState(now uint32) {
	if !s.recovery.done || !s.changed || s.sent != 0 && now-s.sent < s.ticks(stateEvery) {
		return
	}
	s.changed, s.sent = false, now
	s.state.Revision++
	s.state.Gone = &danmakuv1.HouseReport{Likes: s.gone.likes, Comments: s.gone.comments, Drops: s.gone.drops.counts()}
	for _, p := range s.state.Polls {
		if v := s.gone.votes[p.Poll]; v != nil {
			s.state.Gone.Votes = append(s.state.Gone.Votes, &danmakuv1.VoteCount{Poll: p.Poll, Votes: v})
		}
	}
	s.state.Acks, s.state.Told = s.acks(), s.gifts.last
	s.r.Post(topicDown(s.name), s.state)
}

func (s *show) acks() []*danmakuv1.Ack {
	var all []*danmakuv1.Ack
	for _, h := range s.houses {
		if h.order > 0 {
			all = append(all, &danmakuv1.Ack{House: h.id, Order: h.order})
		}
	}
	return all
}

// report tells the houses what has happened: if there is something, and else now and then, so that they
// know that the show is there.
func (s *show) report(now uint32) {
	rep := &danmakuv1.ShowReport{
		Epoch: s.epoch, Revision: s.state.Revision, Removed: s.removed, Gifts: s.gifts.take(), Draws: s.drawing.take(), Ask: !s.recovery.done,
	}
	rep.Comments, rep.Tallies = s.merge.take(now)
	slices.SortStableFunc(rep.Comments, asWritten)
	if len(s.houses) == 1 { // it has shown them
		rep.Comments = slices.DeleteFunc(rep.Comments, func(c *danmakuv1.Candidate) bool { return c.Shown })
	}
	if s.acked {
		rep.Acks = s.acks()
	}
	if s.recovery.done && (s.summed == 0 || now-s.summed >= s.ticks(1)) {
		s.summed = now
		s.addSums(rep)
	}
	something := len(rep.Comments)+len(rep.Tallies)+len(rep.Removed)+len(rep.Gifts)+len(rep.Draws)+len(rep.Acks) > 0 || rep.Audience != nil
	if !something && s.beat != 0 && now-s.beat < s.ticks(beatEvery) {
		return
	}
	s.beat, s.removed, s.acked = now, nil, false
	s.r.Post(topicDown(s.name), rep)
}

// addSums adds the sums over all houses, and how the tiers are shared.
func (s *show) addSums(rep *danmakuv1.ShowReport) {
	a := &danmakuv1.Audience{Likes: s.gone.likes, Comments: s.gone.comments, Gifts: s.state.Gifts}
	all := s.merge.drops
	all.merge(s.gone.drops.counts())
	var here []*houseOf
	var demand []float64
	for _, h := range s.houses {
		a.Likes += h.total.likes
		a.Comments += h.total.comments
		all.merge(h.total.drops.counts())
		if h.away {
			continue
		}
		a.Viewers += h.viewers
		a.Houses++
		h.demand += (h.coming - h.demand) / 4
		h.coming = 0
		here = append(here, h)
		demand = append(demand, h.demand)
		if s.state.Lottery != nil && h.lottery == s.state.Lottery.Lottery {
			rep.Entrants += h.entrants
		}
		for _, f := range h.followed {
			if len(rep.Followed) < 4*maxPrized && !slices.Contains(rep.Followed, f) {
				rep.Followed = append(rep.Followed, f)
			}
		}
	}
	s.state.Peak = max(s.state.Peak, a.Viewers)
	a.Peak = s.state.Peak
	rep.Audience, rep.Drops = a, all.counts()
	for _, p := range s.state.Polls {
		rep.Votes = append(rep.Votes, &danmakuv1.VoteCount{Poll: p.Poll, Votes: s.votes(p.Poll)})
	}
	for i, share := range shares(demand) {
		if share > 0 {
			rep.Shares = append(rep.Shares, &danmakuv1.Share{House: here[i].id, Share: share})
		}
	}
	rep.Limit = limitOf(len(here), s.most)
}
