package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// dialWithin is how long a connection to the server may take to come about.
const dialWithin = 10 * time.Second

// Proxy is what Serve puts between clients and a server.
type Proxy struct {
	// Profile is what each client's line is like; one that Validate finds nothing wrong with.
	Profile Profile
	// Seed has the first client's line; each further one has the next.
	Seed uint32
	// To is the server's address, host:port.
	To string
	// Logger has a line for each connection. Default slog.Default().
	Logger *slog.Logger

	mu    sync.Mutex
	stats Stats
}

// Stats is what has passed a Proxy.
type Stats struct {
	Connections int
	// Bytes to the server and from it that have arrived.
	Up, Down int64
	// Longest is the longest that any took.
	Longest time.Duration
}

// Stats returns what has passed so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Serve takes connections, and makes one to the server for each, over a line of its own. It returns when ctx is
// done, with nil, or when the listener fails; all connections are closed then, and so is the listener.
func (p *Proxy) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	log := p.Logger
	if log == nil {
		log = slog.Default()
	}
	for n := uint32(0); ; n++ {
		client, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("link: %w", err)
		}
		all.Go(func() {
			began := time.Now()
			err := p.join(ctx, client, NewLink(p.Profile, p.Seed+n))
			log.Info("a connection has ended", "client", client.RemoteAddr(), "seconds", time.Since(began).Seconds(), "err", err)
		})
	}
}

// join connects a client with the server until both directions have ended.
func (p *Proxy) join(ctx context.Context, client net.Conn, l *Link) error {
	p.mu.Lock()
	p.stats.Connections++
	p.mu.Unlock()
	defer func() { _ = client.Close() }()
	dialer := net.Dialer{Timeout: dialWithin}
	server, err := dialer.DialContext(ctx, "tcp", p.To)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	defer context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})()
	start := time.Now()
	errs := make(chan error, 2)
	go func() { errs <- oneWay(server, client, l.Up, start, ctx.Done(), p.count(&p.stats.Up)) }()
	go func() { errs <- oneWay(client, server, l.Down, start, ctx.Done(), p.count(&p.stats.Down)) }()
	err = <-errs
	if err != nil { // a connection that has failed fails in both directions
		_ = client.Close()
		_ = server.Close()
	}
	err = errors.Join(err, <-errs)
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// oneWay transfers, and ends the direction at the other end as well.
func oneWay(to, from net.Conn, lane *Lane, start time.Time, halt <-chan struct{}, count func(int, time.Duration)) error {
	if err := transfer(to, from, lane, start, halt, count); err != nil {
		return err
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return to.Close()
}

func (p *Proxy) count(total *int64) func(int, time.Duration) {
	return func(bytes int, took time.Duration) {
		p.mu.Lock()
		defer p.mu.Unlock()
		*total += int64(bytes)
		p.stats.Longest = max(p.stats.Longest, took)
	}
}
