package socket

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/internal/origintest"
	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// TestHandshake: every handshake that is not ours gets a status and a sentence.
func TestHandshake(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := open(t, "raw", Options{Subprotocol: "tickroom.v1", OnHello: r.onHello})
	ok := "Sec-WebSocket-Protocol: chat, tickroom.v1"
	for _, c := range []struct {
		name   string
		change []string
		status int
		says   string
	}{
		{"good", []string{ok}, 101, ""},
		{"protocols on two lines", []string{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: tickroom.v1"}, 101, ""},
		{"connection as browsers send it", []string{ok, "Connection: keep-alive, Upgrade"}, 101, ""},
		{"deflate offered, and never negotiated", []string{ok, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"}, 101, ""},
		{"origin of the same host", []string{ok, "Origin: http://" + s.addr}, 101, ""},
		{"another origin", []string{ok, "Origin: https://evil.example"}, 403, "evil.example"},
		{"origin null", []string{ok, "Origin: null"}, 403, "null"},
		{"no upgrade", []string{ok, "Upgrade:"}, 426, "Upgrade: websocket"},
		{"no connection", []string{ok, "Connection: keep-alive"}, 426, "proxy"},
		{"upgrade to something else", []string{ok, "Upgrade: h2c"}, 426, "WebSocket"},
		{"version 8", []string{ok, "Sec-WebSocket-Version: 8"}, 426, "want 13"},
		{"no version", []string{ok, "Sec-WebSocket-Version:"}, 426, "want 13"},
		{"no key", []string{ok, "Sec-WebSocket-Key:"}, 400, "16 bytes"},
		{"short key", []string{ok, "Sec-WebSocket-Key: c2hvcnQ="}, 400, "16 bytes"},
		{"key not in base64", []string{ok, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="}, 400, "16 bytes"},
		{"key of 17 bytes", []string{ok, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="}, 400, "16 bytes"},
		{"two keys", []string{ok, "Sec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Key: " + key}, 400, "16 bytes"},
		{"no subprotocol", nil, 400, `Offer the subprotocol "tickroom.v1"`},
		{"other subprotocols", []string{"Sec-WebSocket-Protocol: chat, tickroom.v2"}, 400, `want "tickroom.v1"`},
		{"a body", []string{ok, "Content-Length: 5"}, 400, "no body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc := s.dial()
			if _, err := io.WriteString(nc, handshake(s.addr, c.change...)); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(nc), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != c.status {
				t.Fatalf("got %s, want %d", res.Status, c.status)
			}
			if c.status == 101 {
				if p := res.Header["Sec-Websocket-Protocol"]; len(p) != 1 || p[0] != "tickroom.v1" {
					t.Fatalf("subprotocol %q", p)
				}
				if e, ok := res.Header["Sec-Websocket-Extensions"]; ok {
					t.Fatalf("extensions %q", e)
				}
				return
			}
			if c.status == 426 && (res.Header.Get("Upgrade") != "websocket" || res.Header.Get("Sec-WebSocket-Version") != "13") {
				t.Fatalf("header %v", res.Header)
			}
			b, _ := io.ReadAll(res.Body)
			if !strings.Contains(string(b), c.says) {
				t.Fatalf("%q does not say %q", b, c.says)
			}
		})
	}
	for _, c := range []struct {
		name, request string
		status        int
	}{
		{"POST", strings.Replace(handshake(s.addr, ok), "GET", "POST", 1), 405},
		{"HTTP/1.0", strings.Replace(handshake(s.addr, ok), "HTTP/1.1", "HTTP/1.0", 1), 505},
		{"a header too big", handshake(s.addr, ok, "Cookie: "+strings.Repeat("x", 20<<10)), 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc := s.dial()
			go func() { _, _ = io.WriteString(nc, c.request) }()
			res, err := http.ReadResponse(bufio.NewReader(nc), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != c.status {
				t.Fatalf("got %s, want %d", res.Status, c.status)
			}
		})
	}
}

// TestOrigins makes the handshakes of the table that all doors share.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range origintest.Cases {
		var why, about string
		g, err := New(Options{
			Origins: c.Origins,
			OnHello: func(*http.Request, []byte) (func(Conn), error) { return nil, errors.New("no") },
			OnRefused: func(_ *http.Request, reason, _ string, err error) {
				if why = reason; err != nil {
					about = err.Error()
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		c.Set(r)
		for k, v := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder() // can't be upgraded
		g.ServeHTTP(w, r)
		if allowed := w.Code != http.StatusForbidden; allowed != c.Allowed {
			t.Errorf("%q on %q with %q: %d", c.Origin, c.Host, c.Origins, w.Code)
		}
		if !c.Allowed && (why != FailOrigin || !strings.Contains(about, c.Origin) || g.Stats().Failed[FailOrigin] != 1) {
			t.Errorf("%q is refused for %q, %q; counted: %v", c.Origin, why, about, g.Stats().Failed)
		}
		if g.Allowed(r) != c.Allowed {
			t.Errorf("%q: the handshake and Allowed disagree", c.Origin)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	ok := func(*http.Request, []byte) (func(Conn), error) { return nil, nil }
	for name, o := range map[string]Options{
		"OnHello":     {},
		"MaxOutbox":   {OnHello: ok, MaxOutbox: -1},
		"Transport":   {OnHello: ok, Transport: "quic"},
		"Subprotocol": {OnHello: ok, Subprotocol: "a b"},
		"Origins":     {OnHello: ok, Origins: []string{"https://"}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wrapped is what a middleware's response writer looks like.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestMiddleware: gws wants the bare http.Hijacker; the gateway looks under wrappers.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	r := newRoom(t).run()
	s := open(t, "raw", Options{OnHello: r.onHello})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { s.ServeHTTP(wrapped{w}, q) }))
	t.Cleanup(srv.Close)
	s.addr = srv.Listener.Addr().String()
	c := s.upgrade(binaryFrame("hello"))
	r.conn(t)
	c.write(binaryFrame("x"))
	c.want("binary x")
}

// Whatever becomes of a connection, what Admit took for it is given back once.
func TestOnEndIsCalledOnce(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{TransportAuto, TransportGWS} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := newCounted(t, transport)
			_, resp, err := c.dial(http.Header{"Refuse": {"1"}})
			if err == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "2" {
				t.Fatalf("%v, %v", err, resp)
			}
			for _, text := range []string{"no", ""} { // refused, and silent
				_, _, err := c.say(text).Read(t.Context())
				if err == nil {
					t.Error("a message came")
				}
			}
			ws := c.say("yes")
			conn := <-c.seats
			conn.Close(closecode.Normal, "")
			_, _, _ = ws.Read(t.Context())
			c.say("yes") // is there until the gateway closes
			<-c.seats
		})
	}
}

// counted is a gateway that counts handshakes and their ends, and finds at the end of the
// test that four were made, and each has ended once.
type counted struct {
	t            *testing.T
	url          string
	begun, ended atomic.Int64
	seats        chan Conn
}

type countedKey struct{}

func newCounted(t *testing.T, transport string) *counted {
	t.Helper()
	c := &counted{t: t, seats: make(chan Conn, 8)}
	g, err := New(Options{
		Transport: transport, HelloTimeout: 200 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		OnHandshake: c.handshake, OnHello: c.hello,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(g)
	c.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	t.Cleanup(func() {
		srv.Close()
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if c.begun.Load() != c.ended.Load() || c.begun.Load() != 4 {
			t.Errorf("%d were begun, %d have ended", c.begun.Load(), c.ended.Load())
		}
	})
	return c
}

func (c *counted) handshake(r *http.Request) (*http.Request, func(), error) {
	if r.Header.Get("Refuse") != "" {
		return nil, nil, &LimitError{RetryAfter: 1500 * time.Millisecond, Text: "slowly"}
	}
	c.begun.Add(1)
	var calls atomic.Int64
	return r.WithContext(context.WithValue(r.Context(), countedKey{}, "carried")), func() {
		c.ended.Add(1)
		if calls.Add(1) > 1 {
			c.t.Error("it has ended twice")
		}
	}, nil
}

func (c *counted) hello(r *http.Request, first []byte) (func(Conn), error) {
	if r.Context().Value(countedKey{}) != "carried" {
		c.t.Error("the request is not the one that OnHandshake has returned")
	}
	if string(first) == "no" {
		return nil, &CloseError{Code: 4001}
	}
	return func(conn Conn) { c.seats <- conn }, nil
}

func (c *counted) dial(header http.Header) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(c.t.Context(), c.url, &websocket.DialOptions{HTTPHeader: header})
}

// say opens a connection, and sends the text if there is one.
func (c *counted) say(text string) *websocket.Conn {
	c.t.Helper()
	ws, _, err := c.dial(nil)
	if err == nil && text != "" {
		err = ws.Write(c.t.Context(), websocket.MessageBinary, []byte(text))
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return ws
}
