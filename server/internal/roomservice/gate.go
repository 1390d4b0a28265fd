package roomservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/server/internal/fleet"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// scopes are what each method needs.
var scopes = map[string]string{
	tickroomv1connect.RoomServicePostProcedure:         "post",
	tickroomv1connect.RoomServiceListRoomsProcedure:    "list",
	tickroomv1connect.RoomServiceCreateRoomProcedure:   "create",
	tickroomv1connect.RoomServiceDescribeRoomProcedure: "describe",
	tickroomv1connect.RoomServiceLockRoomProcedure:     "lock",
	tickroomv1connect.RoomServiceUnlockRoomProcedure:   "lock",
	tickroomv1connect.RoomServiceCloseRoomProcedure:    "close",
	tickroomv1connect.RoomServiceKickPlayerProcedure:   "kick",
}

// caller is who calls.
type caller struct {
	identity.Service
	subject refusal.Subject
}

type callerKey struct{}

func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c
}

const (
	// later is when to try again when what the service needs is away.
	later = 2 * time.Second
	// retryAfter is the header with the number of seconds after which to try again.
	retryAfter = "Retry-After"
)

// gate lets a request in, before its message is read: first by its address, so that the checking of
// tokens is limited too, then by its token.
func (s *Service) gate(ctx context.Context, spec connect.Spec, peer connect.Peer, h http.Header) (context.Context, error) {
	c := &caller{}
	c.subject.Client, _ = s.o.Guard.Proxies().Client(peer.Addr, h) // it may be that nobody can tell
	method := methodOf(spec.Procedure)
	wait, err := s.addresses.Address(peer.Addr, h, 0)
	switch {
	case err != nil:
		return nil, s.refuse(c, method, refusal.Denied(err), connect.CodePermissionDenied, 0)
	case wait > 0:
		return nil, s.refuse(c, method, &refusal.Refusal{Why: limits.CallRate.String(), Reason: "too many calls from this address"}, connect.CodeResourceExhausted, wait)
	}
	token, err := bearer(h)
	if err == nil {
		c.Service, err = s.o.Verifier.Verify(ctx, token)
	}
	if err != nil {
		return nil, s.refuseToken(c, method, err)
	}
	c.subject.Service = c.Name
	if wait := s.services.Take(c.Name, time.Now()); wait > 0 {
		return nil, s.refuse(c, method, &refusal.Refusal{Why: limits.CallRate.String(), Reason: "too many calls of this service"}, connect.CodeResourceExhausted, wait)
	}
	if scope := scopes[spec.Procedure]; !c.May(scope) {
		return nil, s.refuse(c, method, &refusal.Refusal{Why: "scope", Reason: fmt.Sprintf("%s needs the scope %s, which the token does not have", method, scope)}, connect.CodePermissionDenied, 0)
	}
	return context.WithValue(ctx, callerKey{}, c), nil
}

// bearer returns the token of a request. The error is an *identity.Error.
func bearer(h http.Header) (identity.Token, error) {
	text := h.Get("Authorization")
	scheme, token, ok := strings.Cut(text, " ")
	switch {
	case text == "":
		return "", &identity.Error{Class: identity.Missing, Reason: "a service token is needed, in the header Authorization: Bearer TOKEN"}
	case !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "":
		return "", &identity.Error{Class: identity.Malformed, Reason: "the header Authorization must be: Bearer TOKEN"}
	}
	return identity.Token(strings.TrimSpace(token)), nil
}

// refuseToken refuses a caller for its token.
func (s *Service) refuseToken(c *caller, method string, err error) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return s.internal(context.Background(), method, err)
	}
	r := &refusal.Refusal{Why: "token_" + e.Class.String(), Reason: e.Reason, Cause: e.Cause}
	if e.Class.Advice() == identity.Later {
		return s.refuse(c, method, r, connect.CodeUnavailable, later)
	}
	return s.refuse(c, method, r, connect.CodeUnauthenticated, 0)
}

// refuse records a refusal, and returns the error that the caller is told. wait is when it may try
// again; 0: nobody knows.
func (s *Service) refuse(c *caller, method string, r *refusal.Refusal, code connect.Code, wait time.Duration) error {
	told := *r
	told.Code = 0 // it is answered by HTTP
	told.Reason = method + ": " + r.Reason
	s.o.Refusals.Record(refusal.Service, &told, c.subject)
	s.o.Count.ServiceCall(method, code.String(), 0)
	err := connect.NewError(code, errors.New(r.Reason))
	if code == connect.CodeUnauthenticated {
		err.Meta().Set("WWW-Authenticate", "Bearer")
	}
	return retry(err, wait)
}

// retry tells when to try again.
func retry(err *connect.Error, wait time.Duration) *connect.Error {
	if wait > 0 {
		err.Meta().Set(retryAfter, strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	}
	return err
}

func methodOf(procedure string) string { return procedure[strings.LastIndexByte(procedure, '/')+1:] }

// counted counts calls, and has their errors be those that callers are told.
func (s *Service) counted(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		begun, method := time.Now(), methodOf(req.Spec().Procedure)
		res, err := next(ctx, req)
		code := "ok"
		if err != nil {
			told := s.told(ctx, method, err)
			code = told.Code().String()
			s.record(ctx, method, told)
			res, err = nil, told
		}
		s.o.Count.ServiceCall(method, code, time.Since(begun))
		return res, err
	}
}

// record records a refusal, unless the server itself has failed, or the caller has gone.
func (s *Service) record(ctx context.Context, method string, err *connect.Error) {
	switch err.Code() {
	case connect.CodeCanceled, connect.CodeDeadlineExceeded, connect.CodeInternal, connect.CodeUnavailable, connect.CodeUnknown:
		return
	}
	s.o.Refusals.Record(refusal.Service, &refusal.Refusal{Why: err.Code().String(), Reason: method + ": " + err.Message()}, callerOf(ctx).subject)
}

// told returns an error as the caller is told it.
func (s *Service) told(ctx context.Context, method string, err error) *connect.Error {
	var told *connect.Error
	switch {
	case errors.As(err, &told):
		if told.Code() == connect.CodeUnavailable && told.Meta().Get(retryAfter) == "" {
			return retry(told, later)
		}
		return told
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(connect.CodeCanceled, "the call was cancelled")
	case ctx.Err() != nil:
		return failed(connect.CodeDeadlineExceeded, "the time that the caller gave is over")
	case errors.Is(err, fleet.ErrNobody):
		s.o.Logger.Warn("a call of a backend: another server does not answer", "method", method, "error", err)
		return retry(failed(connect.CodeUnavailable, "the server of the room does not answer at the moment"), later)
	}
	s.o.Logger.Warn("a call of a backend can't be done now", "method", method, "error", err)
	return retry(failed(connect.CodeUnavailable, "what this needs is away at the moment; try again in %d s", int(later.Seconds())), later)
}

// internal makes the error of what should not happen.
func (s *Service) internal(ctx context.Context, what string, err error) error {
	s.o.Logger.LogAttrs(ctx, slog.LevelError, "a call of a backend has failed", slog.String("what", what), slog.Any("error", err))
	return failed(connect.CodeInternal, "something went wrong in the server")
}

func failed(code connect.Code, format string, args ...any) *connect.Error {
	return connect.NewError(code, fmt.Errorf(format, args...))
}

// audit logs what a backend has changed.
func (s *Service) audit(ctx context.Context, what string, args ...any) {
	s.o.Logger.Info(what, append([]any{"service", callerOf(ctx).Name}, args...)...)
}
