package registry

import (
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
)

// audience is who may watch a room, of a kind that can be watched.
type audience uint8

const (
	everybody audience = iota
	invited            // those with a seat, which the matchmaker gives for the room's code
	nobody
)

// matchNotWatched is what those are told who want to watch a match that nobody may.
const matchNotWatched = "the match can't be watched: its mode lets no spectators in"

// watchers returns who may watch the room of a match; nil is a room of none. That of a mode
// shows players to each other that were not chosen by each other: so it is watched only where
// the mode says so, and otherwise by nobody, its own players included, who would see what
// their team does not. A private room is watched by those who have its code.
func (r *Registry) watchers(m *store.Match) audience {
	if m == nil || m.Mode == "" {
		return everybody
	}
	switch md := r.o.Config.Mode(m.Mode); {
	case md != nil && md.Spectators:
		return everybody
	case m.Code != "":
		return invited
	}
	return nobody
}

// watch returns why somebody may not watch a room of a kind, or nil. e is the room; nil: it
// does not run yet, or any will do. seated is true for somebody with a seat in it.
func (r *Registry) watch(k *kind, e *Entry, seated bool) error {
	if !k.Spectators {
		return refusal.New(closecode.BadHello, "%s", room.NotWatched).Because("not_watched")
	}
	if e == nil {
		return nil
	}
	switch r.watchers(e.match) {
	case nobody:
		return refusal.New(closecode.Forbidden, "%s", matchNotWatched).Because("match_not_watched")
	case invited:
		if !seated {
			return needsSeat()
		}
	}
	return nil
}
