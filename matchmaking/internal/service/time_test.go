package service_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// pipes is a network within the test's bubble, where time is the test's.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "bubble", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// bubble runs a service within a synctest bubble, and returns what makes clients for somebody.
func bubble(t *testing.T, h *harness) func(player string) tickroomv1connect.MatchmakingServiceClient {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	path, handler := h.Handler()
	mux := http.NewServeMux()
	mux.Handle(path, handler)
	srv := &http.Server{Handler: mux}
	go func() { _ = srv.Serve(p) }()
	t.Cleanup(func() { h.Close(); srv.Close(); synctest.Wait() })
	return func(player string) tickroomv1connect.MatchmakingServiceClient {
		tr := &http.Transport{DialContext: p.dial}
		t.Cleanup(tr.CloseIdleConnections)
		return tickroomv1connect.NewMatchmakingServiceClient(&http.Client{Transport: bearer{tr, player}}, "http://bubble")
	}
}

// TestKeepAlive sees that a stream in which nothing happens sends something every 15
// seconds at most, and that changes which the store did not report are found.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := build(t)
		as := bubble(t, h)
		id := call(t, as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := as("ann").Watch(ctx, connect.NewRequest(&tickroomv1.WatchRequest{Ticket: id}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		next(t, s)
		call(t, as("bob").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"})
		for range 5 {
			began := time.Now()
			if m := next(t, s); m.GetState() != tickroomv1.TicketState_TICKET_STATE_WAITING || m.GetWaiting() != 2 {
				t.Errorf("meanwhile: %v", m)
			}
			if d := time.Since(began); d > 15*time.Second || d < 5*time.Second {
				t.Errorf("it said something after %v", d)
			}
		}
		h.deaf.Store(true)
		s2, err := as("ann").Watch(ctx, connect.NewRequest(&tickroomv1.WatchRequest{Ticket: id}))
		if err != nil {
			t.Fatal(err)
		}
		defer s2.Close()
		next(t, s2)
		began := time.Now()
		call(t, as("ann").Cancel, &tickroomv1.CancelRequest{Ticket: id})
		if m := next(t, s2); m.GetState() != tickroomv1.TicketState_TICKET_STATE_CANCELLED || time.Since(began) > 5*time.Second {
			t.Errorf("after %v: %v", time.Since(began), m)
		}
	})
}

// TestStoresHang sees that a call waits for a store for a second, and no longer.
func TestStoresHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := build(t)
		as := bubble(t, h)
		h.stores.fail(errRedis, "", true)
		for _, a := range attempts("t", "m") {
			if a.name == "Explain" {
				continue // there is nobody to explain
			}
			began := time.Now()
			err := a.do(t.Context(), as("admin"))
			_ = refused(t, err, connect.CodeUnavailable)
			if d := time.Since(began); d != time.Second {
				t.Errorf("%s: an answer after %v", a.name, d)
			}
		}
		// A client that has no more patience is not told that we are away.
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := as("admin").GetRating(ctx, connect.NewRequest(&tickroomv1.GetRatingRequest{Mode: "duel"}))
		_ = refused(t, err, connect.CodeDeadlineExceeded)
	})
}
