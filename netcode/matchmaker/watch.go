package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
)

// Times of a watch.
const (
	// watchBase and watchMax bound the pause before a watch is begun again, a random
	// part of a time that doubles. What the service asks for comes on top.
	watchBase = 200 * time.Millisecond
	watchMax  = 10 * time.Second
	// watchSilence is after how long without a word a watch is begun again: the
	// connection may be dead and neither side has noticed.
	watchSilence = 45 * time.Second
)

// watching begins a watch of what again and again, until it returns nil, or an error that is
// final. watch returns whether it has heard anything. When the context ends, so does
// watching, with an error that wraps the cause.
func (c *Client) watching(ctx context.Context, what string, watch func(ctx context.Context) (heard bool, err error)) error {
	limit, renewed := watchBase, false
	for {
		heard, err := watch(ctx)
		if err == nil {
			return nil
		}
		var failed *Error
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("matchmaker: watching %s: %w", what, context.Cause(ctx))
		case !errors.As(err, &failed):
			return err // it has ended, or was answered with what is no use
		case failed.Code == connect.CodeUnauthenticated && !renewed:
			other, rerr := c.renew(ctx, c.Token())
			if rerr != nil || !other {
				return errors.Join(err, rerr)
			}
			renewed = true
			continue
		case !goesOn(failed.Code):
			return err
		}
		if heard {
			limit, renewed = watchBase, false
		}
		pause := failed.RetryAfter + rand.N(limit)
		limit = min(2*limit, watchMax)
		c.log.Info("a watch is broken; watching again", "what", what, "error", err, "in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// goesOn reports whether a watch that ended with a code is to be begun again: what it
// watches is still there, as far as is known.
func goesOn(code connect.Code) bool {
	switch code {
	case connect.CodeUnavailable, connect.CodeUnknown, connect.CodeInternal, connect.CodeAborted, connect.CodeCanceled,
		connect.CodeDeadlineExceeded, connect.CodeResourceExhausted, connect.CodeDataLoss:
		return true
	}
	return false
}

// hear opens one stream and hands on what comes, until told says that it is over or returns
// an error. heard is whether anything came. what says what was asked for, for errors.
func hear[Q, R any](ctx context.Context, c *Client, what string, method func(context.Context, *connect.Request[Q]) (*connect.ServerStreamForClient[R], error), q *Q, told func(*R) (more bool, err error)) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(watchSilence, cancel)
	defer silence.Stop()
	ctx, wait := withAsked(ctx)
	req := connect.NewRequest(q)
	authorize(req.Header(), c.Token())
	stream, err := method(ctx, req)
	if err != nil {
		return false, wrap(context.Background(), what, wait, err)
	}
	defer func() { _ = stream.Close() }()
	for stream.Receive() {
		silence.Reset(watchSilence)
		heard = true
		if more, err := told(stream.Msg()); err != nil || !more {
			return true, err
		}
	}
	if err := stream.Err(); err != nil {
		return heard, wrap(context.Background(), what, wait, err)
	}
	return heard, &Error{What: what, Code: connect.CodeUnavailable, Text: "the stream ended, though there is more to come"}
}
