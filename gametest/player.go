package gametest

import (
	"iter"
	"maps"
	"slices"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Player is a player in a Room, in the place of a client.
type Player struct {
	// Player is what the game sees of it.
	*world.Player

	room    *Room
	replica *replica.Replica
	down    netcode.Downlink
	events  []replica.Event // that came and were not taken
	seq     uint32
	left    bool
}

// Replica returns what the player's client holds, as of its last snapshot.
func (p *Player) Replica() *replica.Replica { return p.replica }

// Input hands an input to the game, as one of the tick that comes next. One of a spectator, or of
// who has left, is passed over.
func (p *Player) Input(in schema.Message) {
	p.room.t.Helper()
	p.InputSeeing(in, float64(p.room.Room.Tick()))
}

// InputSeeing is Input of a player that was looking at an earlier tick, which the game is told by
// Player.Sees, within what the kind allows.
func (p *Player) InputSeeing(in schema.Message, tick float64) {
	p.room.t.Helper()
	if p.seq++; p.Spectator || p.left {
		return
	}
	back := min((float64(p.room.Room.Tick())-tick)*world.BackPerTick, float64(p.room.kind.RewindTicks(p.room.TickRate)*world.BackPerTick))
	if err := p.room.caller.HandleInput(p.Player, world.Input{Seq: p.seq, Back: uint32(max(back, 0) + 0.5), Data: in.AppendProto(nil)}); err != nil {
		p.room.t.Fatalf("%s sends an input: %v", p.Name, err)
	}
}

// Call hands a command to the game, as one of the tick that comes next, and returns the reply, or the
// error with which the game refuses it.
func Call[C, R any, PC interface {
	*C
	schema.Command
}, PR interface {
	*R
	schema.Message
}](p *Player, cmd *C) (*R, error) {
	p.room.t.Helper()
	reply, err := p.room.caller.HandleCommand(p.Player, 0, PC(cmd).CommandID(), PC(cmd).AppendProto(nil), nil)
	if err != nil {
		return nil, err
	}
	r := new(R)
	if err := PR(r).UnmarshalProto(reply); err != nil {
		p.room.t.Fatalf("the reply to %T is no %T: %v", cmd, r, err)
	}
	return r, nil
}

// Order hands an order to the game, a command without a reply, as Call does.
func Order[C any, PC interface {
	*C
	schema.Command
}](p *Player, order *C) error {
	p.room.t.Helper()
	_, err := p.room.caller.HandleCommand(p.Player, 0, PC(order).CommandID(), PC(order).AppendProto(nil), nil)
	return err
}

// Rows returns the rows of a component that the player sees, in the order of their entities, as of its
// last snapshot: quantised as they travel. The rows are the caller's own.
func Rows[T any, P schema.Row[T]](p *Player) iter.Seq2[world.Entity, *T] {
	rows := map[uint32]*T{}
	for e, row := range replica.All[T, P](p.replica) {
		kept := *row
		rows[e] = &kept
	}
	return func(yield func(world.Entity, *T) bool) {
		for _, e := range slices.Sorted(maps.Keys(rows)) {
			if !yield(world.Entity(e), rows[e]) {
				return
			}
		}
	}
}

// Events returns the events of one type that have come to the player since they were last asked for,
// the oldest first.
func Events[E any, P interface {
	*E
	schema.Event
}](p *Player) []*E {
	p.room.t.Helper()
	id, _ := P(new(E)).EventID()
	var all []*E
	p.events = slices.DeleteFunc(p.events, func(raw replica.Event) bool {
		if raw.ID != id {
			return false
		}
		ev := new(E)
		if err := P(ev).UnmarshalProto(raw.Data); err != nil {
			p.room.t.Fatalf("%s is sent an event that is no %T: %v", p.Name, ev, err)
		}
		all = append(all, ev)
		return true
	})
	return all
}

// Lose takes the player's connection away: it is sent nothing, and the game is told that it is
// away. Return or Leave is to follow.
func (p *Player) Lose() { p.room.caller.SetAway(p.Player, true) }

// Return gives the player a connection again. It resumes with its next snapshot where it was.
func (p *Player) Return() {
	p.down.Resume(p.replica.Tick())
	p.room.caller.SetAway(p.Player, false)
}

// Leave takes the player out of the room for good. It sees no more than it did.
func (p *Player) Leave() {
	if !p.left {
		p.leave()
	}
}

func (p *Player) leave() {
	p.left = true
	p.room.caller.Leave(p.Player)
}

// receive sends the player the snapshot of the tick that is over.
func (p *Player) receive() {
	t := p.room.t
	t.Helper()
	if p.Away() {
		return
	}
	frame, err := p.down.AppendSnapshot(nil, &p.room.scratch, p.room.Committed(), p.InputSeq)
	if err != nil {
		t.Fatalf("%s, tick %d: %v", p.Name, p.room.Committed(), err)
	}
	if err := p.replica.Apply(frame); err != nil {
		t.Fatalf("%s, tick %d: %v", p.Name, p.room.Committed(), err)
	}
	f := p.replica.Frame()
	if f.HasHash && f.Hash != p.replica.Hash() {
		t.Fatalf("%s, tick %d: the client holds another state than the server sent", p.Name, p.room.Committed())
	}
	for _, ev := range f.Events {
		ev.Data = slices.Clone(ev.Data)
		p.events = append(p.events, ev)
	}
	if err := p.down.Ack(p.replica.Tick()); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
}
