package roomservice

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	// keepDefault is how long a room is kept while nobody is in it, keepMin and keepMax bound what a
	// backend asks for.
	keepDefault = 2 * time.Minute
	keepMin     = time.Second
	keepMax     = 24 * time.Hour
	// maxRoom is how many bytes follow the kind and the hyphen in a room's id.
	maxRoom = 64
	// tries is how many codes are tried for a private room.
	tries = 8

	defaultPlayers, maxPlayers = 100, 1000
)

// CreateRoom makes a room. It is one of a match without players and mode, which is kept before the
// room is made: so ids are taken once in the whole fleet, and codes lead to it.
func (s *Service) CreateRoom(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceCreateRoomRequest]) (*connect.Response[tickroomv1.RoomServiceCreateRoomResponse], error) {
	m := req.Msg
	chosen, keep, err := s.readRoom(ctx, m)
	if err != nil {
		return nil, err
	}
	if s.o.Place == nil {
		return nil, failed(connect.CodeFailedPrecondition, "%s", matchmakingOff)
	}
	node, err := s.o.Place(ctx, m.GetKind(), m.GetRegion(), 1)
	switch {
	case errors.Is(err, matchmaking.ErrNoNode):
		s.o.Logger.Warn("no server for a room of a backend", "kind", m.GetKind(), "region", m.GetRegion(), "error", err)
		return nil, retry(failed(connect.CodeUnavailable, "no server has room for another %s at the moment", m.GetKind()), later)
	case err != nil:
		return nil, err
	}
	match := store.Match{
		ID: m.GetRoom(), Kind: m.GetKind(), Options: chosen, Node: node.ID, URL: node.URL, Region: node.Region, Created: time.Now(), Open: !m.GetPrivate(),
	}
	kept, err := s.keep(ctx, &match, m.GetPrivate())
	if err != nil {
		return nil, err
	}
	var opened roomMade
	if err := s.o.Fleet.Call(ctx, kept.Node, callOpen, roomOpen{kept.ID, keep}, &opened); err != nil {
		return nil, err
	}
	if opened.Ran {
		return nil, failed(connect.CodeAlreadyExists, "there is a room %s", kept.ID)
	}
	s.audit(ctx, "a backend has made a room", "room", kept.ID, "kind", kept.Kind, "node", kept.Node)
	return connect.NewResponse(&tickroomv1.RoomServiceCreateRoomResponse{Room: kept.ID, Node: kept.Node, Url: kept.URL, Code: kept.Code}), nil
}

// readRoom reads what a room is to be like.
func (s *Service) readRoom(ctx context.Context, m *tickroomv1.RoomServiceCreateRoomRequest) (chosen map[string]string, keep time.Duration, err error) {
	var q request
	kind := m.GetKind()
	q.must(kind != "", "kind is missing")
	if q.err == nil && (s.o.Registry.Kind(kind) == nil || !callerOf(ctx).MayKind(kind)) {
		var may []string
		for _, k := range s.o.Registry.Kinds() {
			if callerOf(ctx).MayKind(k) {
				may = append(may, k)
			}
		}
		q.must(false, "kind %q: there is none; there are: %s", short(kind), list(may))
	}
	if q.err == nil {
		q.must(!s.o.Registry.Kind(kind).Backstage, "kind %q: its rooms are the server's own, and made when they are needed", kind)
	}
	if id := m.GetRoom(); id != "" {
		rest, ok := strings.CutPrefix(id, kind+"-")
		q.must(ok && rest != "" && len(rest) <= maxRoom && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") == "",
			"room %q: it must be %s- and up to %d of a-z, 0-9 and hyphens", short(id), kind, maxRoom)
	}
	keep = keepDefault
	if m.GetKeep() != nil {
		keep = m.GetKeep().AsDuration()
		q.must(m.GetKeep().IsValid() && keep >= keepMin && keep <= keepMax, "keep is %v; it must be from %v to %v", keep, keepMin, keepMax)
	}
	if q.err != nil {
		return nil, 0, q.err
	}
	if chosen, err = s.o.Registry.Chosen(kind, m.GetOptions()); err == nil {
		_, _, err = s.o.Registry.Try(kind, chosen)
	}
	q.must(err == nil, "options: %v", err)
	return chosen, keep, q.err
}

// keep keeps the match of a room, and returns it, or the one with its id that was kept before for
// the same, whose room may not run yet: an answer was lost, say.
func (s *Service) keep(ctx context.Context, m *store.Match, private bool) (*store.Match, error) {
	made := m.ID == ""
	for range tries {
		if made {
			m.ID = m.Kind + "-" + strings.ToLower(rand.Text()[:10])
		}
		if private {
			m.Code = matchmaking.NewCode()
		}
		bounded, cancel := context.WithTimeout(ctx, store.CallTimeout)
		err := s.o.Matches.Keep(bounded, *m)
		cancel()
		if !errors.Is(err, store.ErrExists) {
			return m, err
		}
		if made {
			continue
		}
		old, err := s.o.Matches.Match(ctx, m.ID, "")
		switch {
		case errors.Is(err, store.ErrNoRoom) && private:
			continue // it was the code that was taken
		case err != nil && !errors.Is(err, store.ErrNoRoom):
			return nil, err
		case err == nil && old.Mode == "" && old.Host == "" && len(old.Teams) == 0 && old.Kind == m.Kind && old.Open == m.Open && maps.Equal(old.Options, m.Options):
			return &old, nil
		}
		return nil, failed(connect.CodeAlreadyExists, "there is a room %s", m.ID)
	}
	return nil, fmt.Errorf("no id and code that are free in %d tries", tries)
}

// DescribeRoom describes a room.
func (s *Service) DescribeRoom(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceDescribeRoomRequest]) (*connect.Response[tickroomv1.RoomServiceDescribeRoomResponse], error) {
	var q request
	limit := cmp.Or(int(req.Msg.GetMaxPlayers()), defaultPlayers)
	if q.must(limit <= maxPlayers, "max_players is %d; it must be from 1 to %d, or 0 for %d", limit, maxPlayers, defaultPlayers); q.err != nil {
		return nil, q.err
	}
	l, err := s.find(ctx, req.Msg.GetRoom())
	if err != nil {
		return nil, err
	}
	if l.Revision == 0 && l.Node != s.o.Fleet.Node() {
		return connect.NewResponse(&tickroomv1.RoomServiceDescribeRoomResponse{Room: known(l)}), nil
	}
	var text roomText
	if err := s.o.Fleet.Call(ctx, l.Node, callDescribe, roomDescribe{l.ID, limit}, &text); err != nil {
		return nil, err
	}
	out := new(tickroomv1.RoomServiceDescribeRoomResponse)
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text.JSON, out); err != nil {
		return nil, s.internal(ctx, "describe", err)
	}
	return connect.NewResponse(out), nil
}

// LockRoom locks a room.
func (s *Service) LockRoom(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceLockRoomRequest]) (*connect.Response[tickroomv1.RoomServiceLockRoomResponse], error) {
	return connect.NewResponse(&tickroomv1.RoomServiceLockRoomResponse{}), s.lock(ctx, req.Msg.GetRoom(), true)
}

// UnlockRoom ends the lock of a room.
func (s *Service) UnlockRoom(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceUnlockRoomRequest]) (*connect.Response[tickroomv1.RoomServiceUnlockRoomResponse], error) {
	return connect.NewResponse(&tickroomv1.RoomServiceUnlockRoomResponse{}), s.lock(ctx, req.Msg.GetRoom(), false)
}

func (s *Service) lock(ctx context.Context, id string, on bool) error {
	l, err := s.running(ctx, id)
	if err != nil {
		return err
	}
	if err := s.o.Fleet.Call(ctx, l.Node, callLock, roomLock{l.ID, on}, nil); err != nil {
		return err
	}
	s.audit(ctx, "a backend has locked a room, or ended that", "room", id, "locked", on)
	return nil
}

// running returns a room that runs.
func (s *Service) running(ctx context.Context, id string) (*store.Listing, error) {
	l, err := s.find(ctx, id)
	if err == nil && l.Revision == 0 && s.o.Registry.Get(id) == nil {
		return nil, failed(connect.CodeFailedPrecondition, "the room %s does not run yet: nobody of its match has come", id)
	}
	return l, err
}

// CloseRoom ends a room.
func (s *Service) CloseRoom(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceCloseRoomRequest]) (*connect.Response[tickroomv1.RoomServiceCloseRoomResponse], error) {
	var q request
	reason := q.reason(req.Msg.GetReason(), "closed")
	if q.err != nil {
		return nil, q.err
	}
	l, err := s.running(ctx, req.Msg.GetRoom())
	if err != nil {
		return nil, err
	}
	if err := s.o.Fleet.Call(ctx, l.Node, callClose, roomClose{l.ID, reason}, nil); err != nil {
		return nil, err
	}
	s.audit(ctx, "a backend has closed a room", "room", l.ID, "reason", reason)
	return connect.NewResponse(&tickroomv1.RoomServiceCloseRoomResponse{}), nil
}
