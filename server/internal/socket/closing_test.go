package socket

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A server that goes down asks nobody to wait: the next one may be there in no time, and
// clients keep waits that they are asked for.
func TestAServerThatGoesDownAsksForNoWait(t *testing.T) {
	t.Parallel()
	g, err := New(Options{OnHello: func(*http.Request, []byte) (func(Conn), error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://example.com/ws", nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	if wait, ok := w.Result().Header["Retry-After"]; w.Code != http.StatusServiceUnavailable || ok {
		t.Errorf("%d, to be repeated after %q", w.Code, wait)
	}
}
