// Command wsecho echoes WebSocket messages through server/internal/socket, so that any conformance
// suite can be run against the connections that rooms use:
//
//	wsecho --listen 127.0.0.1:9001 --transport auto
//
// Text is allowed, and there is no hello: a connection is seated as soon as it is upgraded.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/tickroom/tickroom/server/internal/socket"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "address to listen on")
	transport := flag.String("transport", socket.TransportAuto, "auto (raw descriptors where possible) or gws")
	size := flag.Int("max-message", 64<<20, "bytes a message may have")
	tick := flag.Duration("tick", time.Millisecond, "how often connections are polled")
	flag.Parse()
	if err := run(*listen, *transport, *size, *tick); err != nil {
		slog.Error("wsecho", "err", err)
		os.Exit(1)
	}
}

func run(listen, transport string, size int, tick time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	room := new(echo)
	gate, err := socket.New(socket.Options{
		Transport:  transport,
		MaxMessage: size,
		MaxOutbox:  size + 1<<20,
		SendBuffer: 256 << 10,
		Origins:    []string{"*"},
		AllowText:  true,
		NoHello:    true,
		OnHello: func(*http.Request, []byte) (func(socket.Conn), error) {
			return room.join, nil
		},
	})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	srv := gate.Server(nil)
	slog.Info("echoing", "address", ln.Addr().String(), "transport", transport)

	var wg sync.WaitGroup
	wg.Go(func() { room.run(ctx, tick) })
	wg.Go(func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = srv.Shutdown(end)
	})
	err = srv.Serve(ln)
	stop()
	wg.Wait()
	end, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if cerr := gate.Close(end); cerr != nil {
		slog.Warn("connections were cut", "err", cerr)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// echo is a room of strangers who talk to themselves.
type echo struct {
	mu      sync.Mutex
	joining []socket.TextConn
}

func (e *echo) join(c socket.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.joining = append(e.joining, c.(socket.TextConn))
}

func (e *echo) run(ctx context.Context, every time.Duration) {
	var conns []socket.TextConn
	scratch := make([]byte, 64<<10)
	frame := make([]byte, socket.Headroom, 64<<10)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		e.mu.Lock()
		conns = append(conns, e.joining...)
		e.joining = e.joining[:0]
		e.mu.Unlock()
		stay := conns[:0]
		for _, c := range conns {
			err := c.PollAny(scratch, func(text bool, msg []byte) error {
				frame = append(frame[:socket.Headroom], msg...)
				return c.SendAny(text, frame)
			})
			if err == nil {
				_, err = c.Flush()
			}
			if err == nil {
				stay = append(stay, c)
			}
		}
		clear(conns[len(stay):])
		conns = stay
		if cap(frame) > 1<<20 {
			frame = make([]byte, socket.Headroom, 64<<10)
		}
	}
}
