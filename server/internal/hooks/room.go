package hooks

import (
	"maps"
	"time"

	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/world"
)

// event is what a room has handed in. It becomes a webhook.Event away from the room.
type event struct {
	typ    string
	at     time.Time
	room   *Events
	number uint64
	data   any
	told   *told // of a message
	crowd  bool  // it is a join or a leave
}

// told is a message of a game, as it has encoded it.
type told struct {
	id   uint32
	data []byte
}

// Events hands in what happens in one room. Its methods are called by the room's goroutine, and do
// not block. Nil Events are those of a room which nobody is told anything.
type Events struct {
	hooks    *Hooks
	id, kind string
	life     string
	number   uint64
}

func (r *Events) tell(typ string, data any) {
	if r == nil {
		return
	}
	r.add(event{typ: typ, data: data})
}

// add hands an event in. Those that nobody wants have no number.
func (r *Events) add(e event) {
	if !r.hooks.wanted(e.typ) {
		return
	}
	r.number++
	e.at, e.room, e.number = time.Now(), r, r.number
	r.hooks.buffer.add(e)
}

// Made tells that the room was made, for a match in a mode, if that is not empty, and with options
// that were chosen. It comes before all else.
func (r *Events) Made(mode string, options map[string]string, private bool) {
	r.tell(webhook.RoomMade, webhook.Made{Mode: mode, Options: maps.Clone(options), Private: private})
}

// Joined tells of a player who has come in.
func (r *Events) Joined(p *world.Player) { r.player(webhook.PlayerJoined, p) }

// Left tells of a player who has left for good.
func (r *Events) Left(p *world.Player) { r.player(webhook.PlayerLeft, p) }

func (r *Events) player(typ string, p *world.Player) {
	if r == nil {
		return
	}
	r.add(event{typ: typ, crowd: true, data: webhook.Player{Player: p.PlayerID, Number: p.ID, Name: p.Name, Spectator: p.Spectator}})
}

// Result tells how the room's match has ended.
func (r *Events) Result(res *world.Result) {
	if r == nil {
		return
	}
	out := webhook.Result{Teams: make([]webhook.TeamResult, 0, len(res.Teams))}
	for _, t := range res.Teams {
		team := webhook.TeamResult{Rank: t.Rank, Players: make([]webhook.TeamPlayer, 0, len(t.Players))}
		for _, p := range t.Players {
			team.Players = append(team.Players, webhook.TeamPlayer{Player: p.PlayerID, Weight: p.Weight, Left: p.Left})
		}
		out.Teams = append(out.Teams, team)
	}
	r.tell(webhook.RoomResult, out)
}

// Told tells a message of the room's game, by the id that its type has in the schema. data is kept.
func (r *Events) Told(id uint32, data []byte) {
	if r != nil {
		r.add(event{typ: webhook.RoomMessage, told: &told{id, data}})
	}
}

// Ended tells that the room has ended, and what its clients were told. Nothing comes after it.
func (r *Events) Ended(reason string) { r.tell(webhook.RoomEnded, webhook.Ended{Reason: reason}) }
