package room

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Config bounds what a room does for its clients. Zero values mean the defaults.
type Config struct {
	// AckWindow is how many ticks a client may leave unacknowledged before it is
	// skipped. Default: those of half a second, at least 10.
	AckWindow int
	// IdleTimeout is how long a client may be silent. Default 30 s.
	IdleTimeout time.Duration
	// MaxOutbox bounds the bytes of answers that wait for a client. Default 64 KB.
	MaxOutbox int
	// MaxMessage is what the welcome tells clients of the longest message that
	// they may send. Default 8 KB.
	MaxMessage int
	// MessagesPerSecond and MessageBurst bound a client's messages. Default: 2
	// per tick, but at least 120, and three seconds' worth.
	MessagesPerSecond, MessageBurst float64
	// Hold is how long a seat is kept when the connection is lost. 0: as long as the
	// kind says; less: not at all.
	Hold time.Duration
	// BytesPerSecond and ByteBurst bound what a client sends, all in all. Default: 64 KiB
	// or eight of the longest messages, and three seconds' worth.
	BytesPerSecond, ByteBurst float64
	// SecondDevice says what becomes of a player who is in the room and comes from
	// elsewhere: RefuseDevice, or else the new connection gets the seat.
	SecondDevice string
	// Banned tells whether a player, or an address, is banned, and what to tell it. nil:
	// nobody is.
	Banned func(player string, addr netip.Addr) (reason string, banned bool)
	// ForPlayers is how many of the places those who only watch may not take: those of
	// the players of a match, who may come after them. Default 0.
	ForPlayers int
	// CommandsPerSecond and CommandBurst bound a client's commands; those over it
	// are answered so. Default 20 and 40.
	CommandsPerSecond, CommandBurst float64
}

func (c Config) withDefaults(rate float64) Config {
	if c.AckWindow <= 0 {
		c.AckWindow = max(10, int(math.Ceil(rate/2)))
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 30 * time.Second
	}
	if c.MaxOutbox <= 0 {
		c.MaxOutbox = 64 << 10
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 8 << 10
	}
	if c.MessagesPerSecond <= 0 {
		c.MessagesPerSecond = max(120, 2*rate)
	}
	if c.MessageBurst <= 0 {
		c.MessageBurst = 3 * c.MessagesPerSecond
	}
	if c.BytesPerSecond <= 0 {
		c.BytesPerSecond = max(64<<10, 8*float64(c.MaxMessage))
	}
	if c.ByteBurst <= 0 {
		c.ByteBurst = 3 * c.BytesPerSecond
	}
	if c.CommandsPerSecond <= 0 {
		c.CommandsPerSecond = 20
	}
	if c.CommandBurst <= 0 {
		c.CommandBurst = 40
	}
	return c
}

// Worker is the memory that reading and writing clients needs. Each goroutine
// that does so has one of its own.
type Worker struct {
	batch    *socket.Batch
	out      []byte // the messages being put together
	headroom [socket.Headroom]byte
	frame    netcode.ClientFrame
	world    world.Scratch
	counts   metrics.Counts

	// The clients that are being read or written, and the functions that the batch
	// calls: made once, so that serving a client allocates nothing.
	engine  *Engine
	clients []*Client
	conn    func(i int) socket.Conn
	got     func(i int, msg []byte) error
	over    func(i int, err error)
}

// NewWorker makes a Worker. If plain is set it does without io_uring.
func NewWorker(plain bool) *Worker {
	w := &Worker{batch: socket.NewBatch(plain)}
	w.conn, w.got, w.over = w.gotConn, w.gotMessage, w.gotOver
	return w
}

// Close gives up what the worker holds of the kernel.
func (w *Worker) Close() { w.batch.Close() }

// Engine runs a room's ticks with its clients: it holds a game, its world, and the
// connections to it. Its methods must not be called at the same time, except read and
// write, for clients of their own.
type Engine struct {
	id      string
	kind    world.Kind
	cfg     Config
	log     *slog.Logger
	room    *world.Room
	game    world.Game
	welcome *tickroomv1.Welcome

	clients  []*Client
	held     []*Client          // without a connection, whose seat is kept
	sessions map[string]*Client // all of them, by token
	players  map[string]*Client // those of players that have an id, by that
	last     uint32             // last number given
	elapsed  uint32             // ticks since the clients were inspected
	tick     uint32             // newest tick committed
	written  uint32             // newest tick whose snapshots were written
	reply    []byte
	failed   error

	holdTicks uint32
	ending    bool                                    // no seat is kept any more
	away      func(c *Client, why *socket.CloseError) // told of each seat that is kept; may be nil
}

// ErrFailed is what an engine's methods return once its game has panicked.
var ErrFailed = errors.New("room: the game has failed")

// New makes the engine of a room of a kind.
func New(id string, kind world.Kind, seed uint64, options map[string]string, cfg Config, log *slog.Logger) (*Engine, error) {
	e := &Engine{id: id, kind: kind, sessions: map[string]*Client{}, players: map[string]*Client{}, log: log.With("room", id, "kind", kind.Name)}
	err := e.guard("New", func() (err error) {
		e.room, e.game, err = world.NewRoom(kind, seed, options, e.log)
		return err
	})
	if err != nil {
		return nil, err
	}
	e.cfg = cfg.withDefaults(e.room.TickRate)
	hold := kind.HoldSeconds()
	if cfg.Hold != 0 {
		hold = max(cfg.Hold, 0).Seconds()
	}
	e.holdTicks = uint32(hold * e.room.TickRate)
	e.welcome = &tickroomv1.Welcome{
		Room: id, Kind: kind.Name, TickRate: e.room.TickRate, Fingerprint: kind.Schema.Fingerprint(),
		AckWindow: uint32(e.cfg.AckWindow), MaxMessage: uint32(e.cfg.MaxMessage),
		HoldSeconds: hold,
	}
	return e, nil
}

// ID gives the room's id.
func (e *Engine) ID() string { return e.id }

// World gives the game's side of the room.
func (e *Engine) World() *world.Room { return e.room }

// Clients gives the number of clients with a connection.
func (e *Engine) Clients() int { return len(e.clients) }

// Held gives the number of seats that are kept for clients without a connection.
func (e *Engine) Held() int { return len(e.held) }

// Spectators counts the seated clients that only watch.
func (e *Engine) Spectators() int {
	n := 0
	for _, c := range e.clients {
		if c.player.Spectator {
			n++
		}
	}
	return n
}

// watchers counts all who only watch, with a connection or without.
func (e *Engine) watchers() int {
	n := e.Spectators()
	for _, c := range e.held {
		if c.player.Spectator {
			n++
		}
	}
	return n
}

// Capacity gives how many clients the room takes.
func (e *Engine) Capacity() int { return e.room.MaxPlayers }

// Failed gives why the room's game has failed, or nil.
func (e *Engine) Failed() error { return e.failed }

// guard runs game code and makes its panic the end of the room alone.
func (e *Engine) guard(where string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.failed = fmt.Errorf("%w: panic in %s: %v", ErrFailed, where, p)
			e.log.Error("the game panicked; the room ends", "in", where, "panic", fmt.Sprint(p), "tick", e.tick+1, "stack", string(debug.Stack()))
			err = e.failed
		}
	}()
	return fn()
}

// Join gives a client a seat of its own. An error says with which close code it is to
// be turned away; the connection is left open.
func (e *Engine) Join(conn socket.Conn, j *Joiner) (*Client, error) {
	hello := j.Hello
	if e.failed != nil {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room has failed")
	}
	if j.spectates() && !e.kind.Spectators {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO, "rooms of this kind can't be watched")
	}
	if len(e.clients)+len(e.held) >= e.room.MaxPlayers {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, world.ErrFull.Error())
	}
	if j.spectates() && e.cfg.ForPlayers > 0 && e.watchers() >= e.room.MaxPlayers-e.cfg.ForPlayers {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "the room has no more places to watch from")
	}
	e.last++
	c := &Client{
		conn:   conn,
		token:  rand.Text(),
		player: j.player(e.room.World, e.last),
		who:    j.Who,
		addr:   j.Addr,
		greet:  true, fingerprint: hello.GetFingerprint(),
		limit:        newBucket(e.cfg.MessagesPerSecond, e.cfg.MessageBurst, e.room.TickRate),
		commandLimit: newBucket(e.cfg.CommandsPerSecond, e.cfg.CommandBurst, e.room.TickRate),
		tokenLimit:   newBucket(tokensPerSecond, tokenBurst, e.room.TickRate),
		byteLimit:    newBucket(e.cfg.BytesPerSecond, e.cfg.ByteBurst, e.room.TickRate),
		heard:        e.tick,
	}
	c.down = netcode.NewDownlink(c.player.Interest, uint32(e.cfg.AckWindow))
	c.down.SetEvery(hello.GetEvery())
	c.down.SetHashEvery(hello.GetHashEvery())
	if err := e.guard("Join", func() error { return e.game.Join(c.player, hello.GetData()) }); err != nil {
		code := tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO
		reason := err.Error()
		switch {
		case errors.Is(err, ErrFailed):
			code, reason = tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room has failed"
		case errors.Is(err, world.ErrFull):
			code = tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL
		}
		return nil, closeError(code, reason)
	}
	e.clients = append(e.clients, c)
	e.sessions[c.token] = c
	if c.who.Player != "" {
		e.players[c.who.Player] = c
	}
	return c, nil
}

// appendWelcome appends the welcome that is due to a client.
func (c *Client) appendWelcome(b []byte, e *Engine) []byte {
	w := proto.CloneOf(e.welcome)
	w.Session, w.Player, w.Tick, w.Spectator = c.token, c.player.ID, e.tick, c.player.Spectator
	w.ServerTimeUs = time.Now().UnixMicro()
	w.PlayerId, w.ExpiresUs = c.who.Player, micros(c.who.Expires)
	if c.fingerprint != w.GetFingerprint() {
		w.Schema = e.kind.Schema.Proto()
	}
	if c.resumed {
		w.Resumed, w.InputSeq, w.CommandId, w.EventsMissed = true, c.in.Seen(), c.lastCommand, c.down.EventsMissed()
	}
	c.greet = false
	m, err := proto.Marshal(&tickroomv1.ServerFrame{Welcome: w})
	if err != nil {
		// The names in it were checked to be UTF-8, which is all that can be wrong.
		panic(fmt.Sprintf("room: welcome: %v", err))
	}
	// A welcome may stand behind other fields in the same message, since messages
	// may be put together from their fields.
	return append(b, m...)
}

// Step simulates one tick: commands and inputs, then the game, then the commit.
// Where it returns an error the room is over.
func (e *Engine) Step(counts *metrics.Counts) error {
	if e.failed != nil {
		return e.failed
	}
	now := e.tick + 1
	err := e.guard("Tick", func() error {
		for _, c := range e.clients {
			e.serve(c, now, counts)
		}
		for _, c := range e.held { // what came before the connection was lost
			e.serve(c, now, counts)
		}
		e.game.Tick()
		e.tick = e.room.Commit() // which calls the game's Locate functions
		return nil
	})
	return err
}

// serve hands the game what a client asks for.
func (e *Engine) serve(c *Client, now uint32, counts *metrics.Counts) {
	if c.over != nil {
		return
	}
	if c.ncmds > 0 {
		e.runCommands(c, counts)
	}
	c.in.Take(now, func(seq uint32, data []byte) {
		if c.player.Spectator {
			return
		}
		if e.room.HandleInput(c.player, seq, data) != nil && c.over == nil {
			c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE, "an input could not be decoded")
		}
	})
}

func (e *Engine) runCommands(c *Client, counts *metrics.Counts) {
	for i := range c.ncmds {
		cmd := &c.commands[i]
		var err error
		e.reply, err = e.room.HandleCommand(c.player, cmd.command, cmd.data, e.reply[:0])
		switch {
		case err == nil:
			counts[metrics.CommandsDone]++
			c.answer(cmd.id, tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED, "", e.reply)
		case errors.Is(err, world.ErrUnknownCommand):
			counts[metrics.CommandsUnknown]++
			c.answer(cmd.id, tickroomv1.ReplyCode_REPLY_CODE_UNKNOWN_COMMAND, err.Error(), nil)
		case errors.Is(err, world.ErrMalformed):
			counts[metrics.CommandsMalformed]++
			c.answer(cmd.id, tickroomv1.ReplyCode_REPLY_CODE_MALFORMED, err.Error(), nil)
		default:
			counts[metrics.CommandsRefused]++
			c.answer(cmd.id, tickroomv1.ReplyCode_REPLY_CODE_REFUSED, err.Error(), nil)
		}
	}
	c.ncmds = 0
}

// Reap ends the connections of the clients that have been silent for too long or
// that the game has removed. Of those and the others whose connection is over, it
// keeps the seats or ends the sessions; it calls gone for each session that has
// ended, without a reason if the seat was kept, but for long enough.
func (e *Engine) Reap(gone func(c *Client, why *socket.CloseError)) {
	idle := uint32(e.cfg.IdleTimeout.Seconds() * e.room.TickRate)
	n := 0
	for i, c := range e.clients {
		if c.over == nil {
			if reason, ok := c.player.Removed(); ok {
				c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_KICKED, reason)
			} else if c.blocked > idle {
				c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_IDLE, "the client acknowledges nothing")
			} else if e.tick-c.heard > idle/2 && e.silent(c, idle) {
				c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_IDLE, "nothing was heard from the client")
			}
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
		if e.holds(c, why) {
			e.hold(c)
			if e.away != nil {
				e.away(c, why)
			}
			continue
		}
		e.leave(c)
		gone(c, why)
	}
	clear(e.clients[n:])
	e.clients = e.clients[:n]
	if len(e.held) > 0 {
		e.release(gone)
	}
}

// silent tells whether a client that has sent no message for half the idle time or
// more has been silent for the whole of it. Other bytes that come in the second
// half, such as WebSocket pings, count as a message.
func (e *Engine) silent(c *Client, idle uint32) bool {
	n := c.conn.Stats().BytesIn
	switch {
	case c.sampled != c.heard: // the first time
		c.sampled, c.bytes = c.heard, n
	case n != c.bytes:
		c.heard = e.tick
		return false
	}
	return e.tick-c.heard > idle
}

func asClose(err error) *socket.CloseError {
	var ce *socket.CloseError
	if errors.As(err, &ce) {
		return ce
	}
	return &socket.CloseError{Code: 1011, Reason: "internal error", Err: err}
}

// CloseAll ends all sessions with a code.
func (e *Engine) CloseAll(code int, reason string, gone func(c *Client, why *socket.CloseError)) {
	e.ending = true
	for _, c := range e.clients {
		if c.over == nil {
			c.over = &socket.CloseError{Code: code, Reason: reason}
		}
	}
	for _, c := range e.held {
		c.leaveAt = e.tick
	}
	e.Reap(gone)
}

// Read takes what all clients have sent. Loop does the same in parallel.
func (e *Engine) Read(w *Worker) {
	e.fill(1)
	e.read(e.clients, w)
}

// fill gives the clients what they may send in so many ticks.
func (e *Engine) fill(ticks uint32) {
	e.elapsed += ticks
	for _, c := range e.clients {
		c.limit.fill(ticks)
		c.commandLimit.fill(ticks)
	}
}

// Write sends all clients what is due. Loop does the same in parallel.
func (e *Engine) Write(w *Worker) {
	e.write(e.clients, w)
	e.written = e.tick
}
