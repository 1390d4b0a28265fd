package room

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Engine runs a room's ticks with its clients: it holds a game, its world, and the
// connections to it. Its methods must not be called at the same time, except read and
// write, for clients of their own.
//
// A tick is Read, Step, Write, and Reap, with Inspect before Reap now and then.
type Engine struct {
	// Fixed.
	id        string
	kind      world.Kind
	cfg       Config
	log       *slog.Logger
	room      *journal.Caller // of the game, and of all that reaches it
	recording recording
	welcome   *tickroomv1.Welcome                     // what is the same for all
	show      string                                  // that the room is a house of; empty: none
	rules     netcode.InputRules                      // of all clients
	holdTicks uint32                                  // for which a session is held at most; 0: none is
	holdLeast uint32                                  // for which it is held however short its player's stay was
	idleTicks uint32                                  // that a client may be silent
	maxEvery  uint32                                  // most ticks from one snapshot to the next
	onAway    func(c *Client, why *socket.CloseError) // called for each session that is held from now on; may be nil
	onTaken   func(c *Client, why *socket.CloseError) // called for each whose connection gives way to another one, before it does; may be nil

	// Who is in the room.
	clients  []*Client                 // with a connection
	held     []*Client                 // without one
	sessions map[tokenHash]*Client     // all of them, by the hash of the token
	players  [parts]map[string]*Client // those of players that have an id, by that
	inside   [parts]int                // how many sessions there are
	refusals [parts]refusal            // the game's last ones
	last     uint32                    // number that was given to a player last

	// Where the room is.
	tick    uint32 // newest tick committed
	slept   uint32 // ticks that were left out while the room slept
	written uint32 // newest tick whose snapshots were written
	epoch   uint64 // how often the room has gone on after an end of its server, and 1
	elapsed uint32 // ticks since the clients were inspected
	failed  error  // the game has panicked
	barred  bool   // a backend has locked the room
	ending  bool   // no session is held any more
	reply   []byte // scratch memory for replies
	mail    mail   // of the next tick
	showing showing
}

// ErrFailed is what an engine's methods return once its game has panicked.
var ErrFailed = errors.New("room: the game has failed")

// snapshotsPerIdle is how many snapshots a client is sent at least in the time for which it
// may be silent, whatever rate it asks for: one whose timers sleep, such as a hidden page,
// says something when it is sent something.
const snapshotsPerIdle = 3

// New makes the engine of a room of a kind.
func New(id string, kind world.Kind, seed uint64, options map[string]string, cfg Config, log *slog.Logger) (*Engine, error) {
	e, kind := prepare(id, kind, cfg, log)
	err := e.guard("New", func() (err error) {
		e.room, err = journal.New(kind, world.Setup{ID: id, Seed: seed, Options: options, Now: time.Now().UnixMicro(), MaxAsync: cfg.MaxAsync, Log: e.log}, e.recording.recorder())
		return err
	})
	if err != nil {
		return nil, err
	}
	e.made(kind, options, cfg)
	e.beginKeeping()
	return e, nil
}

// prepare returns an engine that has no room yet, and the kind of that.
func prepare(id string, kind world.Kind, cfg Config, log *slog.Logger) (*Engine, world.Kind) {
	e := &Engine{id: id, kind: kind, epoch: 1, sessions: map[tokenHash]*Client{}, players: [parts]map[string]*Client{{}, {}}, log: log.With("room", id, "kind", kind.Name)}
	if cfg.Hold != 0 {
		kind.Hold = cfg.Hold.Seconds() // the world remembers for as long, too
	}
	e.showing = showing{topics: cfg.ShowTopics, heard: map[string]hearing{}}
	e.recording = newRecording(&cfg)
	return e, kind
}

// made sets what follows from the room, which is there by now.
func (e *Engine) made(kind world.Kind, options map[string]string, cfg Config) {
	if e.recording.ring != nil {
		e.recording.ring.Limit(uint32(ringSeconds * e.room.TickRate))
	}
	e.show = kind.ShowName(options)
	e.cfg = cfg.withDefaults(e.room.TickRate)
	hold := kind.HoldSeconds()
	e.holdTicks = uint32(hold * e.room.TickRate)
	e.holdLeast = min(uint32(math.Ceil(e.cfg.HoldLeast.Seconds()*e.room.TickRate)), e.holdTicks)
	e.idleTicks = uint32(math.Ceil(e.cfg.IdleTimeout.Seconds() * e.room.TickRate))
	e.maxEvery = max(1, e.idleTicks/snapshotsPerIdle)
	e.rules = inputRules(&kind, e.room.TickRate)
	e.welcome = &tickroomv1.Welcome{
		NeutralAfter: e.rules.NeutralAfter, RewindTicks: e.rules.Rewind,
		Room: e.id, Kind: kind.Name, TickRate: e.room.TickRate, Fingerprint: kind.Schema.Fingerprint(),
		AckWindow: uint32(e.cfg.AckWindow), MaxMessage: uint32(e.cfg.MaxMessage),
		HoldSeconds: hold,
	}
	if e.holdLeast < e.holdTicks {
		e.welcome.HoldLeastSeconds = float64(e.holdLeast) / e.room.TickRate
	}
	e.omissions()
}

// viewSpread is how many seconds there may be between what a client has acknowledged and what its
// player looks at: clients show what came a little before, the more so on lines that jitter.
const viewSpread = 0.6

// inputRules returns the rules of the inputs of a kind's players.
func inputRules(kind *world.Kind, rate float64) netcode.InputRules {
	return netcode.InputRules{
		NeutralAfter: kind.Starved.NeutralAfter(),
		Rewind:       kind.RewindTicks(rate),
		Spread:       uint32(math.Ceil(viewSpread * rate)),
	}
}

// omissions tells what the game has left out, if it has.
func (e *Engine) omissions() {
	if e.cfg.Omitted == nil {
		return
	}
	if what := e.room.Omissions(); len(what) > 0 {
		e.cfg.Omitted(what)
	}
}

// ID returns the room's id.
func (e *Engine) ID() string { return e.id }

// World returns the game's side of the room.
func (e *Engine) World() *world.Room { return e.room.Room }

// Clients returns the number of clients with a connection.
func (e *Engine) Clients() int { return len(e.clients) }

// Held returns the number of sessions that are held for clients without a connection.
func (e *Engine) Held() int { return len(e.held) }

// Spectators returns how many of the clients with a connection only watch.
func (e *Engine) Spectators() int { return spectators(e.clients) }

func spectators(clients []*Client) (n int) {
	for _, c := range clients {
		if c.player.Spectator {
			n++
		}
	}
	return n
}

// Failed returns why the room's game has failed, or nil.
func (e *Engine) Failed() error { return e.failed }

// guard runs game code. A panic in it is the end of this room, and of nothing else.
func (e *Engine) guard(where string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.failed = fmt.Errorf("%w: panic in %s: %v", ErrFailed, where, p)
			stack := string(debug.Stack())
			e.recording.panicked(fmt.Sprintf("in %s: %v", where, p), stack)
			e.log.Error("the game panicked; the room ends", "in", where, "panic", fmt.Sprint(p), "tick", e.tick+1, "stack", stack)
			err = e.failed
		}
	}()
	return fn()
}

func roomFailed() error { return closeError(closecode.RoomFailed, "the room has failed") }

// Read takes what all clients have sent. Loop does the same in parallel.
func (e *Engine) Read(w *Worker) {
	e.fill(1)
	e.read(e.clients, w)
}

// fill lets the clients send as much more as they may in so many ticks.
func (e *Engine) fill(ticks uint32) {
	e.elapsed += ticks
	for _, c := range e.clients {
		c.messages.fill(ticks)
		c.commandLimit.fill(ticks)
	}
}

// Step simulates one tick: what has come from beside the room, commands and inputs, then the game,
// then the commit.
// If it returns an error the room is over.
func (e *Engine) Step(counts *metrics.Counts) error {
	if e.failed != nil {
		return e.failed
	}
	now := e.tick + 1
	return e.guard("Tick", func() error {
		if !e.mail.empty() {
			e.handOver(counts)
		}
		for _, c := range e.clients {
			e.serve(c, now, counts)
		}
		for _, c := range e.held { // what came before the connection was lost
			e.serve(c, now, counts)
		}
		e.tick = e.room.Step() // timers, the game's Tick, the commit
		return nil
	})
}

// serve hands a client's commands, and its inputs of this tick, to the game.
func (e *Engine) serve(c *Client, now uint32, counts *metrics.Counts) {
	if c.over != nil {
		return
	}
	if c.ncmds > 0 {
		e.runCommands(c, counts)
	}
	c.in.Take(now, func(in world.Input) {
		if c.player.Spectator {
			return
		}
		if e.room.HandleInput(c.player, in) != nil && c.over == nil {
			c.over = closeError(closecode.BadMessage, "an input could not be decoded")
		}
	})
}

func (e *Engine) runCommands(c *Client, counts *metrics.Counts) {
	for i := range c.ncmds {
		cmd := &c.commands[i]
		var err error
		e.reply, err = e.room.HandleCommand(c.player, cmd.id, cmd.command, cmd.data, e.reply[:0])
		c.answer(cmd.id, e.reply, err, counts)
	}
	c.ncmds = 0
}

// answer queues the answer to a command: what the game replies, or why it is refused.
func (c *Client) answer(id uint32, reply []byte, err error, counts *metrics.Counts) {
	switch {
	case err == nil:
		counts[metrics.CommandsDone]++
		c.reply(id, tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED, "", reply)
	case errors.Is(err, world.ErrUnknownCommand):
		counts[metrics.CommandsUnknown]++
		c.reply(id, tickroomv1.ReplyCode_REPLY_CODE_UNKNOWN_COMMAND, err.Error(), nil)
	case errors.Is(err, world.ErrTalk):
		counts[metrics.CommandsLimited]++
		c.reply(id, tickroomv1.ReplyCode_REPLY_CODE_LIMITED, err.Error(), nil)
	case errors.Is(err, world.ErrMalformed):
		counts[metrics.CommandsMalformed]++
		c.reply(id, tickroomv1.ReplyCode_REPLY_CODE_MALFORMED, err.Error(), nil)
	default:
		counts[metrics.CommandsRefused]++
		c.reply(id, tickroomv1.ReplyCode_REPLY_CODE_REFUSED, err.Error(), nil)
	}
}

// Write sends all clients what is due. Loop does the same in parallel.
func (e *Engine) Write(w *Worker) {
	e.write(e.clients, w)
	e.written = e.tick
}

// Reap ends the connections of the clients that have been silent for too long or that the
// game has removed. Of those, and of the others whose connection is over, it holds the
// sessions or ends them. It calls gone for each session that has ended, without a reason if
// it was held.
func (e *Engine) Reap(gone func(c *Client, why *socket.CloseError)) {
	n, half := 0, e.idleTicks/2
	for i, c := range e.clients {
		if c.over == nil && !e.current(c, half) {
			c.over = e.overdue(c, e.idleTicks)
		}
		if c.over == nil {
			if n != i {
				e.clients[n] = c
			}
			n++
			continue
		}
		why := asClose(c.over)
		c.conn.Close(why.Code, why.Reason)
		if !e.holds(c, why) || !e.share(c) {
			e.leave(c)
			gone(c, why)
			continue
		}
		e.hold(c)
		if e.onAway != nil {
			e.onAway(c, why)
		}
	}
	clear(e.clients[n:])
	e.clients = e.clients[:n]
	if len(e.held) > 0 {
		e.endHeld(gone)
	}
}

// current reports whether a client was heard and sent something within half the idle time, and
// may stay: as good as always, so that overdue is seldom asked.
func (e *Engine) current(c *Client, half uint32) bool {
	_, removed := c.player.Removed()
	return !removed && !c.watched && e.tick-c.heard < half && e.tick-c.down.Base() < half
}

// overdue returns why a client's connection must end, or nil: the game has removed it, or
// it has not been heard for idle ticks, or has acknowledged nothing for as long since its
// window is full: since its last snapshot, that is, however many are due meanwhile; or it takes
// nothing of what it was sent, whatever it says meanwhile. A client
// that still takes what was sent is left alone.
func (e *Engine) overdue(c *Client, idle uint32) error {
	if reason, removed := c.player.Removed(); removed {
		return closeError(closecode.Kicked, reason)
	}
	late := e.tick-c.down.Base() >= idle/2
	full := late && c.down.WindowFull()
	stuck := late && !full && c.conn.Stats().Pending > 0
	quiet := e.tick-c.heard >= idle/2
	if !full && !stuck && !quiet {
		c.watched = false
		return nil
	}
	switch drains := e.drains(c, idle); {
	case full && e.tick-c.down.Base() > idle && !drains:
		return closeError(closecode.Idle, "the client acknowledges nothing")
	case stuck && e.tick-c.down.Base() > idle && !drains:
		return closeError(closecode.Idle, "the client takes nothing of what it is sent")
	case quiet && e.silent(c, idle) && !drains:
		return closeError(closecode.Idle, "nothing was heard from the client")
	}
	return nil
}

// drainLeast is how many bytes the network takes for a client that makes progress, in the idle
// time: whoever takes a byte now and then holds for ever what waits for it.
const drainLeast = 2 << 10

// drains reports whether the network has taken some of the bytes that wait for a client in the
// last idle ticks, since it is watched. So it is with one that downloads what is long on a line
// that is slow, and has nothing to say before that has come; not with one that is gone, or does
// not read.
func (e *Engine) drains(c *Client, idle uint32) bool {
	s := c.conn.Stats()
	switch {
	case !c.watched:
		c.watched, c.taken, c.drained = true, s.BytesOut, 0
	case s.Pending > 0 && s.BytesOut-c.taken >= drainLeast:
		c.taken, c.drained = s.BytesOut, e.tick
	}
	return c.drained != 0 && e.tick-c.drained <= idle
}

// silent reports whether a client that has sent no message for half the idle time or
// more has been silent for the whole of it. Other bytes that come in the second
// half, such as WebSocket pings, count as a message.
func (e *Engine) silent(c *Client, idle uint32) bool {
	n := c.conn.Stats().BytesIn
	switch {
	case c.sampled != c.heard+1: // the first time
		c.sampled, c.bytes = c.heard+1, n
	case n != c.bytes:
		c.heard = e.tick
		return false
	}
	return e.tick-c.heard > idle
}

// CloseAll ends all sessions with a code.
func (e *Engine) CloseAll(code int, reason string, gone func(c *Client, why *socket.CloseError)) {
	e.ending = true
	for _, c := range e.clients {
		if c.over == nil {
			c.over = closeError(code, reason)
		}
	}
	for _, c := range e.held {
		c.holdUntil = e.clock()
	}
	e.Reap(gone)
}

func closeError(code int, reason string) error { return &socket.CloseError{Code: code, Reason: reason} }

// asClose returns the end of a connection that an error is.
func asClose(err error) *socket.CloseError {
	var ce *socket.CloseError
	if errors.As(err, &ce) {
		return ce
	}
	return &socket.CloseError{Code: closecode.ServerFault, Reason: "internal error", Err: err}
}
