package matchmaker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// What a proxy in front of the service asks for counts like what the service does.
func TestRetryAfterOfAnything(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		header string
		want   time.Duration
	}{{429, "7", 7 * time.Second}, {503, "2.5", 2500 * time.Millisecond}, {503, "1e300", maxRetryAfter}, {503, "-1", 0}, {429, "Inf", maxRetryAfter}, {503, "NaN", 0}, {503, "soon", 0},
		{503, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), maxRetryAfter}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.header)
			w.WriteHeader(c.status)
		}))
		m, err := New(srv.URL, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{})
		var e *Error
		if !errors.As(err, &e) || e.RetryAfter != c.want || e.Code != connect.CodeUnavailable {
			t.Errorf("%d with %q: %v", c.status, c.header, err)
		}
		srv.Close()
	}
}
