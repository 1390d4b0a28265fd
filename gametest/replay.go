package gametest

import (
	"bytes"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/replay"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// maxJournal is how many bytes of a room's journal are kept for CheckReplay.
const maxJournal = 256 << 20

// recording is a room's journal.
type recording struct {
	writer *journal.Writer
	ring   *journal.Ring
	saved  []*journal.Ring // the same from checkpoints on
}

func newRecording() recording {
	ring := journal.NewRing(maxJournal, nil)
	return recording{writer: journal.NewWriter(journal.Build(), 1, ring), ring: ring}
}

// CheckReplay plays all again that the room has been told so far, and fails the test if the room that
// comes of it is another one: then the game does something that is not deterministic, such as going through a
// map, and servers can't play its rooms again. The error says where they differ first. What a test has
// changed in the room by itself, past the players, is not played. It does the same from each SaveHere on.
func (r *Room) CheckReplay() {
	r.t.Helper()
	r.recording.writer.Flush()
	state, err := journal.Compare(r.Room)
	if err != nil {
		r.t.Fatal(err)
	}
	r.check(r.recording.ring, state, "")
	for _, ring := range r.recording.saved {
		r.check(ring, state, " from where it was saved")
	}
}

func (r *Room) check(ring *journal.Ring, state journal.Part, from string) {
	r.t.Helper()
	file := bytes.Join(ring.Snapshot(state), nil)
	j, err := journal.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		r.t.Fatal(err)
	}
	const replays = 2
	found, err := replay.BisectReplay(j, r.kind, replays, nil)
	switch {
	case err != nil:
		r.t.Fatalf("the room can't be played again%s: %v", from, err)
	case found.Tick != 0:
		r.t.Fatalf("the room that is played again%s is another one in tick %d, and the same in tick %d: %s, entity %d, field %q: %s and %s",
			from, found.Tick, found.After, found.What, found.Entity, found.Field, found.One, found.Other)
	}
}

// SaveHere saves the room, whose game is a world.Saver, as servers do now and then. CheckReplay has a room restored
// from that, too, told all that this one is told from here on, and compared. It is called between two ticks, before
// anything is done for the next one.
func (r *Room) SaveHere() {
	r.t.Helper()
	saved, err := r.Room.Checkpoint()
	if err != nil {
		r.t.Fatal(err)
	}
	w := r.recording.writer
	at, err := w.Checkpoint(&tickroomv1.JournalCheckpoint{Room: saved})
	if err != nil {
		r.t.Fatal(err)
	}
	ring := journal.NewRing(maxJournal, nil)
	w.Attach(ring, true)
	ring.Take(at)
	r.recording.saved = append(r.recording.saved, ring)
}

// HandleCommand hands an encoded command to the game, as world.Room.HandleCommand does.
func (r *Room) HandleCommand(p *world.Player, id uint32, data, reply []byte) ([]byte, error) {
	return r.caller.HandleCommand(p, 0, id, data, reply)
}

// SetHeard sets between which times the commands and inputs that follow have come, as world.Room.SetHeard
// does.
func (r *Room) SetHeard(since, until int64) { r.caller.SetHeard(since, until) }

// SetRTT sets a player's round-trip time in seconds, as world.Room.SetRTT does.
func (r *Room) SetRTT(p *world.Player, seconds float64) { r.caller.SetRTT(p, seconds) }

// SetRoles gives the player other roles from now on, as a new token does.
func (p *Player) SetRoles(roles ...string) { p.room.caller.SetRoles(p.Player, roles) }
