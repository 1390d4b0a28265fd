package refusal

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/server/internal/costs"
)

// Of refusals at one stage for one reason, linesAtOnce are logged at once and then
// linesPerSecond. The others are counted, and how many they were is logged with the next
// one, or by Flush. So a flood of one kind neither fills the log nor hides the others.
const (
	linesAtOnce    = 20
	linesPerSecond = 1
)

// Stage is how far a client had come when it was turned away.
type Stage string

// The stages.
const (
	Handshake Stage = "handshake" // the HTTP request that opens a connection, up to its hello
	Hello     Stage = "hello"     // the first message: who it is, and which room it wants
	Room      Stage = "room"      // by the room itself, when it was to be let in
	Session   Stage = "session"   // put out of a room by the server
	Call      Stage = "call"      // a call of the matchmaking service
	Service   Stage = "service"   // a backend's call of RoomService
)

// Subject is who was turned away, as far as that is known.
type Subject struct {
	Player  string // its id
	Service string // the name of a backend
	Room    string // that it wanted, or was in
	Kind    string // of the room
	Client  netip.Addr
}

// Counter counts refusals. The metrics do.
type Counter interface {
	// Refused counts one, by its stage, the operator's reason and the close code, which is
	// 0 for those without.
	Refused(stage, why string, code int)
}

// Journal logs and counts refusals. It may be used from any goroutine.
type Journal struct {
	log   *slog.Logger
	count Counter
	costs *costs.Ledger // nil: nobody keeps account

	mu    sync.Mutex
	lines map[line]*budget
}

// line is what has a budget of its own. There are few: the words of both are fixed.
type line struct {
	stage Stage
	why   string
}

type budget struct {
	limit   *rate.Limiter
	leftOut int
	minute  *minute
}

// NewJournal returns a journal that writes to log, and keeps account of who is refused; a nil
// ledger keeps none.
func NewJournal(log *slog.Logger, count Counter, ledger *costs.Ledger) *Journal {
	return &Journal{log: log, count: count, costs: ledger, lines: map[line]*budget{}}
}

// Record notes that somebody is turned away.
func (j *Journal) Record(stage Stage, r *Refusal, who Subject) {
	j.count.Refused(string(stage), r.Why, r.Code)
	j.costs.Add(costs.Refusals, 1, who.Client, who.Player)
	leftOut, ok := j.take(line{stage, r.Why}, who)
	if !ok {
		return
	}
	attrs := []slog.Attr{slog.String("stage", string(stage)), slog.String("why", r.Why)}
	if r.Code != 0 {
		attrs = append(attrs, slog.Int("code", r.Code))
	}
	attrs = append(attrs, slog.String("reason", r.Reason))
	for _, a := range []struct{ name, value string }{{"player", who.Player}, {"service", who.Service}, {"room", who.Room}, {"kind", who.Kind}} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, a.value))
		}
	}
	if who.Client.IsValid() {
		attrs = append(attrs, slog.String("client", who.Client.String()))
	}
	if r.Cause != nil {
		attrs = append(attrs, slog.Any("cause", r.Cause))
	}
	if leftOut > 0 {
		attrs = append(attrs, slog.Int("left_out", leftOut))
	}
	msg := "refused"
	if stage == Session {
		msg = "put out"
	}
	j.log.LogAttrs(context.Background(), r.Level, msg, attrs...)
}

// take reports whether a line may be logged, and how many like it were not since the last
// one.
func (j *Journal) take(l line, who Subject) (leftOut int, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := j.lines[l]
	if b == nil {
		b = &budget{limit: rate.NewLimiter(linesPerSecond, linesAtOnce), minute: newMinute()}
		j.lines[l] = b
	}
	b.minute.add(who)
	if !b.limit.Allow() {
		b.leftOut++
		b.minute.leftOut++
		return 0, false
	}
	leftOut, b.leftOut = b.leftOut, 0
	return leftOut, true
}

// Flush logs what has become of each kind of refusal since it was called last, where not all
// of them are in the log: how many there were, from where most, and what to do. It is to be called each
// minute, and at the end.
func (j *Journal) Flush() {
	j.mu.Lock()
	told := map[line]*minute{}
	for l, b := range j.lines {
		if b.minute.leftOut > 0 {
			told[l] = b.minute
		}
		b.minute, b.leftOut = newMinute(), 0
	}
	j.mu.Unlock()
	for _, l := range slices.SortedFunc(maps.Keys(told), func(a, b line) int {
		return strings.Compare(string(a.stage)+" "+a.why, string(b.stage)+" "+b.why)
	}) {
		j.log.LogAttrs(context.Background(), slog.LevelWarn, "many refusals", told[l].attrs(l)...)
	}
}
