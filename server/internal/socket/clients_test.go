package socket

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/lxzan/gws"
)

// TestClients: two libraries that know nothing of this package speak to it.
func TestClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{Subprotocol: "tickroom.v1", OnHello: r.onHello})
		scheme := "ws://"
		if encrypted(kind) {
			scheme = "wss://"
		}

		t.Run("coder", func(t *testing.T) { coderTalks(t, s, scheme) })
		t.Run("gws", func(t *testing.T) { gwsIsKicked(t, s, r, scheme) })
	})
}

func insecure(s *site) *tls.Config {
	if s.tls == nil {
		return nil
	}
	return s.tls.Clone()
}

type gwsClient struct {
	gws.BuiltinEventHandler
	closed chan error
	got    chan string
}

func (h *gwsClient) OnClose(_ *gws.Conn, err error) { h.closed <- err }

func (h *gwsClient) OnMessage(_ *gws.Conn, m *gws.Message) {
	h.got <- string(m.Bytes())
	_ = m.Close()
}

// TestRTT: the kernel knows.
func TestRTT(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{OnHello: r.onHello})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		c.write(binaryFrame("x"))
		c.want("binary x")
		until(t, "a round trip time", func() bool { return conn.RTT() > 0 })
		if conn.RTT() > patience || conn.RemoteAddr().String() != c.nc.LocalAddr().String() {
			t.Fatal(conn.RTT(), conn.RemoteAddr())
		}
	})
}

// coderTalks has a client of github.com/coder/websocket send messages of many sizes, which
// come back.
func coderTalks(t *testing.T, s *site, scheme string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: s.tls}
	defer transport.CloseIdleConnections()
	c, _, err := websocket.Dial(ctx, scheme+s.addr, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"tickroom.v1"}, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if err := c.Write(ctx, websocket.MessageBinary, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for n := range 8000 {
		if n > 300 && n%977 != 0 {
			continue
		}
		p := bytes.Repeat([]byte{byte(n)}, n)
		if err := c.Write(ctx, websocket.MessageBinary, p); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, p) {
			t.Fatal(n, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
}

// gwsIsKicked has a client of github.com/lxzan/gws be closed by the server.
func gwsIsKicked(t *testing.T, s *site, r *room, scheme string) {
	h := &gwsClient{closed: make(chan error, 1), got: make(chan string, 1)}
	c, _, err := gws.NewClient(h, &gws.ClientOption{Addr: scheme + s.addr, TlsConfig: insecure(s), RequestHeader: http.Header{"Sec-Websocket-Protocol": {"tickroom.v1"}}})
	if err != nil {
		t.Fatal(err)
	}
	go c.ReadLoop()
	for _, m := range []string{"hello", "one"} {
		if err := c.WriteMessage(gws.OpcodeBinary, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-h.got; got != "one" {
		t.Fatal(got)
	}
	for range 2 {
		conn := r.conn(t) // coder's, gone by now, and this one
		conn.Close(4010, "kicked")
	}
	var ce *gws.CloseError
	if err := <-h.closed; !errors.As(err, &ce) || ce.Code != 4010 || string(ce.Reason) != "kicked" {
		t.Fatal(err)
	}
}
