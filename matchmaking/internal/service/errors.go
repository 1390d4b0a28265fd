package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
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

func invalid(format string, args ...any) error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}

func notFound(format string, args ...any) error {
	return connect.NewError(connect.CodeNotFound, fmt.Errorf(format, args...))
}

func denied(format string, args ...any) error {
	return connect.NewError(connect.CodePermissionDenied, fmt.Errorf(format, args...))
}

func precondition(format string, args ...any) error {
	return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf(format, args...))
}

// later makes an error that passes.
func later(code connect.Code, wait time.Duration, format string, args ...any) error {
	err := connect.NewError(code, fmt.Errorf(format, args...))
	err.Meta().Set(retryAfter, strconv.Itoa(seconds(wait)))
	return err
}

// seconds returns a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// refuse makes what a client is told of an error of what the service needs. ctx is
// the call's own: if the client has gone, or its time is over, that is what happened.
func (s *Service) refuse(ctx context.Context, what string, err error) error {
	if e := (*connect.Error)(nil); errors.As(err, &e) {
		return e
	}
	if queued := (*store.QueuedError)(nil); errors.As(err, &queued) {
		return alreadyQueued(caller(ctx).Player, queued)
	}
	switch {
	case errors.Is(err, store.ErrNoTicket):
		// So it is for the tickets of others: who guesses must not learn that there is one.
		return notFound("the caller has no such ticket; ended ones are remembered for %d s", seconds(store.EndedKept))
	case errors.Is(err, store.ErrEnded):
		return precondition("the ticket has ended")
	case errors.Is(err, queue.ErrGathering):
		return precondition("the party does not wait yet: members are not ready")
	}
	switch ctx.Err() {
	case context.Canceled:
		return connect.NewError(connect.CodeCanceled, errors.New("the call was cancelled"))
	case context.DeadlineExceeded:
		return connect.NewError(connect.CodeDeadlineExceeded, errors.New("the time that the client gave is over"))
	}
	level := slog.LevelDebug
	if now, last := time.Now().UnixNano(), s.warned.Load(); now-last >= int64(warnEvery) && s.warned.CompareAndSwap(last, now) {
		level = slog.LevelWarn
	}
	s.o.Logger.LogAttrs(ctx, level, "matchmaking: unavailable", slog.String("what", what), slog.Any("error", err))
	return later(connect.CodeUnavailable, away, "matchmaking is not available at the moment; try again in %d s", seconds(away))
}

// alreadyQueued makes the error for a party of whom somebody waits. Only the caller
// is told its ticket, in a detail that is an EnqueueResponse: the ticket may be one
// that another player has put it into.
func alreadyQueued(caller string, q *store.QueuedError) error {
	if q.Player != caller {
		return connect.NewError(connect.CodeAlreadyExists, errors.New("player "+q.Player+" of the party waits already"))
	}
	err := connect.NewError(connect.CodeAlreadyExists, errors.New("the caller waits already; the ticket is in the details"))
	if d, e := connect.NewErrorDetail(&tickroomv1.EnqueueResponse{Ticket: q.Ticket}); e == nil {
		err.AddDetail(d)
	}
	return err
}

// internal makes the error of what should not happen.
func (s *Service) internal(ctx context.Context, what string, err error) error {
	s.o.Logger.LogAttrs(ctx, slog.LevelError, "matchmaking: failed", slog.String("what", what), slog.Any("error", err))
	return connect.NewError(connect.CodeInternal, errors.New("something went wrong in the server"))
}
