package service

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// Caller is who calls.
type Caller struct {
	// Player is its id, the same in all calls and rooms.
	Player string
	// Name is what others know it by; it may be empty.
	Name string
	// CanPlay: it may take part. CanSpectate: it may watch rooms. CanExplain: it may ask
	// why others' tickets wait. CanReport: it may report results and see all ratings.
	CanPlay, CanSpectate, CanExplain, CanReport bool
	// Roles returns its roles in the rooms of a show, or elsewhere if that is empty. nil: it has none.
	Roles func(show string) []string
	// Guest: nobody vouches for it.
	Guest bool
	// GuestToken is that of a guest who came without one, and so is new. It is told to
	// the guest once and never logged.
	GuestToken string
	// GuestExpires is when that expires; zero without one.
	GuestExpires time.Time
}

// Identity knows who calls.
type Identity interface {
	// Authenticate returns who sent a request with these headers from an address, which is
	// http.Request.RemoteAddr's. Where guests are allowed, a request without a token is
	// that of a new guest. An error that is a *connect.Error is told to the client as it
	// is; all others are internal.
	Authenticate(ctx context.Context, h http.Header, peer string) (Caller, error)
}

// SeatFor is what a seat is to be for.
type SeatFor struct {
	Player, Room, Node string
	Mode               string // may be empty
	Team               int    // from 0 to 255
	Role               string // may be empty; RoleSpectator: to watch
	AnyRoom            bool   // if the room has no place in the end, any other one of the kind and mode will do
	Name               string // what the player wants to be called; may be empty
}

// RoleSpectator is the role of a seat to watch a room from.
const RoleSpectator = "spectator"

// Seats signs seats.
type Seats interface {
	// Issue returns a token for a seat, which is good once and until expires. Who holds
	// it can neither read nor change it.
	Issue(ctx context.Context, s SeatFor) (token string, expires time.Time, err error)
}

// Work is what a call costs, and how it is limited.
type Work uint8

// The kinds of work. Each has a limit of its own.
const (
	Ask    Work = iota // it looks at something
	Change             // it makes or changes something
	Code               // it tries a room's code, and so can guess
	Room               // it has a room made, into which nobody may ever come
)

// Limits keep anybody from asking too much. Its methods must not block.
type Limits interface {
	// Address counts a request from an address, as Identity gets it, and returns the time
	// until one may be made; 0: now. The error, a *connect.Error, is for those who are
	// banned.
	Address(peer string, h http.Header, w Work) (wait time.Duration, err error)
	// Player counts a request of a player in the same way.
	Player(player string, w Work) (wait time.Duration, err error)
}

// Explainer explains why tickets wait.
type Explainer interface {
	// Explain explains a ticket that waits. The error wraps store.ErrNoTicket,
	// store.ErrEnded or queue.ErrGathering if it does not, and match.ErrTicket if it
	// can never match.
	Explain(ctx context.Context, ticket string) (match.Explanation, error)
}

// call is who calls, and from where.
type call struct {
	Caller
	peer   string
	header http.Header
	// anyRoom: the seat need not insist on its room.
	anyRoom bool
}

type callKey struct{}

// guestExpires returns when the token of a new guest expires; nil for others.
func (c *call) guestExpires() *timestamppb.Timestamp {
	if c.GuestToken == "" || c.GuestExpires.IsZero() {
		return nil
	}
	return timestamppb.New(c.GuestExpires)
}

// caller returns who calls; the gate has put it there.
func caller(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call)
	return c
}

// procedure is what is asked of those who call it.
type procedure struct {
	work Work
	// newcomer: it makes sense for somebody who was never here. All but ListRooms and
	// WatchRooms, which are for everybody, give a guest its token.
	newcomer bool
	// may reports whether a caller may; nil: everybody may. Who may not is told why.
	may    func(*Caller) bool
	whyNot string
}

func canPlay(c *Caller) bool { return c.CanPlay }

const mayNotPlay = "the caller may not play"

var procedures = map[string]procedure{
	tickroomv1connect.MatchmakingServiceQuickJoinProcedure:  {Change, true, canPlay, mayNotPlay},
	tickroomv1connect.MatchmakingServiceEnqueueProcedure:    {Change, true, canPlay, mayNotPlay},
	tickroomv1connect.MatchmakingServiceReadyProcedure:      {Change, false, canPlay, mayNotPlay},
	tickroomv1connect.MatchmakingServiceWatchProcedure:      {Ask, false, nil, ""},
	tickroomv1connect.MatchmakingServiceCancelProcedure:     {Change, false, nil, ""},
	tickroomv1connect.MatchmakingServiceExplainProcedure:    {Ask, false, nil, ""},
	tickroomv1connect.MatchmakingServiceCreateRoomProcedure: {Change, true, canPlay, mayNotPlay},
	tickroomv1connect.MatchmakingServiceJoinRoomProcedure:   {Change, true, canPlay, mayNotPlay},
	tickroomv1connect.MatchmakingServiceListRoomsProcedure:  {Ask, true, nil, ""},
	tickroomv1connect.MatchmakingServiceWatchRoomsProcedure: {Ask, true, nil, ""},
	tickroomv1connect.MatchmakingServiceSpectateProcedure: {Change, true, func(c *Caller) bool { return c.CanSpectate },
		"the caller may not watch rooms"},
	tickroomv1connect.MatchmakingServiceReportResultProcedure: {Change, false, func(c *Caller) bool { return c.CanReport },
		"only servers report results: it needs the role admin"},
	tickroomv1connect.MatchmakingServiceGetRatingProcedure: {Ask, false, nil, ""},
}

// busy is how long those are to wait who come to a server that can take nothing new.
const busy = 5 * time.Second

// gate lets a request in, before its message is read: first by its address, so that
// the checking of tokens is limited too, then by who sent it.
func (s *Service) gate(ctx context.Context, spec connect.Spec, peer connect.Peer, h http.Header) (context.Context, error) {
	p := procedures[spec.Procedure]
	if err := limited(s.o.Limits.Address(peer.Addr, h, p.work)); err != nil {
		return nil, err
	}
	if p.newcomer && p.work == Change && s.o.Busy != nil && s.o.Busy() {
		return nil, later(connect.CodeUnavailable, busy, "the server can take nothing new for now; ask again later, or another server")
	}
	c, err := ask(ctx, func(ctx context.Context) (Caller, error) { return s.o.Identity.Authenticate(ctx, h, peer.Addr) })
	if err != nil {
		return nil, s.refuse(ctx, "authenticate", err)
	}
	if c.GuestToken != "" && !p.newcomer {
		err := failed(connect.CodeUnauthenticated, "this call is for players who are known: send the token of the guest, or your own, as Authorization: Bearer TOKEN")
		err.Meta().Set("WWW-Authenticate", "Bearer")
		return nil, s.tell("", spec.Procedure, err, err)
	}
	if c.GuestToken == "" {
		// A new guest has no past to be limited by; its address has.
		if err := limited(s.o.Limits.Player(c.Player, p.work)); err != nil {
			return nil, err
		}
	}
	if p.may != nil && !p.may(&c) {
		err := failed(connect.CodePermissionDenied, "%s", p.whyNot)
		return nil, s.tell(c.Player, spec.Procedure, err, err)
	}
	return context.WithValue(ctx, callKey{}, call{Caller: c, peer: peer.Addr, header: h}), nil
}

// guess lets the caller try the code of a room.
func (s *Service) guess(c *call) error {
	err := limited(s.o.Limits.Address(c.peer, c.header, Code))
	if err == nil && c.GuestToken == "" {
		err = limited(s.o.Limits.Player(c.Player, Code))
	}
	if err != nil {
		return recorded{err}
	}
	return nil
}

// mayMake lets the caller have a room made. One that nobody enters is there for a while: the rate of those
// that are asked for bounds their number.
func (s *Service) mayMake(c *call) error {
	err := limited(s.o.Limits.Address(c.peer, c.header, Room))
	if err == nil && c.GuestToken == "" {
		err = limited(s.o.Limits.Player(c.Player, Room))
	}
	if err != nil {
		return recorded{err}
	}
	return nil
}

// limited makes the error of a limit.
func limited(wait time.Duration, err error) error {
	if err == nil && wait > 0 {
		err = later(connect.CodeResourceExhausted, wait, "too many requests; try again in %d s", seconds(wait))
	}
	return err
}
