package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/tickroom/tickroom/server/internal/certificate"
	"github.com/tickroom/tickroom/server/internal/door"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/redisbus"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/stall"
)

// listen takes the addresses of clients and operators. back is nil if there is none.
func (s *Server) listen() (front, back *address, err error) {
	if s.cfg.Admin != "" {
		adminLn, err := net.Listen("tcp", s.cfg.Admin)
		if err != nil {
			return nil, nil, fmt.Errorf("server: admin address: %w; set --admin to another, or to nothing", err)
		}
		s.adminAddr = adminLn.Addr()
		// So that the admin address neither takes what clients need nor is ever full.
		d := door.New(adminLn, door.Options{Max: adminConnections, Logger: s.log.With("address", "admin")})
		back = &address{"admin address", s.adminServer(), d}
		d.Serve(back.http)
	}
	ln, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("server: clients' address: %w; set --listen to another", err), back.close())
	}
	s.addr, s.door = ln.Addr(), door.New(ln, s.doorOptions())
	within := stall.Limits{Body: 2 * s.cfg.HandshakeTimeout, Piece: 2 * s.cfg.HandshakeTimeout}
	front = &address{"clients' address", s.gateway.Server(stall.Handler(s.mux, within, forSockets)), s.door}
	s.door.Serve(front.http)
	if !s.cfg.TLS.Enabled() {
		return front, back, nil
	}
	if front.ln, err = s.secure(s.door); err != nil {
		return nil, nil, errors.Join(err, front.close(), back.close())
	}
	return front, back, nil
}

// secure has a listener's connections speak TLS.
func (s *Server) secure(ln net.Listener) (net.Listener, error) {
	cert, err := certificate.Load(s.cfg.TLS.Cert, s.cfg.TLS.Key, s.log)
	if err != nil {
		return ln, fmt.Errorf("server: TLS files: %w", err)
	}
	return socket.Secure(ln, &tls.Config{
		GetCertificate: cert.Get, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12,
	}, s.turns), nil
}

// listenBackends takes the address of the API for backends, or has it served at the clients'. inside is
// nil if there is none.
func (s *Server) listenBackends() (inside *address, err error) {
	if s.backends.service == nil {
		return nil, nil
	}
	if s.cfg.Service.Listen == "" {
		s.serveBackends(s.mux)
		s.serviceAddr = s.addr
		return nil, nil
	}
	ln, err := net.Listen("tcp", s.cfg.Service.Listen)
	if err != nil {
		return nil, fmt.Errorf("server: backends' address: %w; set --service-listen to another, or to nothing for the clients'", err)
	}
	s.serviceAddr = ln.Addr()
	mux := http.NewServeMux()
	s.serveBackends(mux)
	d := door.New(ln, door.Options{Max: serviceConnections, Logger: s.log.With("address", "backends")})
	inside = &address{"backends' address", s.gateway.Server(mux), d}
	d.Serve(inside.http)
	if !s.cfg.TLS.Enabled() {
		return inside, nil
	}
	if inside.ln, err = s.secure(d); err != nil {
		return nil, errors.Join(err, inside.close())
	}
	return inside, nil
}

const (
	// serviceConnections is how many connections backends have at once at an address of their own.
	serviceConnections = 1024
	// adminConnections is how many connections the admin address has at once.
	adminConnections = 64
	// spareFiles is how many more descriptors are kept for what comes and goes: files that are
	// read, calls of other services, sockets that change hands.
	spareFiles = 32
)

// doorOptions returns what the door of the clients' address goes by.
func (s *Server) doorOptions() door.Options {
	files, open := door.Files()
	places := s.cfg.MaxConnections + s.cfg.MaxPending + max(1024, s.cfg.MaxConnections/2)
	if files > 0 {
		// Half of them in any case: what needs the others may never come.
		left := max(files-open-s.reserve(), files/2)
		if left < s.cfg.MaxConnections {
			s.log.Warn("the process may not open as many files as max_connections needs",
				"open_files_limit", files, "max_connections", s.cfg.MaxConnections, "connections_possible", left,
				"what_to_do", fmt.Sprintf("allow it %d (LimitNOFILE= of systemd, ulimit -n, --ulimit nofile= of containers), or lower max_connections", files-left+s.cfg.MaxConnections))
		}
		places = min(places, left)
	}
	return door.Options{
		Guard: s.guard, Max: places, MaxFresh: max(1, s.cfg.MaxPending*7/8), Files: files, Beside: s.gateway.Ending,
		IdleTimeout: s.cfg.KeepAlive, ProxyIdleTimeout: s.cfg.ProxyKeepAlive, PressureTimeout: s.cfg.HandshakeTimeout / 2,
		Except:    forSockets,
		OnRefused: s.overLimit, OnClosed: s.metrics.Shed, Logger: s.log,
	}
}

// forSockets reports whether a request is for the gateway, which has limits of its own.
func forSockets(r *http.Request) bool { return r.URL.Path == Path }

// reserve returns how many descriptors the server may need beside those that are open at its
// start and clients' connections.
func (s *Server) reserve() int {
	n := spareFiles + s.cfg.PoolSize()
	if s.cfg.Admin != "" {
		n += adminConnections
	}
	if s.cfg.Service.Listen != "" {
		n += serviceConnections
	}
	if s.cfg.Redis.Enabled() {
		n += s.cfg.Redis.MostConnections() + redisbus.Connections*max(1, len(s.cfg.Redis.Addresses))
	}
	return n
}

// overLimit records that an address begins a connection too many.
func (s *Server) overLimit(a netip.Addr) {
	denied := &limits.Denied{Reason: limits.AddressConnections}
	s.metrics.Denied(denied.Reason.String())
	why := refusal.Denied(denied)
	why.Code = 0
	s.refusals.Record(refusal.Handshake, why, refusal.Subject{Client: a})
}
