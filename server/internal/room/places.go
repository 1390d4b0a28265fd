package room

import (
	"errors"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/world"
)

// A player plays or watches, and may do both at once, from two places: the two are sessions
// of their own, and so are the places in the room that they take.

// part is what a session takes in its room.
type part uint8

const (
	plays part = iota
	watches
	parts // how many there are
)

func partOf(spectator bool) part {
	if spectator {
		return watches
	}
	return plays
}

// Places is how many places a room has, and who takes them.
type Places struct {
	// Players and Spectators are those who have a session, be it that they are away.
	Players, MaxPlayers       int
	Spectators, MaxSpectators int
	// Locked is true if no new players are to be sent to the room: its game or a backend has
	// locked it, or the game had no place for the last one who came.
	Locked bool
}

// Open reports whether there is a place for another player.
func (p *Places) Open() bool { return !p.Locked && p.Players < p.MaxPlayers }

// Places returns the places of the room as they are now.
func (e *Engine) Places() Places {
	p := Places{
		Players: e.inside[plays], MaxPlayers: max(e.room.MaxPlayers, 0),
		Spectators: e.inside[watches], MaxSpectators: e.maxSpectators(),
		Locked: e.room.Locked() || e.barred || e.refusals[plays].hold(e, plays),
	}
	if e.refusals[watches].hold(e, watches) {
		p.MaxSpectators = p.Spectators
	}
	return p
}

func (e *Engine) maxSpectators() int {
	if !e.kind.Spectators || e.cfg.Unwatched != "" {
		return 0
	}
	return max(e.room.MaxSpectators, 0)
}

// Reasons for which the room has no place. The client is told RoomFull with each.
var (
	errLocked         = closeError(closecode.RoomFull, "the room is locked: it takes no new players now")
	errNoPlace        = closeError(closecode.RoomFull, world.ErrFull.Error())
	errNoPlaceToWatch = closeError(closecode.RoomFull, "the room has no more places to watch from")
)

// lacksPlace reports whether a joiner was turned away since the room has no place for it.
func lacksPlace(err error) bool {
	return errors.Is(err, world.ErrFull) || asClose(err).Code == closecode.RoomFull
}

// hasPlace returns why the room has no place for a joiner, or nil if it has.
func (e *Engine) hasPlace(j *Joiner) error {
	switch {
	case e.failed != nil:
		return roomFailed()
	case j.part() == watches && !e.kind.Spectators:
		return closeError(closecode.BadHello, NotWatched)
	case j.part() == watches && e.cfg.Unwatched != "":
		return closeError(closecode.Forbidden, e.cfg.Unwatched)
	case j.part() == watches && e.inside[watches] >= e.maxSpectators():
		return errNoPlaceToWatch
	case j.part() == plays && (e.room.Locked() || e.barred):
		return errLocked
	case j.part() == plays && e.inside[plays] >= e.room.MaxPlayers:
		return errNoPlace
	}
	return nil
}

// NotWatched is what those are told who want to watch a room of a kind without spectators.
const NotWatched = "rooms of this kind can't be watched"

// refusedSeconds is for how long nobody is sent to a room whose game had no place.
const refusedSeconds = 2

// refusal remembers that the game's Join had no place for somebody, and what has to stay as
// it was for that to hold on.
type refusal struct {
	until   uint32 // the tick; 0: it had
	max     int
	unlocks uint32
}

// refuse notes that the game has no place for another one.
func (e *Engine) refuse(p part) {
	e.refusals[p] = refusal{until: e.tick + 1 + uint32(refusedSeconds*e.room.TickRate), max: e.max(p), unlocks: e.room.Unlocks()}
}

func (e *Engine) max(p part) int {
	if p == watches {
		return e.room.MaxSpectators
	}
	return e.room.MaxPlayers
}

func (r *refusal) hold(e *Engine, p part) bool {
	return e.tick < r.until && r.max == e.max(p) && r.unlocks == e.room.Unlocks()
}

// sits reports whether a joiner is the player of a session as it is: it wants the same part,
// and its seat, if it has one, is in the same team and role.
func (j *Joiner) sits(p *world.Player) bool {
	if p.Spectator || j.part() == watches {
		return p.Spectator == (j.part() == watches)
	}
	s := j.Seat
	return s == nil || int(s.Team) == p.Team && s.Role == p.Role && (s.Mode != "") == p.InMatch
}

// resumes reports whether a joiner wants to go on with a session that it can resume. A
// hello that resumes need not say whether it was to watch.
func (j *Joiner) resumes(p *world.Player) bool {
	if j.Seat == nil {
		return p.Spectator || j.part() == plays
	}
	return j.sits(p)
}
