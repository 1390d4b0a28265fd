package service

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"connectrpc.com/connect"
	connectcors "connectrpc.com/cors"
	"github.com/rs/cors"

	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// preflight is how long a browser may remember that it may call, in seconds. Browsers
// cap it at some hours.
const preflight = 2 * 60 * 60

var _ tickroomv1connect.MatchmakingServiceHandler = (*Service)(nil)

// Handler gives the service's handler and the path that it is to be found at, which
// ends with a slash. gRPC needs HTTP/2, which without TLS is the server's to allow.
func (s *Service) Handler() (path string, h http.Handler) {
	path, h = tickroomv1connect.NewMatchmakingServiceHandler(s,
		connect.WithRequestGate(s.gate),
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
		AllowedOrigins: s.o.Origins,
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization"),
		ExposedHeaders: append(connectcors.ExposedHeaders(), retryAfter),
		MaxAge:         preflight,
	}
	if len(s.o.Origins) == 0 {
		// For the library no origins are all of them.
		o.AllowOriginFunc = func(string) bool { return false }
	}
	return cors.New(o)
}

// checkOrigins says what is wrong with origins.
func checkOrigins(origins []string) error {
	for _, o := range origins {
		if o == "*" {
			continue
		}
		u, err := url.Parse(strings.Replace(o, "*", "x", 1))
		if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || !slices.Contains([]string{"http", "https"}, u.Scheme) || strings.Count(o, "*") > 1 {
			return fmt.Errorf("service: origins: %q is none; it must be as https://example.com, with one * at most", o)
		}
	}
	return nil
}
