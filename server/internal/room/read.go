package room

import (
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
)

// Bounds of what waits for one client between two ticks.
const (
	maxCommands    = 16      // commands that wait for the next step; further ones are answered with LIMITED
	maxCommandSize = 4 << 10 // bytes of one; longer ones are answered so, too
	maxPongs       = 4       // further pings are not answered
)

// clientHeader is the size of a WebSocket header with a mask, as nearly all
// messages of clients have it.
const clientHeader = 6

// read takes what some clients have sent. It runs at the same time as that of
// other clients of the room.
func (e *Engine) read(clients []*Client, w *Worker) {
	w.engine, w.clients = e, clients
	w.batch.Poll(len(clients), w.conn, w.onMessage, w.onOver)
	w.engine, w.clients = nil, nil
}

// message takes one message in. An error ends the connection.
func (e *Engine) message(c *Client, w *Worker, msg []byte) error {
	f := &w.frame
	if err := f.Parse(msg); err != nil {
		return closeError(closecode.BadMessage, "the message is no ClientFrame")
	}
	if f.Hello != nil {
		return closeError(closecode.BadMessage, "a second hello")
	}
	c.heard = e.tick
	if f.Ack != 0 {
		if err := c.down.Ack(f.Ack); err != nil {
			return closeError(closecode.BadMessage, "acknowledges a tick that was not sent")
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
	if f.Mismatch {
		w.counts[metrics.Mismatches]++
		c.down.Explain()
	}
	if len(f.Token) > 0 {
		return c.pushToken(f.Token, &w.counts)
	}
	return nil
}

// pushCommand puts a command into the queue, or answers that it is full.
func (c *Client) pushCommand(cmd *netcode.Command, counts *metrics.Counts) {
	if cmd.ID <= c.lastCommand {
		return // a client that has come back repeats what it has no answer to
	}
	c.lastCommand = cmd.ID
	if c.ncmds == maxCommands || len(cmd.Data) > maxCommandSize || !c.commandLimit.take() {
		counts[metrics.CommandsLimited]++
		c.reply(cmd.ID, tickroomv1.ReplyCode_REPLY_CODE_LIMITED, "too many commands at once", nil)
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

// pushToken keeps a token until it is checked, in place of one that came before it.
func (c *Client) pushToken(token []byte, counts *metrics.Counts) error {
	if !c.tokenLimit.take() {
		counts[metrics.TokensLimited]++
		return closeError(closecode.RateLimited, "tokens come faster than the limit")
	}
	c.newToken = append(c.newToken[:0], token...)
	counts[metrics.Tokens]++
	return nil
}
