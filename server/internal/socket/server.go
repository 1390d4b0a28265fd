package socket

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server is an http.Server for the gateway's address, with the limits that a gateway
// needs before its handler is called: on the time a header may take, on its size, and on
// the number of connections whose header is incomplete. h is the mux that leads to
// the gateway; nil is the gateway alone. The caller runs it and shuts it down.
//
// It speaks HTTP/2 as well, by TLS and, for those who know that beforehand, without:
// that is how gRPC comes. WebSocket is HTTP/1.1 only, and browsers open a connection
// of its own for it.
func (g *Gateway) Server(h http.Handler) *http.Server {
	if h == nil {
		h = g
	}
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	both.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:   h,
		Protocols: both,
		// As little as calls need: an attacker pays for a connection of its own with
		// each few streams.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 32, MaxReadFrameSize: 16 << 10,
			MaxReceiveBufferPerConnection: 128 << 10, MaxReceiveBufferPerStream: 64 << 10,
			SendPingTimeout: 20 * time.Second, PingTimeout: 10 * time.Second, WriteByteTimeout: 10 * time.Second,
		},
		ReadHeaderTimeout: g.opt.HandshakeTimeout,
		ReadTimeout:       2 * g.opt.HandshakeTimeout,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ConnState:         g.connState,
		ErrorLog:          slog.NewLogLogger(g.opt.Logger.Handler(), slog.LevelDebug),
	}
}

// connState keeps the list of connections whose first header is incomplete. When there
// are too many, the oldest is cut: an honest client's header takes one segment.
func (g *Gateway) connState(c net.Conn, s http.ConnState) {
	var oldest net.Conn
	g.mu.Lock()
	if s == http.StateNew {
		if g.fresh.len() >= g.opt.MaxPending {
			oldest, _ = g.fresh.pop()
		}
		g.fresh.push(c)
	} else {
		g.fresh.remove(c)
	}
	g.mu.Unlock()
	if oldest != nil {
		g.failed(FailBusy)
		_ = oldest.Close()
	}
}
