package roomservice

import (
	"context"
	"slices"
	"sync"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// KickPlayer puts a player out of a room, or of all: then all servers are asked.
func (s *Service) KickPlayer(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceKickPlayerRequest]) (*connect.Response[tickroomv1.RoomServiceKickPlayerResponse], error) {
	m := req.Msg
	var q request
	q.id("player", m.GetPlayer())
	reason := q.reason(m.GetReason(), "removed")
	if q.err != nil {
		return nil, q.err
	}
	ask := roomKick{Player: m.GetPlayer(), Room: m.GetRoom(), Reason: reason, Kinds: callerOf(ctx).Kinds}
	nodes, err := s.whereToKick(ctx, m.GetRoom())
	if err != nil {
		return nil, err
	}
	rooms, err := s.kickOn(ctx, nodes, ask)
	if err != nil {
		return nil, err
	}
	if len(rooms) == 0 {
		where := "any room"
		if m.GetRoom() != "" {
			where = "room " + m.GetRoom()
		}
		return nil, failed(connect.CodeNotFound, "player %s is not in %s", short(m.GetPlayer()), where)
	}
	s.audit(ctx, "a backend has put a player out", "player", m.GetPlayer(), "rooms", rooms, "reason", reason)
	return connect.NewResponse(&tickroomv1.RoomServiceKickPlayerResponse{Rooms: rooms}), nil
}

// whereToKick returns the servers to ask.
func (s *Service) whereToKick(ctx context.Context, room string) ([]string, error) {
	if room != "" {
		l, err := s.running(ctx, room)
		if err != nil {
			return nil, err
		}
		return []string{l.Node}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	nodes, err := s.o.Nodes.Nodes(bounded)
	out := []string{s.o.Fleet.Node()}
	for i := range nodes {
		if nodes[i].ID != s.o.Fleet.Node() {
			out = append(out, nodes[i].ID)
		}
	}
	return out, err
}

// kickOn asks servers at once. If one does not answer nobody knows whether the player is out.
func (s *Service) kickOn(ctx context.Context, nodes []string, ask roomKick) ([]string, error) {
	answers, errs := make([]roomKicked, len(nodes)), make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = s.o.Fleet.Call(ctx, n, callKick, ask, &answers[i]) })
	}
	wg.Wait()
	var rooms []string
	for i := range nodes {
		if errs[i] != nil {
			return nil, errs[i]
		}
		rooms = append(rooms, answers[i].Rooms...)
	}
	slices.Sort(rooms)
	return rooms, nil
}
