package server

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Matches knows the matches that the matchmaker has made. A store.Matches is one.
type Matches interface {
	// Match gives a match by its id, which is its room's too. store.ErrNoRoom if
	// there is none.
	Match(ctx context.Context, id, code string) (store.Match, error)
}

// WithMatches makes the server open the rooms of matches when the first of their
// players comes with a seat. Without it seats are good for rooms that are there.
func WithMatches(m Matches) Option { return func(o *options) { o.matches = m } }

// WithUsedSeats makes the server remember used seats in used instead of in its own
// memory.
func WithUsedSeats(used seat.Used) Option { return func(o *options) { o.used = used } }

// NodeID gives the name of this server, which seats in its rooms are for.
func (s *Server) NodeID() string { return s.node }

// SeatKeys gives the keys that seats are made and checked with.
func (s *Server) SeatKeys() *seat.Keys { return s.seatKeys }

// redeem uses up the seat that a joiner has come with. A hello that names no room, or
// no kind, means those of the seat. The error is a *socket.CloseError.
func (s *Server) redeem(ctx context.Context, j *room.Joiner) error {
	token := seat.Token(j.Hello.GetSeat())
	in := j.Hello.GetRoom()
	if in == "" {
		said, err := s.gate.Peek(token)
		if err != nil {
			return s.seatRefused(j, err)
		}
		in = said.Room
	}
	taken, err := s.gate.Redeem(ctx, token, j.Who.Player, in)
	if err != nil {
		return s.seatRefused(j, err)
	}
	s.metrics.Seat("used")
	j.Seat = &taken
	if j.Who.Roles&room.Playing == 0 && !j.Hello.GetSpectate() && taken.Role != room.RoleSpectator {
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN, room.WatchOnly)
	}
	return nil
}

func (s *Server) seatRefused(j *room.Joiner, err error) error {
	label := seat.Label(err)
	if label == "" {
		label = "failed"
	}
	s.metrics.Seat(label)
	if errors.Is(err, seat.ErrUnavailable) {
		s.log.Warn("a seat could not be checked", "error", errors.Join(unwrapAll(err)...))
	}
	s.log.Debug("a seat was refused", "why", label, "player", j.Who.Player, "client", j.Addr)
	return closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "%s", err)
}

func unwrapAll(err error) []error {
	if u, ok := err.(interface{ Unwrap() []error }); ok {
		return u.Unwrap()
	}
	return []error{err}
}

// seated finds the room that a seat is in, or opens it, with a place taken in it for
// the player.
func (rs *rooms) seated(ctx context.Context, kindName string, s *seat.Seat) (*room.Loop, error) {
	for range 3 {
		l := rs.find(s.Room)
		if l == nil {
			var err error
			if l, err = rs.open(ctx, s.Room); err != nil {
				rs.unlist(ctx, s.Room, err)
				return nil, err
			}
		}
		if k := l.Info().Kind; kindName != "" && kindName != k {
			return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "the seat is in a room of kind %.20q, not %.20q", k, kindName)
		}
		if rs.hasLeft(s) {
			return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "the seat was given up: its player has left the match since")
		}
		// A place that the matchmaker has reserved has the player's name.
		reserved, err := rs.dir.Confirm(ctx, s.Room, s.Player)
		if err == nil && !reserved {
			_, err = rs.dir.Reserve(ctx, store.Want{ID: s.Room})
		}
		switch {
		case errors.Is(err, store.ErrFull):
			return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "the room is full")
		case errors.Is(err, store.ErrNoRoom):
			// It is about to end, since nobody was there; or the directory has lost it.
			if added, err := rs.relist(ctx, l); err != nil || added {
				if err != nil {
					return nil, rs.away(err)
				}
				continue
			}
			select {
			case <-l.Done():
				continue
			case <-ctx.Done():
				return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, "the room has ended")
			}
		case err != nil:
			return nil, rs.away(err)
		}
		return l, nil
	}
	return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, "the room has ended")
}

// unlist takes a room off the directory that should be here and is not, and for which
// there is no match any more: the server had the same name before and has died, say. If
// it stayed there, players would be sent to it again and again.
func (rs *rooms) unlist(ctx context.Context, id string, why error) {
	if ce := (*socket.CloseError)(nil); !errors.As(why, &ce) || ce.Code != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED) {
		return
	}
	if err := rs.dir.Remove(ctx, id); err != nil {
		rs.log.Warn("a room that is gone stays in the directory", "room", id, "error", err)
	}
}

// leaves notes that a player has left the room of a match for good.
func (rs *rooms) leaves(room, player string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.leavers[room] == nil {
		rs.leavers[room] = map[string]time.Time{}
	}
	rs.leavers[room][player] = time.Now()
}

// hasLeft tells whether the player of a seat has left the room since the seat was
// given. Somebody else may have the place by now.
func (rs *rooms) hasLeft(s *seat.Seat) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	at, left := rs.leavers[s.Room][s.Player]
	return left && !s.Issued.After(at)
}

// relist puts a room that runs on the list again if it is not there, since the
// directory has lost what it knew. It tells whether it did.
func (rs *rooms) relist(ctx context.Context, l *room.Loop) (added bool, err error) {
	i := l.Info()
	rs.mu.Lock()
	r, ok := rs.listed[i.ID]
	rs.mu.Unlock()
	if !ok {
		return false, nil
	}
	r.Taken = i.Clients + i.Held
	err = rs.dir.Add(ctx, r)
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	select {
	case <-l.Done(): // meanwhile, and it was taken off before it was put on
		return false, rs.dir.Remove(ctx, i.ID)
	default:
	}
	rs.log.Info("a room was missing in the directory, and is listed again", "room", i.ID)
	return true, nil
}

// open makes the room of a match, or gives it if it is there. No place is taken.
func (rs *rooms) open(ctx context.Context, id string) (*room.Loop, error) {
	gone := closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, "the room is not there any more")
	if rs.matches == nil {
		return nil, gone
	}
	m, err := rs.matches.Match(ctx, id, "")
	switch {
	case errors.Is(err, store.ErrNoRoom):
		return nil, gone
	case err != nil:
		rs.log.Error("a match could not be looked up", "room", id, "error", err)
		return nil, &socket.CloseError{Code: socket.CodeTryAgain, Reason: "the match can't be looked up now"}
	case m.ID != id || m.Node != "" && m.Node != rs.node:
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "the room is on another server")
	}
	rs.mu.Lock()
	k := rs.kinds[m.Kind]
	rs.mu.Unlock()
	if k == nil {
		rs.log.Error("a match is of a kind that is not there", "room", id, "kind", m.Kind)
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "there is no kind %.20q here", m.Kind)
	}
	k.making.Lock()
	defer k.making.Unlock()
	if l := rs.find(id); l != nil {
		return l, nil // somebody else was faster
	}
	return rs.make(ctx, plan{kind: k, id: id, options: rs.matchOptions(k, &m), match: &m, owner: m.Host})
}

// botsOption is the option of kinds that says how many bots the game plays. Those of a
// match come into it.
const botsOption = "bots"

// matchOptions gives the options of the room of a match.
func (rs *rooms) matchOptions(k *kind, m *store.Match) map[string]string {
	options := over(rs.cfg.Options(m.Kind), m.Options)
	known := slices.ContainsFunc(k.Options, func(o world.Option) bool { return o.Name == botsOption })
	if m.Bots > 0 && known {
		options[botsOption] = strconv.Itoa(m.Bots)
	}
	return options
}

// closedTo tells whether a room is one of a match that lets in those alone who have
// seats.
func (rs *rooms) closedTo(id string) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	m := rs.played[id]
	return m != nil && !m.Open
}
