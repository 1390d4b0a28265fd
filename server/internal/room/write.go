package room

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// keepOut bounds the memory for messages that a worker keeps from one tick to the next.
const keepOut = 1 << 20

// serverHeader returns the size of the WebSocket header of a message to a client.
func serverHeader(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}

// write sends some clients what is due. It runs at the same time as that of other
// clients of the room.
func (e *Engine) write(clients []*Client, w *Worker) {
	w.engine, w.clients = e, clients
	if w.out = w.out[:0]; cap(w.out) > keepOut {
		w.out = nil
	}
	for i, c := range clients {
		if c.over == nil {
			e.writeOne(i, c, w)
		}
	}
	w.batch.Flush(w.onOver)
	w.engine, w.clients = nil, nil
}

// writeOne queues the message that is due to a client.
func (e *Engine) writeOne(i int, c *Client, w *Worker) {
	pending, err := c.conn.Flush()
	if err != nil {
		c.over = err
		return
	}
	if pending > 0 {
		e.skipBusy(c, pending, &w.counts)
		return
	}
	if c.first {
		c.firstTaken()
	}
	// The messages to the clients of a part stand one after another, each behind room for
	// its header, until all are sent.
	from := len(w.out)
	b := append(w.out, w.headroom[:]...)
	start := len(b)
	switch {
	case !c.down.Due(e.written, e.tick):
		w.counts[metrics.SkippedRate]++
	case c.down.WindowFull():
		w.counts[metrics.SkippedWindow]++
		c.down.Missed()
	default:
		b, err = c.down.AppendSnapshot(b, &w.world, e.tick, c.in.Applied())
		if errors.Is(err, netcode.ErrOverrun) {
			c.over = closeError(closecode.Overflow, "events could not be delivered")
			return
		}
		w.counts[metrics.Snapshots]++
		if early, ok := c.in.Early(e.tick); ok {
			b = appendEarly(b, early)
		}
	}
	greets := c.greet
	if c.greet || len(c.answers) > 0 || len(c.pongs) > 0 {
		b = e.appendAnswers(b, c)
	}
	w.out = b
	n := len(b) - start
	if n == 0 {
		w.out = b[:from]
		return
	}
	if greets {
		e.sendsFirst(c, n)
	}
	if n > netcode.MaxFrame {
		w.out = b[:from]
		c.over = closeError(closecode.Overflow, fmt.Sprintf("a message of %d bytes; the longest has %d", n, netcode.MaxFrame))
		return
	}
	if n > netcode.MaxWhole && c.parts {
		e.sendParts(i, c, w, start)
		return
	}
	w.counts[metrics.MessagesOut]++
	w.counts[metrics.BytesOut] += n + serverHeader(n)
	w.batch.Send(i, c.conn, b[from:len(b):len(b)], w.onOver)
}

// sendParts queues the message that stands in the worker's memory from start on, in parts.
// They go out as one: the connection is busy until all have, so that nothing comes between.
func (e *Engine) sendParts(i int, c *Client, w *Worker, start int) {
	b := w.out
	rest := b[start:]
	from := len(b)
	for len(rest) > 0 {
		piece := rest[:min(netcode.PartSize, len(rest))]
		rest = rest[len(piece):]
		b = socket.AppendHeader(b, netcode.PartLen(len(piece), len(rest)))
		b = netcode.AppendPart(b, piece, len(rest))
		w.counts[metrics.MessagesOut]++
	}
	w.out = b
	w.counts[metrics.BytesOut] += len(b) - from
	w.batch.SendMessages(i, c.conn, b[from:len(b):len(b)], w.onOver)
}

// skipBusy passes over a client of whose last message bytes are still pending.
func (e *Engine) skipBusy(c *Client, pending int, counts *metrics.Counts) {
	counts[metrics.Backlog] += pending
	counts[metrics.SkippedBusy]++
	if c.down.Due(e.written, e.tick) {
		c.down.Missed()
	}
	if len(c.answers) > e.cfg.MaxOutbox {
		c.over = closeError(closecode.Overflow, fmt.Sprintf("more than %d bytes of answers wait for the client", e.cfg.MaxOutbox))
	}
}

// appendAnswers appends what is due to a client besides the snapshot: the welcome, answers
// and pongs.
func (e *Engine) appendAnswers(b []byte, c *Client) []byte {
	if c.greet {
		b = e.appendWelcome(b, c)
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
	return b
}

// appendWelcome appends the welcome that is due to a client.
func (e *Engine) appendWelcome(b []byte, c *Client) []byte {
	w := proto.CloneOf(e.welcome)
	w.Session, w.Player, w.Tick, w.Spectator = c.token, c.player.ID, e.tick, c.player.Spectator
	w.ServerTimeUs = time.Now().UnixMicro()
	w.PlayerId, w.ExpiresUs = c.identity.Player, micros(c.identity.Expires)
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

// appendEarly appends how early a client's inputs come.
func appendEarly(b []byte, ticks int) []byte {
	return schema.AppendUvarint(append(b, 0x80, 0x01), uint64(uint32(ticks<<1)^uint32(ticks>>31))) // field 16
}

func appendPong(b []byte, client uint64, server int64, tick uint32) []byte {
	var p [32]byte
	q := schema.AppendUvarint(append(p[:0], 1<<3), client)
	q = schema.AppendUvarint(append(q, 2<<3), uint64(server))
	q = schema.AppendUvarint(append(q, 3<<3), uint64(tick))
	b = append(b, 13<<3|2, byte(len(q)))
	return append(b, q...)
}
