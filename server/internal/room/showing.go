package room

import (
	"slices"

	"github.com/tickroom/tickroom/server/internal/bus"
)

// showing is whether a house hears its show. It does if the show is there, as Loop.Shown tells, and
// the bus carries the topics by which the show speaks to its houses.
type showing struct {
	topics []string // those that the show speaks by; none: the room is no house
	epoch  uint64   // of the show that is there; 0: none
	heard  map[string]hearing
}

// hearing is how it is with one topic of a show.
type hearing struct {
	carried bool // the bus carries it
	missed  bool // messages were missed, and the game was not told
	told    told
}

// told is what a game was told of a topic.
type told uint8

const (
	nothing told = iota
	deaf
	hears
)

// showNews is what a house is told of its show between two ticks.
type showNews struct {
	news    bool
	between bool // another show was there, or none, since the last tick
	epoch   uint64
}

// note takes in which epoch of the show is there now.
func (s *showNews) note(epoch uint64) {
	s.between = s.news && (s.between || s.epoch != epoch)
	s.news, s.epoch = true, epoch
}

// Shown tells the room, a house, with its next tick, which epoch of its show is there; 0: none.
func (l *Loop) Shown(epoch uint64) {
	l.inbox.mu.Lock()
	l.inbox.shown.note(epoch)
	l.inbox.mu.Unlock()
	l.inbox.rouse()
}

// turned takes in, at the beginning of a tick, what became of the show, and tells the game.
func (e *Engine) turned(n showNews) {
	s := &e.showing
	if n.epoch == s.epoch && !n.between {
		return
	}
	s.epoch = n.epoch
	if n.epoch != 0 {
		e.room.SetShowEpoch(n.epoch)
	}
	for _, topic := range s.topics {
		h := s.heard[topic]
		if h.told == hears {
			h.told = deaf
			e.room.HandleDeaf(topic)
		}
		s.heard[topic] = e.settleHearing(topic, h, h.carried)
	}
}

// carries takes in whether the bus carries a topic, and tells the game.
func (e *Engine) carries(a *bus.Arrival) {
	s := &e.showing
	if !slices.Contains(s.topics, a.Topic) {
		if a.Deaf {
			e.room.HandleDeaf(a.Topic)
		} else {
			e.room.HandleHears(a.Topic, a.Missed)
		}
		return
	}
	h := s.heard[a.Topic]
	h.carried, h.missed = !a.Deaf, h.missed || a.Missed
	s.heard[a.Topic] = e.settleHearing(a.Topic, h, true)
}

// settleHearing tells the game what it does not know yet of a topic of the show; of one that the bus
// has said nothing of, nothing.
func (e *Engine) settleHearing(topic string, h hearing, said bool) hearing {
	now := deaf
	if h.carried && e.showing.epoch != 0 {
		now = hears
	}
	switch {
	case now == hears && (h.told != hears || h.missed):
		e.room.HandleHears(topic, h.missed)
		h.missed = false
	case !said:
		return h
	case now == deaf && h.told != deaf:
		e.room.HandleDeaf(topic)
	}
	h.told = now
	return h
}
