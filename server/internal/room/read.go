package room

import (
	"errors"
	"fmt"

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
		return closeError(closecode.BadMessage, unreadable(err))
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
	shown := netcode.Shown{Newest: c.down.Newest(), Acknowledged: c.down.Acknowledged()}
	for i := range f.Inputs {
		switch c.in.Push(&f.Inputs[i], shown, now) {
		case netcode.Accepted:
			w.counts[metrics.InputsAccepted]++
		case netcode.Late:
			w.counts[metrics.InputsLate]++
		case netcode.Dropped:
			w.counts[metrics.InputsDropped]++
		}
	}
	for i := range f.Commands {
		e.pushCommand(c, &f.Commands[i], &w.counts)
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

// unreadable returns what is wrong with a message that can't be taken apart.
func unreadable(err error) string {
	var many *netcode.TooManyError
	if errors.As(err, &many) {
		return many.Text()
	}
	return "the message is no ClientFrame"
}

// pushCommand puts a command into the queue, or answers which limit it is over.
func (e *Engine) pushCommand(c *Client, cmd *netcode.Command, counts *metrics.Counts) {
	if cmd.ID <= c.lastCommand {
		return // a client that has come back repeats what it has no answer to
	}
	c.lastCommand = cmd.ID
	if over := e.overLimit(c, cmd); over != "" {
		counts[metrics.CommandsLimited]++
		c.reply(cmd.ID, tickroomv1.ReplyCode_REPLY_CODE_LIMITED, over, nil)
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

// overLimit returns which limit a client's command is over; nothing: it may be done.
func (e *Engine) overLimit(c *Client, cmd *netcode.Command) string {
	switch {
	case len(cmd.Data) > maxCommandSize:
		return fmt.Sprintf("a command of %d bytes; at most %d are taken", len(cmd.Data), maxCommandSize)
	case c.ncmds == maxCommands:
		return fmt.Sprintf("more than %d commands in one tick", maxCommands)
	case !c.commandLimit.take():
		return fmt.Sprintf("commands come faster than %v per second, %v at once", e.cfg.CommandsPerSecond, e.cfg.CommandBurst)
	}
	return ""
}

// pushToken keeps a token until it is checked, in place of one that came before it.
func (c *Client) pushToken(token []byte, counts *metrics.Counts) error {
	if !c.tokenLimit.take() {
		counts[metrics.TokensLimited]++
		return closeError(closecode.RateLimited, fmt.Sprintf("tokens come faster than one in %.0f s, %d at once", 1/tokensPerSecond, tokenBurst))
	}
	c.newToken = append(c.newToken[:0], token...)
	counts[metrics.Tokens]++
	return nil
}
