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
// HTTP/1.1 only: WebSocket over HTTP/2 is not spoken.
func (g *Gateway) Server(h http.Handler) *http.Server {
	if h == nil {
		h = g
	}
	one := new(http.Protocols)
	one.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		Protocols:         one,
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
