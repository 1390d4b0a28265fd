package service

import (
	"context"
	"fmt"
	"net/http"

	"connectrpc.com/connect"
	connectcors "connectrpc.com/cors"
	"github.com/rs/cors"

	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// preflight is how long a browser may remember that it may call, in seconds. Browsers
// cap it at some hours.
const preflight = 2 * 60 * 60

var _ tickroomv1connect.MatchmakingServiceHandler = (*Service)(nil)

// Handler returns the service's handler and the path that it is to be found at, which
// ends with a slash. gRPC needs HTTP/2, which without TLS is the server's to allow.
func (s *Service) Handler() (path string, h http.Handler) {
	path, h = tickroomv1connect.NewMatchmakingServiceHandler(s,
		connect.WithRequestGate(s.gate),
		connect.WithInterceptors(connect.UnaryInterceptorFunc(s.refuses)),
		connect.WithReadMaxBytes(MaxRequest),
		connect.WithCompressMinBytes(1024),
		connect.WithRecover(func(ctx context.Context, spec connect.Spec, _ http.Header, r any) error {
			return s.internal(ctx, spec.Procedure, fmt.Errorf("panic: %v", r))
		}),
	)
	return path, s.cors().Handler(h)
}

// cors lets the pages of the configured origins call. Tokens travel in a header of
// their own and never in cookies, so browsers need send no credentials, and no page can
// use those of another one.
func (s *Service) cors() *cors.Cors {
	o := cors.Options{
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization"),
		ExposedHeaders: append(connectcors.ExposedHeaders(), retryAfter),
		MaxAge:         preflight,
	}
	if s.origins.Any() {
		o.AllowedOrigins = []string{"*"}
	} else {
		o.AllowOriginVaryRequestFunc = func(r *http.Request, _ string) (bool, []string) { return s.origins.Allows(r), nil }
	}
	return cors.New(o)
}
