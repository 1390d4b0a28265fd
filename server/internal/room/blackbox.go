package room

import (
	"cmp"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
)

// The reasons for which the newest part of a room's journal is kept.
const (
	KeptPanic    = "panic"    // the game has panicked
	KeptDesync   = "desync"   // a client has reported that its state is not the server's
	KeptLate     = "late"     // a tick took too long
	KeptOperator = "operator" // somebody has asked
)

// BlackBox is the newest part of a room's journal, as a file, and why it is kept.
type BlackBox struct {
	Room, Kind, Reason string
	Tick               uint32
	Pieces             [][]byte // of the file; they do not change
}

// ringSeconds is how much of a room's journal is kept in memory, when there is too much for all.
const ringSeconds = 30

// hashSeconds is how often a journal says what the state is.
const hashSeconds = 1

// keepAgain is how long a room is not kept again by itself for the same reason, in seconds.
const keepAgain = 60

// recording is a room's journal in memory. The zero value is none.
type recording struct {
	writer *journal.Writer
	ring   *journal.Ring
	text   string // what the game has panicked with
	stack  string
	again  map[string]uint32 // by reason, the tick from which the room is kept again by itself
	kept   keeping
}

// newRecording returns the journal of a room with a configuration.
func newRecording(cfg *Config) recording {
	if cfg.Ring == 0 && cfg.Keep == nil {
		return recording{}
	}
	r := recording{writer: journal.NewWriter(cmp.Or(cfg.Build, journal.Build()), hashSeconds), again: map[string]uint32{}}
	if cfg.Ring > 0 {
		r.ring = journal.NewRing(cfg.Ring, cfg.Press)
		r.writer.Attach(r.ring, false)
	}
	return r
}

// recorder returns what a caller tells of its calls; nil: nothing.
func (r *recording) recorder() journal.Recorder {
	if r.writer == nil {
		return nil
	}
	return r.writer
}

// panicked notes what the game has panicked with.
func (r *recording) panicked(text, stack string) { r.text, r.stack = text, stack }

// BlackBox returns the newest part of the room's journal, between two ticks, or after a panic. text says
// more than the reason. ok is false if the room has no journal.
func (e *Engine) BlackBox(reason, text string) (box BlackBox, ok bool) {
	r := &e.recording
	if r.ring == nil {
		return box, false
	}
	r.writer.Flush()
	mark := &tickroomv1.JournalMark{Reason: reason, Tick: e.tick, Text: text, AtUs: time.Now().UnixMicro()}
	var more []journal.Part
	if e.failed != nil {
		mark.Tick, mark.Text, mark.Stack = e.tick+1, r.text, r.stack
	} else if state, err := journal.Compare(e.room.Room); err == nil {
		more = append(more, state)
	}
	mark.Text, mark.Stack = strings.ToValidUTF8(mark.Text, "?"), strings.ToValidUTF8(mark.Stack, "?")
	if p, err := journal.Mark(mark); err == nil {
		more = append(more, p)
	}
	return BlackBox{Room: e.id, Kind: e.kind.Name, Reason: reason, Tick: mark.Tick, Pieces: r.ring.Snapshot(more...)}, true
}

// keep hands on the newest part of the room's journal, unless it was for the same reason not long ago.
func (l *Loop) keep(reason, text string) {
	e := l.engine
	if l.cfg.BlackBox == nil || e.recording.ring == nil || e.tick < e.recording.again[reason] {
		return
	}
	e.recording.again[reason] = e.tick + uint32(keepAgain*e.room.TickRate)
	if box, ok := e.BlackBox(reason, text); ok {
		l.cfg.BlackBox(box)
	}
}

// keepOdd keeps what has happened in a tick that somebody will want to look into.
func (l *Loop) keepOdd(took time.Duration) {
	if l.stats.Counts[metrics.Mismatches] > 0 {
		l.keep(KeptDesync, "a client has another state than the server")
	}
	if l.cfg.LateTick > 0 && took > l.cfg.LateTick {
		l.keep(KeptLate, "the tick took "+took.String())
	}
}
