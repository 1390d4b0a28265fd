package service

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// CreateRoom makes a room of the caller's.
func (s *Service) CreateRoom(ctx context.Context, req *connect.Request[tickroomv1.CreateRoomRequest]) (*connect.Response[tickroomv1.CreateRoomResponse], error) {
	c := caller(ctx)
	w, err := s.readWish(ctx, &c, req.Msg.GetMode(), req.Msg.GetKind(), req.Msg.GetSelf())
	if err != nil {
		return nil, err
	}
	m, err := s.newMatch(ctx, w, func(m *store.Match) {
		m.Host, m.Code, m.Open = c.Player, newCode(), req.Msg.GetOpen()
	})
	if err != nil {
		return nil, err
	}
	if m.Open {
		if _, err := s.list(ctx, &c, m); err != nil {
			return nil, err
		}
	}
	a, err := s.assign(ctx, &c, m)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.CreateRoomResponse{Assignment: a, GuestToken: c.GuestToken}), nil
}

// JoinRoom gives a seat in a certain room.
func (s *Service) JoinRoom(ctx context.Context, req *connect.Request[tickroomv1.JoinRoomRequest]) (*connect.Response[tickroomv1.JoinRoomResponse], error) {
	c := caller(ctx)
	if !c.CanPlay {
		return nil, denied("the caller may not play")
	}
	if _, err := name(&c, req.Msg.GetSelf()); err != nil {
		return nil, err
	}
	m, err := s.find(ctx, &c, req.Msg.GetRoom(), req.Msg.GetCode())
	if err != nil {
		return nil, err
	}
	a, err := s.enter(ctx, &c, req.Msg.GetRoom(), m, req.Msg.GetCode() != "")
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.JoinRoomResponse{Assignment: a, GuestToken: c.GuestToken}), nil
}

// find gives the match of a room, by the room's id or a code; nil if the room has none.
func (s *Service) find(ctx context.Context, c *call, room, code string) (*store.Match, error) {
	switch {
	case (room == "") == (code == ""):
		return nil, invalid("give room or code, one of the two")
	case code != "":
		clean, ok := readCode(code)
		if !ok {
			return nil, invalid("code %q: a code has %d letters and digits of %s", short(code), codeLength, codeLetters)
		}
		if err := s.guess(c); err != nil {
			return nil, err
		}
		code = clean
	default:
		if err := checkID("room", room); err != nil {
			return nil, err
		}
	}
	m, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Match(ctx, room, code) })
	switch {
	case errors.Is(err, store.ErrNoRoom) && code != "":
		return nil, notFound("there is no room with the code %s", code)
	case errors.Is(err, store.ErrNoRoom):
		return nil, nil
	case err != nil:
		return nil, s.refuse(ctx, "match", err)
	}
	if _, alive, err := s.node(ctx, m.Node); err != nil {
		return nil, err
	} else if !alive {
		return nil, notFound("the room %s is gone: its server is not there any more", m.ID)
	}
	return &m, nil
}

// enter gives the caller a seat in the room of a match, or in one that has none, which
// is known to the directory alone.
func (s *Service) enter(ctx context.Context, c *call, room string, m *store.Match, invited bool) (*tickroomv1.Assignment, error) {
	if m != nil {
		room = m.ID
		back, err := s.playing(ctx, c)
		switch {
		case err != nil:
			return nil, err
		case back != nil && back.ID == m.ID:
			// It has a place there already, even if the room is full.
			return s.rejoin(ctx, c, m)
		case made(m, c.Player) && s.refilled(m, c.Player):
			return nil, precondition("the caller has left the match %s, and somebody else has its place", m.ID)
		case made(m, c.Player):
			return s.rejoin(ctx, c, m)
		case !invited && !m.Open && m.Host != c.Player:
			return nil, noRoom(room) // it is nobody else's business that there is one
		}
	}
	r, err := s.reserve(ctx, c, store.Want{ID: room})
	switch {
	case errors.Is(err, store.ErrFull):
		return nil, later(connect.CodeResourceExhausted, noNode, "the room %s is full", room)
	case errors.Is(err, store.ErrNoRoom) && m != nil:
		// It is not listed until somebody has come.
		return s.assign(ctx, c, m)
	case errors.Is(err, store.ErrNoRoom):
		return nil, noRoom(room)
	case err != nil:
		return nil, s.refuse(ctx, "reserve", err)
	case m != nil:
		return s.assign(ctx, c, m)
	case r.Private:
		s.release(ctx, c, room)
		return nil, noRoom(room)
	}
	return s.assignRoom(ctx, c, &r)
}

func noRoom(id string) error { return notFound("there is no room %s that is open to the caller", id) }

// Spectate gives a place to watch a room from.
func (s *Service) Spectate(ctx context.Context, req *connect.Request[tickroomv1.SpectateRequest]) (*connect.Response[tickroomv1.SpectateResponse], error) {
	c := caller(ctx)
	if !c.CanSpectate {
		return nil, denied("the caller may not watch rooms")
	}
	if _, err := name(&c, req.Msg.GetSelf()); err != nil {
		return nil, err
	}
	id := req.Msg.GetRoom()
	m, err := s.find(ctx, &c, id, req.Msg.GetCode())
	if err != nil {
		return nil, err
	}
	var a *tickroomv1.Assignment
	var node string
	if m != nil {
		if m.Code != "" && !m.Open && req.Msg.GetCode() == "" && m.Host != c.Player {
			return nil, noRoom(id)
		}
		if made(m, c.Player) {
			return nil, precondition("the caller plays in the room %s; join it", m.ID)
		}
		a, node = &tickroomv1.Assignment{
			Url: m.URL, Kind: m.Kind, Room: m.ID, Mode: m.Mode, Region: m.Region, Teams: teams(m), Bots: uint32(m.Bots), Quality: m.Quality,
		}, m.Node
	} else {
		r, err := s.listedRoom(ctx, id)
		if err != nil {
			return nil, err
		}
		a, node = &tickroomv1.Assignment{Url: r.URL, Kind: r.Kind, Room: r.ID, Mode: r.Mode, Region: r.Region}, r.Node
	}
	if !s.o.Kinds[a.GetKind()].Spectators {
		return nil, precondition("rooms of kind %s can't be watched", a.GetKind())
	}
	a.Role = RoleSpectator
	if err := s.sign(ctx, &c, a, node); err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.SpectateResponse{Assignment: a, GuestToken: c.GuestToken}), nil
}

// listedRoom gives a room of the list that everybody may know.
func (s *Service) listedRoom(ctx context.Context, id string) (*store.Listing, error) {
	all, err := s.roomsNow(ctx, "")
	if err != nil {
		return nil, err
	}
	// By id.
	i, ok := slices.BinarySearchFunc(all, id, func(r store.Listing, id string) int { return strings.Compare(r.ID, id) })
	if !ok || all[i].Private {
		return nil, noRoom(id)
	}
	return &all[i], nil
}

// open tells whether everybody may know of the room, and come.
func open(r *store.Listing) bool { return !r.Private && !r.Closed }

// holds tells whether a query holds of a room.
func holds(q *query.Query, r *store.Listing, now time.Time) bool {
	if q == nil {
		return true
	}
	age := 0.0
	if !r.Created.IsZero() {
		age = max(0, now.Sub(r.Created).Seconds())
	}
	of := query.Subject{Players: r.Taken, Attributes: map[string]any{
		"capacity": float64(r.Capacity), "free": float64(max(0, r.Capacity-r.Taken)),
		"kind": r.Kind, "mode": r.Mode, "region": r.Region, "age": age,
	}}
	return q.Match(&query.Subject{}, &of)
}

// ListRooms lists rooms that are open to all.
func (s *Service) ListRooms(ctx context.Context, req *connect.Request[tickroomv1.ListRoomsRequest]) (*connect.Response[tickroomv1.ListRoomsResponse], error) {
	kind, modeName := req.Msg.GetKind(), req.Msg.GetMode()
	if kind != "" || modeName != "" {
		p, err := s.readPurpose(modeName, kind)
		if err != nil {
			return nil, err
		}
		kind = p.kind
	}
	q, err := readQuery(req.Msg.GetQuery())
	if err != nil {
		return nil, err
	}
	size := int(req.Msg.GetPageSize())
	if size > MaxPage {
		return nil, invalid("page_size is %d; it must be from 1 to %d, or 0 for %d", size, MaxPage, DefaultPage)
	}
	if size == 0 {
		size = DefaultPage
	}
	after, err := readPage(req.Msg.GetPageToken())
	if err != nil {
		return nil, err
	}
	all, err := s.roomsNow(ctx, kind)
	if err != nil {
		return nil, err
	}
	out := &tickroomv1.ListRoomsResponse{}
	now := s.o.Now()
	// The list is by id, and a page begins after an id: rooms that come or go meanwhile
	// move no others.
	i, found := slices.BinarySearchFunc(all, after, func(r store.Listing, id string) int { return strings.Compare(r.ID, id) })
	if found {
		i++
	}
	for ; i < len(all); i++ {
		r := &all[i]
		if !open(r) || modeName != "" && r.Mode != modeName || !holds(q, r, now) {
			continue
		}
		if len(out.GetRooms()) == size {
			out.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(out.GetRooms()[size-1].GetRoom()))
			break
		}
		out.Rooms = append(out.Rooms, s.info(r))
	}
	return connect.NewResponse(out), nil
}

func (s *Service) info(r *store.Listing) *tickroomv1.RoomInfo {
	info := &tickroomv1.RoomInfo{
		Room: r.ID, Kind: r.Kind, Mode: r.Mode, Region: r.Region, Players: uint32(max(0, r.Taken)), Capacity: uint32(max(0, r.Capacity)),
		Spectators: r.Spectators,
	}
	if !r.Created.IsZero() {
		info.Created = timestamppb.New(r.Created)
	}
	return info
}

// readPage gives the id that a page begins after.
func readPage(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) > MaxID {
		return "", invalid("page_token is none that was given as next_page_token")
	}
	return string(b), nil
}
