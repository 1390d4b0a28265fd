package danmaku

import (
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// maxInbox bounds what backends have posted and the show has not done yet, and maxWork how much of it is done
// in one tick, so that what follows from it can be told.
const (
	maxInbox = 500_000
	maxWork  = 200
)

// recovery is how a show that begins, perhaps on another node than the last one, comes to know
// what that knew: its houses tell it.
type recovery struct {
	done  bool
	blank bool   // no house knew anything
	begun uint32 // tick
	first uint32 // tick of the first answer; 0: none
	best  *danmakuv1.HouseState
	acks  map[string]uint64
}

// ack returns the last order of a house that a show before this one has carried out.
func (v *recovery) ack(house string) uint64 { return v.acks[house] }

// late reports whether a house knows of a show before this one and has not been heard in time: then
// the show asks once more.
func (v *recovery) late(s *show, m *danmakuv1.HouseReport) bool {
	if !v.done || !v.blank || m.Revision == 0 || m.Epoch >= s.epoch {
		return false
	}
	*v = recovery{}
	return true
}

// later does what a backend wants when the show knows what there is to know, and what came before
// is done.
func (s *show) later(from *world.Posting, do func()) {
	if len(s.inbox) >= maxInbox {
		s.r.Log.Error("what a backend has posted is lost: too much waits to be done", "topic", from.Topic, "number", from.Number, "max", maxInbox)
		return
	}
	s.inbox = append(s.inbox, do)
}

// work does what backends want.
func (s *show) work() {
	if !s.recovery.done {
		return
	}
	n := min(len(s.inbox), maxWork)
	for i, do := range s.inbox[:n] {
		s.inbox[i] = nil
		do()
	}
	if s.inbox = s.inbox[n:]; len(s.inbox) == 0 {
		s.inbox = nil
	}
}

// onHouseState takes what a house knows.
func (s *show) onHouseState(from *world.Posting, m *danmakuv1.HouseState) {
	v := &s.recovery
	if v.done || from.Topic != topicUp(s.name) || from.From == "" || m.Epoch != s.epoch || m.State == nil {
		return
	}
	if v.first == 0 {
		v.first = s.r.Tick()
	}
	if v.best == nil || better(m, v.best) {
		v.best = m
	}
}

// better reports whether one state is newer than another.
func better(a, b *danmakuv1.HouseState) bool {
	if a.Stated != b.Stated {
		return a.Stated
	}
	if a.State.Epoch != b.State.Epoch {
		return a.State.Epoch > b.State.Epoch
	}
	return a.State.Revision > b.State.Revision
}

// recover ends the beginning, when houses have had the time to answer: a moment after the first one that
// knows something, longer if none does and there was a show before, and longest if there is none.
func (s *show) recover() {
	v := &s.recovery
	now := s.r.Tick()
	if v.begun == 0 {
		v.begun = now
	}
	wait := askFor
	switch {
	case v.best == nil:
		wait = 4 * askFor
	case v.best.Stated || s.begins():
		wait = askFor / 4
	}
	from := v.begun
	if v.first != 0 {
		from = v.first
	}
	if now-from < s.ticks(wait) {
		return
	}
	v.done, v.blank = true, v.best == nil || !v.best.Stated
	if v.best != nil {
		s.takeOver(v.best)
	}
	if s.state.Salt == 0 {
		s.state.Salt = s.r.Rand().Uint64()
	}
	v.best = nil
	s.change()
}

// begins reports whether the show is a new one, as far as its houses have been heard: none of them has the
// state of another.
func (s *show) begins() bool {
	for _, h := range s.houses {
		if h.revision > 0 {
			return false
		}
	}
	return len(s.houses) > 0
}

// takeOver begins with what a house knows.
func (s *show) takeOver(m *danmakuv1.HouseState) {
	old := m.State
	if !m.Stated { // a house that had no show: what it began with, and its moderators' orders come by themselves
		s.state.Salt = old.Salt
		return
	}
	modes := s.state.Modes
	s.state = old
	s.state.Epoch = s.epoch
	s.gifts.last = old.Told
	if s.state.Modes == nil {
		s.state.Modes = modes
	}
	if g := old.Gone; g != nil {
		s.gone.likes, s.gone.comments = g.Likes, g.Comments
		s.gone.drops.merge(g.Drops)
		s.gone.votes = map[uint32][]uint64{}
		for _, v := range g.Votes {
			s.gone.votes[v.Poll] = v.Votes
		}
	}
	s.recovery.acks = map[string]uint64{}
	for _, a := range old.Acks {
		s.recovery.acks[a.House] = a.Order
	}
	for _, h := range s.houses {
		h.order = max(h.order, s.recovery.acks[h.id])
	}
}
