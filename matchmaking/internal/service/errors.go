package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// retryAfter is the header with the number of seconds after which to try again.
const retryAfter = "Retry-After"

// away is how long a client waits when a store fails.
const away = 2 * time.Second

// warnEvery is how often it is logged as a warning that a store fails: each call of each
// client meets it.
const warnEvery = time.Second

// failed makes an error as a client is told it.
func failed(code connect.Code, format string, args ...any) *connect.Error {
	return connect.NewError(code, fmt.Errorf(format, args...))
}

// later makes an error that passes.
func later(code connect.Code, wait time.Duration, format string, args ...any) error {
	err := failed(code, format, args...)
	err.Meta().Set(retryAfter, strconv.Itoa(seconds(wait)))
	return err
}

// seconds returns a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// refuses has the errors of calls be those that clients are told.
func (s *Service) refuses(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		res, err := next(ctx, req)
		if err == nil {
			return res, nil
		}
		return res, s.tell(caller(ctx).Player, req.Spec().Procedure, err, s.refuse(ctx, req.Spec().Procedure, err))
	}
}

// recorded is a refusal that Limits have made, and have recorded.
type recorded struct{ error }

func (r recorded) Unwrap() error { return r.error }

// tell reports a refusal to Options.Refused, unless it is recorded already or the service
// itself has failed, and returns it as it is. told is why as the client is told it.
func (s *Service) tell(player, what string, why, told error) error {
	var refused *connect.Error
	if !errors.As(why, new(recorded)) && errors.As(told, &refused) {
		switch refused.Code() {
		case connect.CodeCanceled, connect.CodeDeadlineExceeded, connect.CodeInternal, connect.CodeUnavailable, connect.CodeUnknown:
		default:
			s.o.Refused(player, what[strings.LastIndexByte(what, '/')+1:], refused)
		}
	}
	return told
}

// refuse returns an error as a client is told it, a *connect.Error: all others are made
// into one here, and nil stays nil. ctx is the call's own: if the client has gone, or its
// time is over, that is what happened.
func (s *Service) refuse(ctx context.Context, what string, err error) error {
	var told *connect.Error
	var queued *store.QueuedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return told
	case errors.As(err, &queued):
		return alreadyQueued(caller(ctx).Player, queued)
	case errors.Is(err, store.ErrNoTicket):
		// So it is for the tickets of others: who guesses must not learn that there is one.
		return failed(connect.CodeNotFound, "the caller has no such ticket; ended ones are remembered for %d s", seconds(store.EndedKept))
	case errors.Is(err, store.ErrEnded):
		return failed(connect.CodeFailedPrecondition, "the ticket has ended")
	case errors.Is(err, queue.ErrGathering):
		return failed(connect.CodeFailedPrecondition, "the party does not wait yet: members are not ready")
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(connect.CodeCanceled, "the call was cancelled")
	case ctx.Err() != nil:
		return failed(connect.CodeDeadlineExceeded, "the time that the client gave is over")
	}
	level := slog.LevelDebug
	s.warn.Do(func() { level = slog.LevelWarn })
	s.o.Logger.LogAttrs(ctx, level, "matchmaking: unavailable", slog.String("what", what), slog.Any("error", err))
	return later(connect.CodeUnavailable, away, "matchmaking is not available at the moment; try again in %d s", seconds(away))
}

// alreadyQueued makes the error for a party of whom somebody waits. Only the caller
// is told its ticket, in a detail that is an EnqueueResponse: the ticket may be one
// that another player has put it into.
func alreadyQueued(caller string, q *store.QueuedError) error {
	if q.Player != caller {
		return failed(connect.CodeAlreadyExists, "player %s of the party waits already", q.Player)
	}
	err := failed(connect.CodeAlreadyExists, "the caller waits already; the ticket is in the details")
	if d, e := connect.NewErrorDetail(&tickroomv1.EnqueueResponse{Ticket: q.Ticket}); e == nil {
		err.AddDetail(d)
	}
	return err
}

// internal makes the error of what should not happen.
func (s *Service) internal(ctx context.Context, what string, err error) error {
	s.o.Logger.LogAttrs(ctx, slog.LevelError, "matchmaking: failed", slog.String("what", what), slog.Any("error", err))
	return failed(connect.CodeInternal, "something went wrong in the server")
}
