package matchmaker

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
)

// maxRetryAfter bounds what is taken from a Retry-After.
const maxRetryAfter = 5 * time.Minute

// asked is how long an answer to a call asks to wait, in nanoseconds. It is noted below
// Connect, which keeps nothing of the answers of what stands in front of the service.
type asked struct{ atomic.Int64 }

type askedKey struct{}

// withAsked returns a context for a call, and where its answer's wait is noted.
func withAsked(ctx context.Context) (context.Context, *asked) {
	a := new(asked)
	return context.WithValue(ctx, askedKey{}, a), a
}

// heeding is an HTTP client that notes what answers ask for.
type heeding struct{ connect.HTTPClient }

func (h heeding) Do(req *http.Request) (*http.Response, error) {
	resp, err := h.HTTPClient.Do(req)
	if a, ok := req.Context().Value(askedKey{}).(*asked); ok && err == nil {
		a.Store(int64(retryAfter(strings.TrimSpace(resp.Header.Get("Retry-After")))))
	}
	return resp, err
}

// retryAfter returns what the header of that name means: seconds, or a date.
func retryAfter(text string) (wait time.Duration) {
	if s, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(s) {
		wait = time.Duration(max(0, min(s, maxRetryAfter.Seconds())) * float64(time.Second))
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}
