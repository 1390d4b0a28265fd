package room

import (
	"fmt"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Keep is a sink that keeps a room's journal beyond the life of its process. Its methods are called by the room's
// goroutine, and do not block.
type Keep interface {
	journal.Sink
	// Lost returns why the journal has a gap, or ends before what was taken: nobody goes on from what is behind
	// that. nil: it has none.
	Lost() error
	// Size returns how many bytes the journal has, those included that are not written yet.
	Size() int64
	// Restart begins another journal with pieces: a header, what is known, a checkpoint. Once that is kept it
	// takes the place of the one before, gaps and all.
	Restart(pieces ...journal.Piece)
	// Restarted reports whether that has come to pass.
	Restarted() bool
	// End forgets the journal: the room has ended.
	End()
	// Close ends the writing, once all that was taken is kept: the room is to go on.
	Close()
}

// Durability says how a room goes on after the end of its server.
type Durability string

// The ways.
const (
	// DurableNot: it does not.
	DurableNot Durability = "no"
	// DurableReplay: it is played again from its beginning.
	DurableReplay Durability = "replay"
	// DurableCheckpoint: it is played again from a checkpoint.
	DurableCheckpoint Durability = "checkpoint"
)

// flushSeconds is how long it takes at most until what has reached a room is handed to what keeps it.
const flushSeconds = 0.05

// keeping is how a room is kept. The zero value: it is not.
type keeping struct {
	sink  Keep
	saves bool // the game is a world.Saver
	lost  bool
	tried bool   // after a loss another journal was begun, and is not kept yet
	since uint32 // tick of the newest checkpoint
	again uint32 // tick from which another journal may be begun, after a loss
}

// beginKeeping begins to keep a room that was made.
func (e *Engine) beginKeeping() {
	if e.attachKeep(true) {
		e.takeKnown()
	}
}

// keepOn goes on keeping a room that was made again: behind its journal, or in a fresh one.
func (e *Engine) keepOn(fresh bool) {
	switch {
	case !e.attachKeep(false):
	case fresh:
		e.renewKept()
	default:
		e.takeKnown()
	}
}

// attachKeep has what keeps the room take what reaches it from now on, and reports whether there is something.
func (e *Engine) attachKeep(header bool) bool {
	sink := e.cfg.Keep
	if sink == nil {
		return false
	}
	e.recording.kept = keeping{sink: sink, saves: e.room.Saves(), since: e.tick}
	e.recording.writer.FlushEvery(flushSeconds)
	e.recording.writer.Attach(sink, header)
	return true
}

func (e *Engine) takeKnown() {
	if p, err := journal.Room(e.known(), e.tick); err == nil {
		e.cfg.Keep.Take(p)
	}
}

// known returns what is kept of the room beside what its game does.
func (e *Engine) known() *tickroomv1.JournalRoom {
	m := &tickroomv1.JournalRoom{}
	if k := e.cfg.Known; k != nil {
		m = k
	}
	m.Epoch = e.epoch
	return m
}

// Durable returns how the room goes on after the end of its server.
func (e *Engine) Durable() Durability {
	k := &e.recording.kept
	switch {
	case k.sink == nil || k.lost || e.failed != nil:
		return DurableNot
	case k.saves:
		return DurableCheckpoint
	}
	return DurableReplay
}

// Epoch returns how often the room has gone on after an end of its server, and 1.
func (e *Engine) Epoch() uint64 { return e.epoch }

// keepUp looks after how the room is kept, between two ticks. It reports whether something was lost since the
// last call.
func (e *Engine) keepUp() (lost bool) {
	k := &e.recording.kept
	if k.sink == nil || e.failed != nil {
		return false
	}
	if !k.lost {
		if why := e.whyNotKept(); why != nil {
			k.lost, k.tried, lost = true, false, true
			k.again = e.tick + uint32(e.cfg.KeepRetry.Seconds()*e.room.TickRate)
			e.log.Error("the room would not go on if the server ended: its journal is not kept any more", "error", why, "tick", e.tick, "tries_again", k.saves)
			if !k.saves {
				e.recording.writer.Detach(k.sink)
				k.sink.End()
			}
		}
	}
	if !k.saves {
		return lost
	}
	switch due := e.tick - k.since; {
	case k.lost && k.tried && k.sink.Lost() == nil && k.sink.Restarted():
		k.lost = false
		e.log.Info("the room is kept again, from a checkpoint", "tick", k.since)
	case k.lost && e.tick >= k.again:
		e.renewKept()
		k.tried = true
	case !k.lost && (float64(due) >= e.cfg.Checkpoint.Seconds()*e.room.TickRate || k.sink.Size() > e.cfg.KeepBytes && e.tick >= k.again):
		e.renewKept()
	}
	return lost
}

// whyNotKept returns why what is kept of the room is of no use, or nil.
func (e *Engine) whyNotKept() error {
	k := &e.recording.kept
	if err := k.sink.Lost(); err != nil {
		return err
	}
	if size := k.sink.Size(); size > e.cfg.KeepBytes && !k.saves {
		return fmt.Errorf("it has %d bytes, and journal.room_bytes is %d; a game that implements Save and Restore (world.Saver) is kept by checkpoints", size, e.cfg.KeepBytes)
	}
	return nil
}

// renewKept begins another journal, with the room as it is now.
func (e *Engine) renewKept() {
	k := &e.recording.kept
	k.since, k.again = e.tick, e.tick+uint32(e.cfg.KeepRetry.Seconds()*e.room.TickRate)
	at, err := e.checkpoint()
	if err != nil {
		e.log.Error("the room can't be saved", "error", err)
		return
	}
	known, err := journal.Room(e.known(), e.tick)
	if err != nil {
		e.log.Error("what is known of the room can't be kept", "error", err)
		return
	}
	k.sink.Restart(e.recording.writer.Header(), known, at)
}

// checkpoint returns the room as it is, between two ticks, for what keeps it.
func (e *Engine) checkpoint() (p journal.Piece, err error) {
	c := &tickroomv1.JournalCheckpoint{LastPlayer: e.last, Barred: e.barred}
	err = e.guard("Save", func() (err error) {
		c.Room, err = e.room.Checkpoint()
		return err
	})
	if err != nil {
		return p, err
	}
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, cl := range list {
			c.Seats = append(c.Seats, cl.seatState())
		}
	}
	for _, topic := range e.showing.topics {
		if e.showing.heard[topic].told == hears {
			c.Heard = append(c.Heard, topic)
		}
	}
	return e.recording.writer.Checkpoint(c)
}

// seatState returns what is kept of a session.
func (c *Client) seatState() *tickroomv1.JournalSeat {
	s := &tickroomv1.JournalSeat{Player: c.player.ID, Session: c.recorded(), Command: c.lastCommand, Stayed: c.stayed, Arrived: c.arrived}
	from := 0
	for _, m := range c.kept.marks {
		s.Answers = append(s.Answers, &tickroomv1.JournalAnswers{Tick: m.tick, Data: c.kept.bytes[from:m.end]})
		from = m.end
	}
	if len(c.answers) > 0 {
		s.Answers = append(s.Answers, &tickroomv1.JournalAnswers{Tick: ^uint32(0), Data: c.answers})
	}
	return s
}

// suspend ends the engine of a room that is to go on when the server is started again: nobody leaves it.
func (e *Engine) suspend(code int, reason string) {
	k := &e.recording.kept
	for _, c := range e.clients {
		c.conn.Close(code, reason)
	}
	for _, c := range e.held {
		c.giveBack()
	}
	e.recording.writer.Flush()
	if k.saves {
		// For another build, which plays nothing again.
		if at, err := e.checkpoint(); err == nil {
			k.sink.Take(at)
		}
	}
	k.sink.Close()
}

// endKept forgets what is kept of the room.
func (e *Engine) endKept() {
	if k := &e.recording.kept; k.sink != nil {
		k.sink.End()
	}
}
