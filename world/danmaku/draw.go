package danmaku

import (
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// drawFor is for how many seconds the show waits for a house that is to draw, and maxRounds how often it asks
// for what is missing then.
const (
	drawFor   = 3.0
	maxRounds = 5
)

// drawing is the drawing of a lottery: the show says how many each house draws, and the houses whom.
type drawing struct {
	asked   bool // by a moderator
	lottery uint32
	round   uint32
	since   uint32 // tick in which the round began
	waits   map[string]uint32
	out     []*danmakuv1.DrawFrom
	drawn   danmakuv1.LotteryDrawn
	authors []uint64
}

func (d *drawing) take() []*danmakuv1.DrawFrom {
	out := d.out
	d.out = nil
	return out
}

// drawLottery draws the lottery when its time has come, or a moderator says so.
func (s *show) drawLottery() {
	l, d := s.state.Lottery, &s.drawing
	if l == nil || l.Drawn || !s.recovery.done {
		*d = drawing{}
		return
	}
	now := s.r.Tick()
	switch {
	case d.lottery != l.Lottery:
		*d = drawing{asked: d.asked, lottery: l.Lottery}
	case d.round > 0:
		if len(d.waits) == 0 || now-d.since > s.ticks(drawFor) {
			s.nextRound(l)
		}
		return
	}
	if d.asked || l.UntilMs != 0 && l.UntilMs <= nowMs(s.r) {
		s.nextRound(l)
	}
}

// nextRound asks houses for what is missing, each in proportion to its entrants, or ends the drawing.
func (s *show) nextRound(l *danmakuv1.Lottery) {
	d := &s.drawing
	missing := int(l.Places) - len(d.authors)
	type pot struct {
		h    *houseOf
		left uint32
		take uint32
	}
	var pots []pot
	sum := uint64(0)
	for _, h := range s.houses {
		if !h.away && h.lottery == l.Lottery && h.entrants > 0 {
			pots = append(pots, pot{h: h, left: h.entrants})
			sum += uint64(h.entrants)
		}
	}
	if d.round == 0 {
		d.drawn.Entrants = uint32(sum)
	}
	if missing <= 0 || sum == 0 || d.round >= maxRounds || d.round > 0 && uint64(len(d.authors)) >= sum {
		s.endDrawing(l)
		return
	}
	d.round++
	d.since, d.waits = s.r.Tick(), map[string]uint32{}
	for range min(uint64(missing), sum) {
		at := s.r.Rand().Uint64N(sum)
		for i := range pots {
			p := &pots[i]
			if at < uint64(p.left) {
				p.left--
				p.take++
				sum--
				break
			}
			at -= uint64(p.left)
		}
	}
	for _, p := range pots {
		if p.take > 0 {
			d.waits[p.h.id] = p.take
			d.out = append(d.out, &danmakuv1.DrawFrom{House: p.h.id, Lottery: l.Lottery, Places: p.take, Round: d.round})
		}
	}
}

// onDrawn takes whom a house has drawn.
func (s *show) onDrawn(from *world.Posting, m *danmakuv1.Drawn) {
	d := &s.drawing
	if from.Topic != topicUp(s.name) || from.From == "" || d.waits[from.From] == 0 || m.Round != d.round || m.Lottery != d.lottery ||
		len(m.Names) != len(m.Authors) || len(m.PlayerIds) != len(m.Authors) {
		return
	}
	places := d.waits[from.From]
	delete(d.waits, from.From)
	for i, a := range m.Authors {
		if uint32(i) < places && !contains(d.authors, a) {
			d.authors = append(d.authors, a)
			d.drawn.Names, d.drawn.PlayerIds = append(d.drawn.Names, m.Names[i]), append(d.drawn.PlayerIds, m.PlayerIds[i])
		}
	}
}

func contains(all []uint64, a uint64) bool {
	for _, x := range all {
		if x == a {
			return true
		}
	}
	return false
}

// endDrawing tells who has won.
func (s *show) endDrawing(l *danmakuv1.Lottery) {
	d := &s.drawing
	after := *l
	after.Drawn, after.Winners, after.Names, after.Entrants = true, d.authors, d.drawn.Names, d.drawn.Entrants
	s.state.Lottery = &after
	res := d.drawn
	res.Show, res.Lottery, res.Prize = s.name, l.Lottery, l.Prize
	s.r.Tell(&res)
	s.change()
}
