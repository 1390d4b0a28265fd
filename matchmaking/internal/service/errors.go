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
)

// retryAfter is the header that says in how many seconds to try again.
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

func unauthenticated(format string, args ...any) error {
	err := connect.NewError(connect.CodeUnauthenticated, fmt.Errorf(format, args...))
	err.Meta().Set("WWW-Authenticate", "Bearer")
	return err
}

// later makes an error that passes.
func later(code connect.Code, wait time.Duration, format string, args ...any) error {
	err := connect.NewError(code, fmt.Errorf(format, args...))
	err.Meta().Set(retryAfter, strconv.Itoa(seconds(wait)))
	return err
}

// seconds gives a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// refuse makes what a client is told of an error of what the service needs. ctx is
// the call's own: if the client has gone, or its time is over, that is what happened.
func (s *Service) refuse(ctx context.Context, what string, err error) error {
	if e := (*connect.Error)(nil); errors.As(err, &e) {
		return e
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

// internal makes the error of what should not happen.
func (s *Service) internal(ctx context.Context, what string, err error) error {
	s.o.Logger.LogAttrs(ctx, slog.LevelError, "matchmaking: failed", slog.String("what", what), slog.Any("error", err))
	return connect.NewError(connect.CodeInternal, errors.New("something went wrong in the server"))
}

// unless gives nil for an error that is expected, and otherwise what a client is told.
func (s *Service) unless(ctx context.Context, what string, err, expected error) error {
	if err == nil || errors.Is(err, expected) {
		return nil
	}
	return s.refuse(ctx, what, err)
}
