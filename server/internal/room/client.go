package room

import (
	"errors"
	"net/netip"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Bounds of what waits for one client between two ticks.
const (
	maxCommands    = 16      // commands that wait for the next step
	maxCommandSize = 4 << 10 // bytes of one
	maxPongs       = 4

	maxKept = 1 << 20 // bytes of memory for messages that a worker keeps
)

// clientHeader is the size of a WebSocket header with a mask, as nearly all
// messages of clients have it.
const clientHeader = 6

// serverHeader gives the size of the WebSocket header of a message to a client.
func serverHeader(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}

// Client is one player's session in a room, and its connection.
type Client struct {
	// Set when the client joins.
	player *world.Player
	token  string // with which the session is resumed; a secret
	who    identity.Identity

	// Set when a connection is seated.
	conn        socket.Conn // nil while the seat is kept without one
	addr        netip.Addr
	fingerprint uint64 // of the schema that the client knows
	greet       bool   // a welcome is due
	resumed     bool   // it is one to a session that was there before
	leaveAt     uint32 // tick in which a seat that is kept is given up

	// Touched by the one worker that reads or writes the client in a phase of the
	// tick, and by the room's goroutine between the phases.
	down     netcode.Downlink
	in       netcode.Inputs
	commands []command
	ncmds    int
	pongs    []uint64
	answers  []byte // fields of a ServerFrame that must reach the client
	kept     kept   // answers that were sent
	heard    uint32 // tick in which the client last said something
	bytes    uint64 // received half the idle time after that
	sampled  uint32 // the heard that bytes belongs to
	blocked  uint32 // ticks for which the window has been full
	limit    bucket // of messages
	over     error  // why the connection ended, or is to end

	commandLimit bucket
	lastCommand  uint32 // highest number of a command

	fresh      []byte // a token that came, to be checked; a secret
	tokenLimit bucket

	// The room's goroutine's.
	checking  bool      // a token is being checked
	since     time.Time // when the room first looked at when who expires
	reminded  bool      // the client was told that it does
	byteLimit bucket
	counted   uint64 // bytes that byteLimit has seen, of the connection's
}

type command struct {
	id, command uint32
	data        []byte
}

// bucket is a token bucket that is filled tick by tick.
type bucket struct {
	tokens, perTick, burst float32
}

func newBucket(perSecond, burst, rate float64) bucket {
	return bucket{tokens: float32(burst), perTick: float32(perSecond / rate), burst: float32(burst)}
}

// fill adds what so many ticks give. After ticks that came late there may be more
// in the bucket than otherwise: what the client sent meanwhile comes all at once.
func (b *bucket) fill(ticks uint32) {
	n := float32(ticks)
	b.tokens = min(b.burst+b.perTick*(n-1), b.tokens+b.perTick*n)
}

func (b *bucket) take() bool { return b.takeN(1) }

func (b *bucket) takeN(n float32) bool {
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}

// Player gives the client's player.
func (c *Client) Player() *world.Player { return c.player }

func closeError(code tickroomv1.CloseCode, reason string) error {
	return &socket.CloseError{Code: int(code), Reason: reason}
}

// read takes what some clients have sent. It runs at the same time as that of
// other clients of the room.
func (e *Engine) read(clients []*Client, w *Worker) {
	w.engine, w.clients = e, clients
	w.batch.Poll(len(clients), w.conn, w.got, w.over)
	w.engine, w.clients = nil, nil
}

// gotConn gives the connection of a worker's client, nil if it is over.
func (w *Worker) gotConn(i int) socket.Conn {
	if c := w.clients[i]; c.over == nil {
		return c.conn
	}
	return nil
}

// gotMessage is what a worker does with each message of its clients.
func (w *Worker) gotMessage(i int, msg []byte) error {
	c := w.clients[i]
	w.counts[metrics.MessagesIn]++
	w.counts[metrics.BytesIn] += len(msg) + clientHeader
	if !c.limit.take() {
		w.counts[metrics.MessagesLimited]++
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED, "messages come faster than the limit")
	}
	return w.engine.message(c, w, msg)
}

// gotOver notes why the connection of a worker's client has ended.
func (w *Worker) gotOver(i int, err error) {
	c := w.clients[i]
	if c.over != nil {
		return
	}
	if errors.Is(err, socket.ErrOverflow) {
		err = closeError(tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW, "a snapshot could not be delivered")
	}
	c.over = err
}

// message takes one message in.
func (e *Engine) message(c *Client, w *Worker, msg []byte) error {
	f := &w.frame
	if err := f.Parse(msg); err != nil {
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE, "the message is no ClientFrame")
	}
	if f.Hello != nil {
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE, "a second hello")
	}
	c.heard = e.tick
	if f.Ack != 0 {
		if err := c.down.Ack(f.Ack); err != nil {
			return closeError(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE, "acknowledges a tick that was not sent")
		}
		if len(c.kept.marks) > 0 {
			c.kept.acked(f.Ack)
		}
	}
	now := e.tick + 1
	for i := range f.Inputs {
		in := &f.Inputs[i]
		switch c.in.Push(in.Seq, in.Tick, in.Data, now) {
		case netcode.Accepted:
			w.counts[metrics.InputsAccepted]++
		case netcode.Late:
			w.counts[metrics.InputsLate]++
		case netcode.Dropped:
			w.counts[metrics.InputsDropped]++
		}
	}
	for i := range f.Commands {
		c.pushCommand(&f.Commands[i], &w.counts)
	}
	if f.Ping && len(c.pongs) < maxPongs {
		c.pongs = append(c.pongs, f.PingTime)
	}
	c.down.SetEvery(f.Every)
	if len(f.Token) > 0 {
		if !c.tokenLimit.take() {
			w.counts[metrics.TokensLimited]++
			return closeError(tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED, "tokens come faster than the limit")
		}
		c.fresh = append(c.fresh[:0], f.Token...)
		w.counts[metrics.Tokens]++
	}
	if f.Mismatch {
		w.counts[metrics.Mismatches]++
		c.down.Explain()
	}
	return nil
}

func (c *Client) pushCommand(cmd *netcode.Command, counts *metrics.Counts) {
	if cmd.ID <= c.lastCommand {
		return // a client that has come back repeats what it has no answer to
	}
	c.lastCommand = cmd.ID
	if c.ncmds == maxCommands || len(cmd.Data) > maxCommandSize || !c.commandLimit.take() {
		counts[metrics.CommandsLimited]++
		c.answer(cmd.ID, tickroomv1.ReplyCode_REPLY_CODE_LIMITED, "too many commands at once", nil)
		return
	}
	if c.ncmds == len(c.commands) {
		c.commands = append(c.commands, command{})
	}
	p := &c.commands[c.ncmds]
	c.ncmds++
	p.id, p.command = cmd.ID, cmd.Command
	p.data = append(p.data[:0], cmd.Data...)
}

// answer queues a Reply, which is never dropped.
func (c *Client) answer(id uint32, code tickroomv1.ReplyCode, text string, data []byte) {
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(id))
	if code != 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(code))
	}
	if text != "" {
		b = protowire.AppendTag(b, 3, protowire.BytesType)
		b = protowire.AppendString(b, text)
	}
	if len(data) > 0 {
		b = protowire.AppendTag(b, 4, protowire.BytesType)
		b = protowire.AppendBytes(b, data)
	}
	c.answers = protowire.AppendTag(c.answers, 12, protowire.BytesType)
	c.answers = protowire.AppendBytes(c.answers, b)
}

// write sends some clients what is due. It runs at the same time as that of other
// clients of the room.
func (e *Engine) write(clients []*Client, w *Worker) {
	w.engine, w.clients = e, clients
	if w.out = w.out[:0]; cap(w.out) > maxKept {
		w.out = nil
	}
	for i, c := range clients {
		if c.over == nil {
			e.writeOne(i, c, w)
		}
	}
	w.batch.Flush(w.over)
	w.engine, w.clients = nil, nil
	w.world.Release()
}

// writeOne queues the frame that is due to a client.
func (e *Engine) writeOne(i int, c *Client, w *Worker) {
	counts := &w.counts
	pending, err := c.conn.Flush()
	if err != nil {
		c.over = err
		return
	}
	if pending > 0 {
		counts[metrics.Backlog] += pending
		counts[metrics.SkippedBusy]++
		if c.down.Due(e.written, e.tick) {
			c.down.Missed()
		}
		if len(c.answers) > e.cfg.MaxOutbox {
			c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW, "answers could not be delivered")
		}
		return
	}
	// The frames of a part stand one after another, each behind room for its
	// header, until all are sent.
	from := len(w.out)
	b := append(w.out, w.headroom[:]...)
	start := len(b)
	switch {
	case !c.down.Due(e.written, e.tick):
		counts[metrics.SkippedRate]++
	case c.down.WindowFull():
		counts[metrics.SkippedWindow]++
		c.blocked += e.tick - e.written
		c.down.Missed()
	default:
		c.blocked = 0
		b, err = c.down.AppendSnapshot(b, &w.world, e.tick, c.in.Applied())
		if errors.Is(err, netcode.ErrOverrun) {
			c.over = closeError(tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW, "events could not be delivered")
			return
		}
		counts[metrics.Snapshots]++
	}
	if c.greet {
		b = c.appendWelcome(b, e)
	}
	if len(c.answers) > 0 {
		b = append(b, c.answers...)
		if e.holdTicks > 0 {
			c.kept.add(c.answers, e.tick, e.cfg.MaxOutbox)
		}
		c.answers = c.answers[:0]
	}
	for _, t := range c.pongs {
		b = appendPong(b, t, time.Now().UnixMicro(), e.tick)
	}
	c.pongs = c.pongs[:0]
	w.out = b
	n := len(b) - start
	if n == 0 {
		w.out = b[:from]
		return
	}
	counts[metrics.MessagesOut]++
	counts[metrics.BytesOut] += n + serverHeader(n)
	w.batch.Send(i, c.conn, b[from:len(b):len(b)], w.over)
}

func appendPong(b []byte, client uint64, server int64, tick uint32) []byte {
	var p [32]byte
	q := schema.AppendUvarint(append(p[:0], 1<<3), client)
	q = schema.AppendUvarint(append(q, 2<<3), uint64(server))
	q = schema.AppendUvarint(append(q, 3<<3), uint64(tick))
	b = append(b, 13<<3|2, byte(len(q)))
	return append(b, q...)
}
