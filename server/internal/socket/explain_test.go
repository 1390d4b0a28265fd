package socket

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWhyNoConnection: an ordinary request is told what would be the matter with a handshake,
// and any page may read it.
func TestWhyNoConnection(t *testing.T) {
	t.Parallel()
	var limit error
	ended, refused := 0, 0
	g, err := New(Options{
		Subprotocol: "tickroom.v1",
		OnHello:     func(*http.Request, []byte) (func(Conn), error) { return nil, nil },
		OnRefused:   func(*http.Request, string, string, error) { refused++ },
		OnHandshake: func(r *http.Request) (*http.Request, func(), error) {
			return r, func() { ended++ }, limit
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, origin string
		limit        error
		status       int
		says, after  string
	}{
		{"nothing", "", nil, 426, "speaks WebSocket", ""},
		{"the page's own server", "http://example.com", nil, 426, "speaks WebSocket", ""},
		{"another page", "https://evil.example", nil, 403, "evil.example", ""},
		{"too many", "", &LimitError{Text: "too many connections", RetryAfter: 1500 * time.Millisecond}, 429, "too many", "2"},
		{"banned", "", &LimitError{Text: "you are banned", Forbidden: true}, 403, "banned", ""},
	} {
		limit = c.limit
		r := httptest.NewRequest(http.MethodGet, "http://example.com/ws", nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		res := w.Result()
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(b), c.says) || res.Header.Get("Retry-After") != c.after {
			t.Errorf("%s: %s %q, Retry-After %q", c.name, res.Status, b, res.Header.Get("Retry-After"))
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "*" || res.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
			t.Errorf("%s: no page may read it: %v", c.name, res.Header)
		}
	}
	if ended != 2 || refused != 0 {
		t.Errorf("%d leases were given back, want 2; %d handshakes reported as refused", ended, refused)
	}
}
