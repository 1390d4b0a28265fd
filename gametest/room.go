package gametest

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/world"
)

// window is more ticks than any player leaves unacknowledged: all of them acknowledge at once.
const window = 1 << 20

// Room is a room that a test steps. Its methods, and those of its players, fail the test if what
// should work does not; they are for the test's own goroutine.
type Room struct {
	// Room is the game's side of the room.
	*world.Room

	caller    *journal.Caller
	recording recording
	t         testing.TB
	kind      world.Kind
	players   []*Player
	last      uint32
	scratch   world.Scratch
	mail      mail
}

// epoch is the time at which rooms begin, in µs since 1970.
const epoch = 1_700_000_000_000_000

// New makes a room of a kind. Options that are not given have their defaults. The room's random
// numbers are the same each time. What the game logs is in the log of the test.
func New(t testing.TB, k world.Kind, options map[string]string) *Room {
	t.Helper()
	return NewNamed(t, "test", k, options)
}

// NewNamed makes a room as New does, with an id.
func NewNamed(t testing.TB, id string, k world.Kind, options map[string]string) *Room {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	rec := newRecording()
	c, err := journal.New(k, world.Setup{ID: id, Seed: 1, Options: options, Now: epoch, Log: log}, rec.writer)
	if err != nil {
		t.Fatal(err)
	}
	return &Room{Room: c.Room, caller: c, recording: rec, t: t, kind: k, mail: mail{exchange: &exchange{}, heard: map[string]int{}, deaf: map[string]bool{}}}
}

// Join lets a player in, who is called so. It is to play, and the game is given no data.
func (r *Room) Join(name string) *Player {
	r.t.Helper()
	p, err := r.TryJoin(&world.Player{Name: name}, nil)
	if err != nil {
		r.t.Fatalf("%s may not join: %v", name, err)
	}
	return p
}

// Spectate lets somebody in who only watches, as Join does.
func (r *Room) Spectate(name string) *Player {
	r.t.Helper()
	p, err := r.TryJoin(&world.Player{Name: name, Spectator: true}, nil)
	if err != nil {
		r.t.Fatalf("%s may not watch: %v", name, err)
	}
	return p
}

// TryJoin lets a player in, and returns the error with which the game turns it away. What p has is
// what the game sees, but for the ID, which is the next one. A PlayerID that is empty is made of
// that.
func (r *Room) TryJoin(p *world.Player, data []byte) (*Player, error) {
	r.last++
	p.Interest, p.ID = world.NewInterest(r.World), r.last
	if p.PlayerID == "" {
		p.PlayerID = fmt.Sprint("player-", p.ID)
	}
	if err := r.caller.Join(p, data); err != nil {
		return nil, err
	}
	q := &Player{Player: p, room: r, replica: replica.New(r.kind.Schema), down: netcode.NewDownlink(p.Interest, window)}
	q.down.SetHashEvery(1)
	r.players = append(r.players, q)
	return q, nil
}

// Tick simulates n ticks, after each of which every player who is there is sent a snapshot. Those
// whom the game has removed leave.
func (r *Room) Tick(n int) {
	r.t.Helper()
	for range n {
		r.step()
		kept := r.players[:0]
		for _, p := range r.players {
			if p.left {
				continue
			}
			if _, removed := p.Removed(); removed {
				p.leave()
				continue
			}
			p.receive()
			kept = append(kept, p)
		}
		clear(r.players[len(kept):])
		r.players = kept
	}
}

// Seconds simulates the ticks of so many seconds, at least one.
func (r *Room) Seconds(s float64) {
	r.t.Helper()
	r.Tick(int(r.Ticks(s)))
}
