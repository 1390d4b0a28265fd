package bots

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/coder/websocket"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// pairs is a matchmaking that puts any two who wait into a match, next to a server of
// rooms that takes each seat once.
type pairs struct {
	tickroomv1connect.UnimplementedMatchmakingServiceHandler
	rooms *rooms
	kind  string

	mu sync.Mutex
	// Guarded by mu.
	back     bool // quick joins lead back, once in vain
	admitted int
	seated   func(admitted int)     // may be nil
	last     int                    // ticket, seat or guest
	waiting  *pairTicket            // alone
	tickets  map[string]*pairTicket // that were not seated yet
	seats    map[string]string      // player by seat
	queued   map[string]int         // times, by player
}

type pairTicket struct {
	player string
	done   chan struct{} // closed when it has a match
}

func startPairs(t *testing.T, kind string) (*pairs, string) {
	p := &pairs{rooms: &rooms{t: t}, kind: kind, tickets: map[string]*pairTicket{}, seats: map[string]string{}, queued: map[string]int{}}
	p.rooms.admit = func(h *tickroomv1.Hello) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		player, ok := p.seats[h.GetSeat()]
		delete(p.seats, h.GetSeat())
		if !ok || player != h.GetToken() {
			return fmt.Errorf("the seat %q is not that of %q", h.GetSeat(), h.GetToken())
		}
		if p.admitted++; p.seated != nil {
			p.seated(p.admitted)
		}
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle(tickroomv1connect.NewMatchmakingServiceHandler(p))
	p.rooms.closes = map[websocket.StatusCode]int{}
	mux.Handle("/ws", p.rooms)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return p, srv.URL
}

func (p *pairs) number() int { p.last++; return p.last }

// caller returns who calls, and the token of a new guest.
func (p *pairs) caller(h http.Header) (player, guest string) {
	if player = strings.TrimPrefix(h.Get("Authorization"), "Bearer "); player == "" {
		guest = fmt.Sprint("guest-", p.number())
		player = guest
	}
	p.queued[player]++
	return player, guest
}

func (p *pairs) assignment(player string) *tickroomv1.Assignment {
	seat := fmt.Sprint("seat-", p.number())
	p.seats[seat] = player
	return &tickroomv1.Assignment{Kind: p.kind, Room: "r1", Seat: seat, Url: "/ws"}
}

func (p *pairs) QuickJoin(_ context.Context, q *connect.Request[tickroomv1.QuickJoinRequest]) (*connect.Response[tickroomv1.QuickJoinResponse], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	player, guest := p.caller(q.Header())
	a := p.assignment(player)
	if a.Rejoin = p.back; p.back && p.queued[player] == 1 {
		delete(p.seats, a.Seat)
		a.Seat = "gone"
	}
	return connect.NewResponse(&tickroomv1.QuickJoinResponse{Assignment: a, GuestToken: guest}), nil
}

func (p *pairs) Enqueue(_ context.Context, q *connect.Request[tickroomv1.EnqueueRequest]) (*connect.Response[tickroomv1.EnqueueResponse], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.Msg.GetMode() != "pairs" {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("there is no such mode"))
	}
	player, guest := p.caller(q.Header())
	id := fmt.Sprint("ticket-", p.number())
	t := &pairTicket{player: player, done: make(chan struct{})}
	p.tickets[id] = t
	if p.waiting == nil {
		p.waiting = t
	} else {
		close(p.waiting.done)
		close(t.done)
		p.waiting = nil
	}
	return connect.NewResponse(&tickroomv1.EnqueueResponse{Ticket: id, GuestToken: guest}), nil
}

func (p *pairs) Watch(ctx context.Context, q *connect.Request[tickroomv1.WatchRequest], s *connect.ServerStream[tickroomv1.WatchResponse]) error {
	p.mu.Lock()
	t := p.tickets[q.Msg.GetTicket()]
	p.mu.Unlock()
	if err := s.Send(&tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_WAITING}); err != nil {
		return err
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	a := p.assignment(t.player)
	p.mu.Unlock()
	return s.Send(&tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_MATCHED, Assignment: a})
}

func (p *pairs) Cancel(_ context.Context, q *connect.Request[tickroomv1.CancelRequest]) (*connect.Response[tickroomv1.CancelResponse], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.tickets[q.Msg.GetTicket()]; t == p.waiting {
		p.waiting = nil
	}
	return connect.NewResponse(&tickroomv1.CancelResponse{Cancelled: true}), nil
}

func TestViaMatchmaking(t *testing.T) {
	t.Parallel()
	p, url := startPairs(t, "walkers")
	cfg := config(url, 20)
	cfg.Via, cfg.Mode, cfg.Churn, cfg.Duration = ViaMatchmaking, "pairs", 0.5, time.Hour
	// It ends when some have left and were seated again.
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	p.mu.Lock()
	p.seated = func(n int) {
		if n == 26 {
			cancel()
		}
	}
	p.mu.Unlock()
	rep, err := Run(ctx, cfg)
	if err != nil {
		t.Fatalf("%v; %+v", err, rep)
	}
	if rep.Joined != 20 || rep.Joins <= 20 || rep.HashChecks == 0 || rep.Desyncs != 0 || len(rep.Errors) != 0 {
		t.Errorf("%+v", rep)
	}
	if rep.JoinsPerS <= 0 || rep.Seating.Count != int64(rep.Joins) || rep.Seating.P50 <= 0 || rep.Seating.P95 < rep.Seating.P50 {
		t.Errorf("%+v", rep)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queued) != 20 {
		t.Errorf("%d players enqueued, want 20: a bot is one guest, however often it comes back: %v", len(p.queued), p.queued)
	}
	if p.waiting != nil {
		t.Error("a ticket waits still")
	}
}

func TestViaQuickJoinWithTokens(t *testing.T) {
	t.Parallel()
	p, url := startPairs(t, "walkers")
	cfg := config(url, 5)
	cfg.Via, cfg.Token = ViaMatchmaking, func(bot int) (string, error) { return fmt.Sprint("player-", bot), nil }
	if rep, err := Run(t.Context(), cfg); err != nil || rep.Joined != 5 {
		t.Errorf("%v; %+v", err, rep)
	}
	if len(p.queued) != 5 || p.queued["player-4"] != 1 {
		t.Errorf("%v", p.queued)
	}
}

func TestLedBackInVain(t *testing.T) {
	t.Parallel()
	p, url := startPairs(t, "walkers")
	p.back = true
	cfg := config(url, 3)
	cfg.Via = ViaMatchmaking
	rep, err := Run(t.Context(), cfg)
	var out bytes.Buffer
	if serr := rep.Summary(&out); err != nil || serr != nil || rep.Joined != 3 || rep.Gone != 3 || !strings.Contains(out.String(), "3 times") {
		t.Errorf("%v, %v; %+v", err, serr, rep)
	}
}

func TestViaMatchmakingFails(t *testing.T) {
	t.Parallel()
	_, url := startPairs(t, "walkers")
	cfg := config(url, 3)
	cfg.Via, cfg.Mode = ViaMatchmaking, "chess"
	rep, err := Run(t.Context(), cfg)
	if err == nil || rep.Joined != 0 || rep.Errors["matchmaker: enqueue: not_found: there is no such mode"] < 3 {
		t.Errorf("%v; %+v", err, rep)
	}
	_, url = startPairs(t, "arena")
	cfg = config(url, 2)
	cfg.Via, cfg.Mode = ViaMatchmaking, "pairs"
	if rep, err = Run(t.Context(), cfg); err == nil || rep.Errors["the mode pairs plays arena, which is not what bots are told to: give --kind arena"] < 2 {
		t.Errorf("%v; %+v", err, rep)
	}
	// One who waits alone gives up when the run ends.
	p, url := startPairs(t, "walkers")
	cfg = config(url, 1)
	cfg.Via, cfg.Mode = ViaMatchmaking, "pairs"
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if rep, err = Run(ctx, cfg); err != nil || rep.Joined != 0 || p.waiting != nil {
		t.Errorf("%v; %+v", err, rep)
	}
}

func TestCommandSignsTokens(t *testing.T) {
	t.Parallel()
	p, url := startPairs(t, "walkers")
	secret := filepath.Join(t.TempDir(), "secret")
	cmd := Command(kinds, func(file string, ttl time.Duration) (func(player, name string) (string, error), error) {
		if file != secret || ttl <= time.Hour {
			t.Errorf("a key of %s, for %v", file, ttl)
		}
		return func(player, name string) (string, error) { return player + "/" + name, nil }, nil
	})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"--server", url, "--via", "matchmaking", "--mode", "pairs", "--clients", "2", "--duration", "200ms", "--secret-file", secret, "--players", "p"})
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), "looking for a seat") {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	if p.queued["p0/bot 0"] != 1 || p.queued["p1/bot 1"] != 1 {
		t.Errorf("%v", p.queued)
	}
}
