package roomservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
)

// The calls that servers make to each other.
const (
	callOpen     = "open"
	callDescribe = "describe"
	callLock     = "lock"
	callClose    = "close"
	callKick     = "kick"
)

// What they are made with, and answered.
type (
	roomOpen struct {
		Room string        `json:"room"`
		Keep time.Duration `json:"keep"`
	}
	roomMade struct {
		Ran bool `json:"ran"` // before the call
	}
	roomDescribe struct {
		Room    string `json:"room"`
		Players int    `json:"players"` // at most
	}
	roomText struct {
		JSON json.RawMessage `json:"json"`
	}
	roomLock struct {
		Room   string `json:"room"`
		Locked bool   `json:"locked"`
	}
	roomClose struct {
		Room   string `json:"room"`
		Reason string `json:"reason"`
	}
	roomKick struct {
		Player string   `json:"player"`
		Room   string   `json:"room,omitempty"` // empty: all
		Reason string   `json:"reason"`
		Kinds  []string `json:"kinds,omitempty"` // of the rooms; none: all
	}
	roomKicked struct {
		Rooms []string `json:"rooms"`
	}
)

// Node does what servers ask each other, with the rooms of this one.
type Node struct{ Registry *registry.Registry }

// Handle implements fleet.Handler.
func (n *Node) Handle(ctx context.Context, method string, body json.RawMessage) (any, error) {
	switch method {
	case callOpen:
		return handle(ctx, body, n.open)
	case callDescribe:
		return handle(ctx, body, n.describe)
	case callLock:
		return handle(ctx, body, n.lock)
	case callClose:
		return handle(ctx, body, n.close)
	case callKick:
		return handle(ctx, body, n.kick)
	}
	return nil, failed(connect.CodeUnimplemented, "the server of the room is of another version: it knows no %q", method)
}

func handle[Q, R any](ctx context.Context, body json.RawMessage, fn func(context.Context, Q) (R, error)) (any, error) {
	var q Q
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, failed(connect.CodeInternal, "a call can't be read: %v", err)
	}
	return fn(ctx, q)
}

func (n *Node) get(id string) (*registry.Entry, error) {
	if e := n.Registry.Get(id); e != nil {
		return e, nil
	}
	return nil, noRoom(id)
}

func (n *Node) open(ctx context.Context, q roomOpen) (roomMade, error) {
	_, ran, err := n.Registry.Open(ctx, q.Room, q.Keep)
	if err != nil {
		r := refusal.Of(err)
		if registry.Gone(err) {
			return roomMade{}, noRoom(q.Room)
		}
		return roomMade{}, failed(connect.CodeUnavailable, "the room can't be made now: %s", r.Reason)
	}
	return roomMade{Ran: ran}, nil
}

// do has a room do something between two ticks.
func do(ctx context.Context, e *registry.Entry, fn func(*room.Engine)) error {
	err := e.Do(ctx, fn)
	switch {
	case errors.Is(err, room.ErrEnded):
		return noRoom(e.ID)
	case err != nil:
		return failed(connect.CodeUnavailable, "the room %s does not answer: %v", e.ID, err)
	}
	return nil
}

func (n *Node) lock(ctx context.Context, q roomLock) (struct{}, error) {
	e, err := n.get(q.Room)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, do(ctx, e, func(r *room.Engine) { r.Bar(q.Locked) })
}

func (n *Node) close(ctx context.Context, q roomClose) (struct{}, error) {
	e, err := n.get(q.Room)
	if err != nil {
		return struct{}{}, err
	}
	e.Close(q.Reason)
	if err := e.Wait(ctx); err != nil {
		return struct{}{}, failed(connect.CodeUnavailable, "the room %s is told to end, and has not yet", q.Room)
	}
	return struct{}{}, nil
}

func (n *Node) kick(ctx context.Context, q roomKick) (out roomKicked, err error) {
	for _, e := range n.Registry.Of(q.Player) {
		if q.Room != "" && e.ID != q.Room || len(q.Kinds) > 0 && !slices.Contains(q.Kinds, e.Kind) {
			continue
		}
		kicked := false
		err := e.Do(ctx, func(r *room.Engine) { kicked = r.Kick(q.Player, q.Reason) })
		if err != nil && !errors.Is(err, room.ErrEnded) {
			return out, fmt.Errorf("room %s does not answer: %w", e.ID, err)
		}
		if kicked {
			out.Rooms = append(out.Rooms, e.ID)
		}
	}
	return out, nil
}

func (n *Node) describe(ctx context.Context, q roomDescribe) (roomText, error) {
	e, err := n.get(q.Room)
	if err != nil {
		return roomText{}, err
	}
	// The room's goroutine may come to it after this has given up: what it fills is its own then.
	type seen struct {
		players []room.PlayerInfo
		barred  bool
	}
	ch := make(chan seen, 1)
	asleep := e.Info().Asleep // to ask it wakes it
	if err := do(ctx, e, func(r *room.Engine) { ch <- seen{r.Players(), r.Barred()} }); err != nil {
		return roomText{}, err
	}
	now, info, l := <-ch, e.Info(), e.Listing()
	l.Revision = max(l.Revision, 1)
	out := &tickroomv1.RoomServiceDescribeRoomResponse{
		Room: known(&l), Options: n.Registry.Shown(e.Kind, e.Options()), LockedByBackend: now.barred,
		Timing: &tickroomv1.RoomTiming{
			Tick: info.Tick, Rate: info.TickRate, Took: durationpb.New(info.TickTime), Load: info.TickTime.Seconds() * info.TickRate,
			Entities: uint32(max(0, info.Entities)), Created: timestamppb.New(info.Created), Asleep: asleep,
		},
	}
	for i := range now.players[:min(len(now.players), q.Players)] {
		out.Players = append(out.Players, player(&now.players[i]))
	}
	out.MorePlayers = uint32(len(now.players) - len(out.Players))
	text, err := protojson.Marshal(out)
	return roomText{text}, err
}

func player(p *room.PlayerInfo) *tickroomv1.ServicePlayer {
	out := &tickroomv1.ServicePlayer{
		Player: p.Player, Number: p.Number, Name: p.Name, Roles: p.Roles, Guest: p.Guest, Spectator: p.Spectator, Away: p.Away,
	}
	if p.RTT > 0 {
		out.Rtt = durationpb.New(p.RTT)
	}
	return out
}
