package gametest

import (
	"bytes"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/replay"
	"github.com/tickroom/tickroom/world"
)

// maxJournal is how many bytes of a room's journal are kept for CheckReplay.
const maxJournal = 256 << 20

// recording is a room's journal.
type recording struct {
	writer *journal.Writer
	ring   *journal.Ring
}

func newRecording() recording {
	ring := journal.NewRing(maxJournal)
	return recording{journal.NewWriter(journal.Build(), 1, ring), ring}
}

// CheckReplay plays all again that the room has been told so far, and fails the test if the room that
// comes of it is another one: then the game does something that is not deterministic, such as going through a
// map, and servers can't play its rooms again. The error says where they differ first. What a test has
// changed in the room by itself, past the players, is not played.
func (r *Room) CheckReplay() {
	r.t.Helper()
	rec := &r.recording
	rec.writer.Flush()
	state, err := journal.Compare(r.Room)
	if err != nil {
		r.t.Fatal(err)
	}
	file := bytes.Join(rec.ring.Snapshot(state), nil)
	j, err := journal.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		r.t.Fatal(err)
	}
	const replays = 2
	found, err := replay.BisectReplay(j, r.kind, replays, nil)
	switch {
	case err != nil:
		r.t.Fatalf("the room can't be played again: %v", err)
	case found.Tick != 0:
		r.t.Fatalf("the room that is played again is another one in tick %d, and the same in tick %d: %s, entity %d, field %q: %s and %s",
			found.Tick, found.After, found.What, found.Entity, found.Field, found.One, found.Other)
	}
}

// HandleCommand hands an encoded command to the game, as world.Room.HandleCommand does.
func (r *Room) HandleCommand(p *world.Player, id uint32, data, reply []byte) ([]byte, error) {
	return r.caller.HandleCommand(p, id, data, reply)
}

// SetHeard sets between which times the commands and inputs that follow have come, as world.Room.SetHeard
// does.
func (r *Room) SetHeard(since, until int64) { r.caller.SetHeard(since, until) }

// SetRTT sets a player's round-trip time in seconds, as world.Room.SetRTT does.
func (r *Room) SetRTT(p *world.Player, seconds float64) { r.caller.SetRTT(p, seconds) }

// SetRoles gives the player other roles from now on, as a new token does.
func (p *Player) SetRoles(roles ...string) { p.room.caller.SetRoles(p.Player, roles) }
