package service

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// CreateRoom makes a room of the caller's.
func (s *Service) CreateRoom(ctx context.Context, req *connect.Request[tickroomv1.CreateRoomRequest]) (*connect.Response[tickroomv1.CreateRoomResponse], error) {
	c := caller(ctx)
	w, err := s.readWish(ctx, &c, req.Msg, "")
	if err != nil {
		return nil, err
	}
	m, err := s.newRoom(ctx, &c, w, store.Match{Host: c.Player, Open: req.Msg.GetOpen()})
	if err != nil {
		return nil, err
	}
	a, err := s.assign(ctx, &c, m)
	return connect.NewResponse(&tickroomv1.CreateRoomResponse{Assignment: a, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
}

// JoinRoom gives a seat in a certain room.
func (s *Service) JoinRoom(ctx context.Context, req *connect.Request[tickroomv1.JoinRoomRequest]) (*connect.Response[tickroomv1.JoinRoomResponse], error) {
	c := caller(ctx)
	m, err := s.find(ctx, &c, req.Msg)
	if err != nil {
		return nil, err
	}
	a, err := s.enter(ctx, &c, req.Msg.GetRoom(), m, req.Msg.GetCode() != "")
	return connect.NewResponse(&tickroomv1.JoinRoomResponse{Assignment: a, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
}

// roomRequest is the request for a certain room.
type roomRequest interface {
	GetRoom() string
	GetCode() string
	GetSelf() *tickroomv1.Member
}

// find returns the match of a room, by the room's id or a code; nil if the room has none.
func (s *Service) find(ctx context.Context, c *call, r roomRequest) (*store.Match, error) {
	var q request
	c.Name = q.name(c, r.GetSelf())
	room, code := r.GetRoom(), r.GetCode()
	q.must((room == "") != (code == ""), "give room or code, one of the two")
	if code != "" {
		clean, ok := readCode(code)
		q.must(ok, "code %q: a code has %d letters and digits of %s", short(code), codeLength, codeLetters)
		code = clean
	} else {
		q.id("room", room)
	}
	if q.err == nil && code != "" {
		q.err = s.guess(c)
	}
	if q.err != nil {
		return nil, q.err
	}
	m, err := s.match(ctx, room, code)
	switch {
	case errors.Is(err, store.ErrNoRoom) && code != "":
		return nil, failed(connect.CodeNotFound, "there is no room with the code %s", code)
	case errors.Is(err, store.ErrNoRoom):
		return nil, nil
	case err != nil:
		return nil, err
	}
	alive, err := s.alive(ctx, m.Node)
	if err == nil && !alive {
		err = failed(connect.CodeNotFound, "the room %s is gone: its server is not there any more", m.ID)
	}
	return &m, err
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
		case isIn(m, c.Player) && s.refilled(m, c.Player):
			return nil, failed(connect.CodeFailedPrecondition, "the caller has left the match %s, and somebody else has its place", m.ID)
		case isIn(m, c.Player):
			return s.rejoin(ctx, c, m)
		case !invited && !m.Open && m.Host != c.Player:
			return nil, noRoom(room) // it is nobody else's business that there is one
		}
	}
	r, err := s.reserve(ctx, c, store.Want{ID: room})
	switch {
	case errors.Is(err, store.ErrFull):
		return nil, later(connect.CodeResourceExhausted, noNode, "the room %s is full, or takes no new players now", room)
	case m != nil && (err == nil || errors.Is(err, store.ErrNoRoom)):
		return s.assign(ctx, c, m) // it is not listed until somebody has come
	case errors.Is(err, store.ErrNoRoom):
		return nil, noRoom(room)
	case err != nil:
		return nil, err
	case r.Private:
		s.cancelReservation(ctx, c, room)
		return nil, noRoom(room)
	}
	return s.assignListing(ctx, c, &r)
}

func noRoom(id string) error {
	return failed(connect.CodeNotFound, "there is no room %s that is open to the caller", id)
}

// Spectate gives a place to watch a room from.
func (s *Service) Spectate(ctx context.Context, req *connect.Request[tickroomv1.SpectateRequest]) (*connect.Response[tickroomv1.SpectateResponse], error) {
	c := caller(ctx)
	if req.Msg.GetRoom() == "" && req.Msg.GetCode() == "" {
		a, err := s.watchAny(ctx, &c, req.Msg)
		return connect.NewResponse(&tickroomv1.SpectateResponse{Assignment: a, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
	}
	m, err := s.find(ctx, &c, req.Msg)
	if err != nil {
		return nil, err
	}
	var a *tickroomv1.Assignment
	var node string
	if m != nil {
		if m.Code != "" && !m.Open && req.Msg.GetCode() == "" && m.Host != c.Player {
			return nil, noRoom(m.ID)
		}
		if isIn(m, c.Player) {
			return nil, failed(connect.CodeFailedPrecondition, "the caller plays in the room %s; join it", m.ID)
		}
		if req.Msg.GetCode() == "" && m.Host != c.Player && !s.watched(m.Mode) {
			return nil, modeNotWatched(m.Mode)
		}
		a, node = ofMatch(m, c.Player), m.Node
	} else {
		r, err := s.listing(ctx, req.Msg.GetRoom())
		if err != nil {
			return nil, err
		}
		if !s.watched(r.Mode) {
			return nil, modeNotWatched(r.Mode)
		}
		a, node = ofListing(r), r.Node
	}
	if s.o.Kinds[a.GetKind()].MaxSpectators <= 0 {
		return nil, notWatched(a.GetKind())
	}
	_, err = s.reserve(ctx, &c, store.Want{ID: a.GetRoom(), Spectate: true})
	switch {
	case errors.Is(err, store.ErrFull):
		return nil, later(connect.CodeResourceExhausted, noNode, "the room %s has no more places to watch from", a.GetRoom())
	case errors.Is(err, store.ErrNoRoom) && m == nil: // that of a match is not listed until somebody has come
		return nil, noRoom(a.GetRoom())
	case err != nil && !errors.Is(err, store.ErrNoRoom):
		return nil, err
	}
	a.Role = RoleSpectator
	a, err = s.sign(ctx, &c, a, node, c.Name)
	return connect.NewResponse(&tickroomv1.SpectateResponse{Assignment: a, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
}

// watchAny gives a place to watch from in the room with the most players that will do, or, if rooms
// are spread, with the most places to watch from. It
// makes none.
func (s *Service) watchAny(ctx context.Context, c *call, r *tickroomv1.SpectateRequest) (*tickroomv1.Assignment, error) {
	var q request
	c.Name = q.name(c, r.GetSelf())
	w := q.wish(s, r.GetMode(), r.GetKind(), r.GetQuery())
	q.must(w.kind != "", "give room, code, mode or kind; the modes are: %s; the kinds are: %s", names(s.modes), names(s.o.Kinds))
	if q.err != nil {
		return nil, q.err
	}
	if s.o.Kinds[w.kind].MaxSpectators <= 0 {
		return nil, notWatched(w.kind)
	}
	if !s.watched(w.modeName) {
		return nil, modeNotWatched(w.modeName)
	}
	all, err := s.rooms(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return nil, err
	}
	fits := func(r store.Listing) bool {
		return w.fits(&r) && s.watched(r.Mode) && r.FreeToWatch() > 0 && contains(nodes, r.Node)
	}
	if !slices.ContainsFunc(all, fits) { // there may be one that was made a moment ago
		if all, err = s.newestRooms(ctx); err != nil {
			return nil, err
		}
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(r store.Listing) bool { return !fits(r) })
	slices.SortStableFunc(fit, func(a, b store.Listing) int { return cmp.Compare(b.Rank(true), a.Rank(true)) })
	for _, r := range fit[:min(len(fit), reserveTries)] {
		got, err := s.reserveIfFree(ctx, c, store.Want{ID: r.ID, Spectate: true})
		if err != nil {
			return nil, err
		}
		if got != nil {
			a := ofListing(got)
			a.Role = RoleSpectator
			return s.sign(ctx, c, a, got.Node, c.Name)
		}
	}
	return nil, failed(connect.CodeNotFound, "there is no room of kind %s that can be watched now; none is made to be watched", w.kind)
}

func notWatched(kind string) error {
	return failed(connect.CodeFailedPrecondition, "rooms of kind %s can't be watched", kind)
}

func modeNotWatched(mode string) error {
	return failed(connect.CodeFailedPrecondition, "rooms of the mode %s can't be watched: it lets no spectators in", mode)
}

// watched reports whether everybody may watch the rooms of a mode that they know of; empty is
// none. The code of a private room is another way.
func (s *Service) watched(mode string) bool {
	return mode == "" || s.modes[mode] != nil && s.modes[mode].Spectators
}

func byID(r store.Listing, id string) int { return strings.Compare(r.ID, id) }

// listing returns a room of the list that everybody may know.
func (s *Service) listing(ctx context.Context, id string) (*store.Listing, error) {
	all, err := s.rooms(ctx)
	if err != nil {
		return nil, err
	}
	i, ok := slices.BinarySearchFunc(all, id, byID)
	if !ok { // it may have been made a moment ago
		if all, err = s.newestRooms(ctx); err != nil {
			return nil, err
		}
		i, ok = slices.BinarySearchFunc(all, id, byID)
	}
	if !ok || all[i].Private {
		return nil, noRoom(id)
	}
	return &all[i], nil
}

// like reports whether the room of a match is one that is wanted.
func (w *wish) like(m *store.Match) bool {
	return m.Kind == w.kind && m.Mode == w.modeName && chosen(m) == w.alike
}

// chosen returns what clients chose the room of a match to be like; nothing if it has a mode, which
// says so.
func chosen(m *store.Match) string {
	if m.Mode != "" {
		return ""
	}
	return store.OptionsText(m.Options)
}

// wish is what room a player wants.
type wish struct {
	options  map[string]string // that clients chose
	alike    string            // the same, for comparison
	mode     *mode.Mode        // nil: none
	modeName string            // empty: none
	kind     string
	query    *query.Query // nil: all will do
	regions  []string     // the nearest first; "" is anywhere
	except   []string     // ids of rooms that won't do
}

// fits reports whether everybody may know of the room, and come, and it is of the kind
// and as the query wants it.
func (w *wish) fits(r *store.Listing) bool {
	if r.Private || r.Closed || w.kind != "" && r.Kind != w.kind || w.mode != nil && r.Mode != w.modeName {
		return false
	}
	return w.query == nil || w.query.Match(&query.Subject{}, subject(r, nil))
}

// subject returns a room as queries see it, with more attributes.
func subject(r *store.Listing, more map[string]any) *query.Subject {
	age := 0.0
	if !r.Created.IsZero() {
		age = max(0, time.Since(r.Created).Seconds())
	}
	free := r.Free()
	if r.Locked {
		free = 0
	}
	attributes := make(map[string]any, len(r.Labels)+len(more)+8)
	maps.Copy(attributes, r.Labels)
	maps.Copy(attributes, map[string]any{
		"capacity": float64(r.MaxPlayers), "free": float64(free), "watching": float64(watching(r)), "locked": r.Locked,
		"kind": r.Kind, "show": r.Show, "mode": r.Mode, "region": r.Region, "age": age,
	})
	maps.Copy(attributes, more)
	out := query.NewSubject(attributes, 0, r.Taken())
	return &out
}

// pageSize reads how many rooms a list has at most.
func (q *request) pageSize(n uint32) int {
	size := cmp.Or(int(n), DefaultPage)
	q.must(size <= MaxPage, "page_size is %d; it must be from 1 to %d, or 0 for %d", size, MaxPage, DefaultPage)
	return size
}

// ListRooms lists rooms that are open to all.
func (s *Service) ListRooms(ctx context.Context, req *connect.Request[tickroomv1.ListRoomsRequest]) (*connect.Response[tickroomv1.ListRoomsResponse], error) {
	var q request
	w := q.wish(s, req.Msg.GetMode(), req.Msg.GetKind(), req.Msg.GetQuery())
	size := q.pageSize(req.Msg.GetPageSize())
	after, err := base64.RawURLEncoding.DecodeString(req.Msg.GetPageToken())
	q.must(err == nil && len(after) <= MaxID, "page_token is none that was given as next_page_token")
	if q.err != nil {
		return nil, q.err
	}
	all, err := s.rooms(ctx)
	if err != nil {
		return nil, err
	}
	out := &tickroomv1.ListRoomsResponse{}
	// The list is by id, and a page begins after an id: rooms that come or go meanwhile
	// move no others.
	i, found := slices.BinarySearchFunc(all, string(after), byID)
	if found {
		i++
	}
	for ; i < len(all); i++ {
		switch r := &all[i]; {
		case !w.fits(r):
		case len(out.GetRooms()) == size:
			out.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(out.GetRooms()[size-1].GetRoom()))
			return connect.NewResponse(out), nil
		default:
			out.Rooms = append(out.Rooms, Info(r))
		}
	}
	return connect.NewResponse(out), nil
}

// watching returns how many watch a room or are about to come to.
func watching(r *store.Listing) int { return r.Spectators + r.ReservedSpectators }

// Info returns what everybody may know of a room.
func Info(r *store.Listing) *tickroomv1.RoomInfo {
	info := &tickroomv1.RoomInfo{
		Room: r.ID, Kind: r.Kind, Mode: r.Mode, Region: r.Region, Players: uint32(max(0, r.Taken())), Capacity: uint32(max(0, r.MaxPlayers)),
		Spectators: r.MaxSpectators > 0, Watching: uint32(max(0, watching(r))), MaxWatching: uint32(max(0, r.MaxSpectators)), Locked: r.Locked,
	}
	info.Show, info.Options = r.Show, r.Shown()
	for name, v := range r.Labels {
		if info.Labels == nil {
			info.Labels = make(map[string]*tickroomv1.Value, len(r.Labels))
		}
		info.Labels[name] = label(v)
	}
	if !r.Created.IsZero() {
		info.Created = timestamppb.New(r.Created)
	}
	return info
}

// label returns the value of a room's label as clients are told it.
func label(v any) *tickroomv1.Value {
	switch v := v.(type) {
	case string:
		return &tickroomv1.Value{Value: &tickroomv1.Value_Text{Text: v}}
	case bool:
		return &tickroomv1.Value{Value: &tickroomv1.Value_Flag{Flag: v}}
	case float64:
		return &tickroomv1.Value{Value: &tickroomv1.Value_Number{Number: v}}
	}
	return &tickroomv1.Value{} // of a newer server
}
