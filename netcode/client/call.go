package client

import (
	"context"
	"fmt"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// ReplyError is the error of a command that was answered, but not done.
type ReplyError struct {
	Code tickroomv1.ReplyCode
	Text string // what was wrong, for people
}

// Error says what was wrong.
func (e *ReplyError) Error() string {
	what := map[tickroomv1.ReplyCode]string{
		tickroomv1.ReplyCode_REPLY_CODE_UNKNOWN_COMMAND: "the room has no such command",
		tickroomv1.ReplyCode_REPLY_CODE_MALFORMED:       "the command could not be decoded",
		tickroomv1.ReplyCode_REPLY_CODE_REFUSED:         "the command was refused",
		tickroomv1.ReplyCode_REPLY_CODE_LIMITED:         "the command was over a limit",
	}[e.Code]
	if what == "" {
		what = fmt.Sprintf("the command failed with code %d", e.Code)
	}
	if e.Text != "" {
		what += ": " + e.Text
	}
	return "client: " + what
}

// Call sends a command of type C and waits for its answer, an R. The error is a
// *ReplyError if the command was answered but not done, the context's if it ran
// out, a *CloseError if the connection ended. It must not be called from within
// a callback, which would wait for itself. For example:
//
//	reply, err := client.Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{Text: "hi"})
func Call[C, R any, PC interface {
	*C
	schema.Command
}, PR interface {
	*R
	schema.Message
}](ctx context.Context, c *Client, cmd *C) (*R, error) {
	var r *R
	err := ask(ctx, c, PC(cmd).CommandID(), PC(cmd).AppendProto(nil), func(data []byte) error {
		r = new(R)
		return PR(r).UnmarshalProto(data)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Order sends an order of type C, a command that has no reply in the schema, and waits until it was
// carried out. Errors are as those of Call.
func Order[C any, PC interface {
	*C
	schema.Command
}](ctx context.Context, c *Client, order *C) error {
	return ask(ctx, c, PC(order).CommandID(), PC(order).AppendProto(nil), nil)
}

// ask sends a command and waits for its answer. If the command was done its reply is read by read,
// which may be nil.
func ask(ctx context.Context, c *Client, command uint32, data []byte, read func(data []byte) error) error {
	answered := make(chan error, 1)
	id, err := c.s.sendCommand(command, data, func(reply replica.Reply, err error) {
		switch {
		case err != nil:
		case reply.Code != tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED:
			err = &ReplyError{reply.Code, reply.Error}
		case read != nil:
			err = read(reply.Data)
		}
		answered <- err
	})
	if err != nil {
		return err
	}
	c.wake()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		c.s.answered(id)
		return ctx.Err()
	case <-c.done:
		// The answer may have come just before the end.
		select {
		case err := <-answered:
			return err
		default:
		}
		c.s.answered(id)
		return c.Err()
	}
}
