package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/coder/websocket"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// The servers of the examples bring along ants, which starts goroutines for good.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// service plays the server. Methods that a test does not set are unimplemented.
type service struct {
	tickroomv1connect.UnimplementedMatchmakingServiceHandler
	t *testing.T

	watch func(n int32, token string, s *connect.ServerStream[tickroomv1.WatchResponse], ctx context.Context) error
	lobby func(n int32, q *tickroomv1.WatchRoomsRequest, s *connect.ServerStream[tickroomv1.WatchRoomsResponse], ctx context.Context) error
	// good is the token that calls need; empty: none.
	good     string
	enqueued func()

	watches   atomic.Int32
	lobbies   atomic.Int32
	cancelled atomic.Int32
	guests    atomic.Int32
	mu        sync.Mutex
	tokens    []string // guarded by mu: of all calls
}

func (s *service) start() string {
	mux := http.NewServeMux()
	mux.Handle(tickroomv1connect.NewMatchmakingServiceHandler(s))
	mux.HandleFunc("/ws", s.room)
	srv := httptest.NewServer(mux)
	s.t.Cleanup(srv.Close)
	return srv.URL
}

// room says what it was told in the hello, and takes nobody.
func (s *service) room(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{client.Subprotocol}})
	if err != nil {
		s.t.Errorf("server: %v", err)
		return
	}
	defer func() { _ = conn.CloseNow() }()
	f := new(tickroomv1.ClientFrame)
	_, b, err := conn.Read(r.Context())
	if err == nil {
		err = proto.Unmarshal(b, f)
	}
	if err != nil {
		s.t.Errorf("server: %v", err)
	}
	h := f.GetHello()
	if strings.HasPrefix(h.GetRoom(), "full") {
		_ = conn.Close(closecode.RoomFull, h.GetRoom())
		return
	}
	_ = conn.Close(4018, fmt.Sprintf("kind %s, room %s, seat %s, token %s", h.GetKind(), h.GetRoom(), h.GetSeat(), h.GetToken()))
}

func TestDial(t *testing.T) {
	t.Parallel()
	s := &service{t: t}
	c := s.client(Options{})
	a, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = c.Dial(ctx, a, client.Options{})
	var ce *client.CloseError
	if !errors.As(err, &ce) || ce.Advice() != closecode.GetNewSeat || ce.Reason != "kind arena, room r1, seat s1, token guest1" {
		t.Errorf("%v", err)
	}
}

// TestARoomThatHasNoPlaceAfterAll has seats in one after another.
func TestARoomThatHasNoPlaceAfterAll(t *testing.T) {
	t.Parallel()
	c := (&service{t: t}).client(Options{})
	a, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "full", Except: []string{"r0"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Dial(t.Context(), a, client.Options{})
	var ce *client.CloseError
	if !errors.As(err, &ce) || ce.Code != closecode.RoomFull || ce.Reason != "fullr0,fullr0,fullr0,fullr0,fullr0,fullr0,fullr0,fullr0" {
		t.Errorf("%v", err)
	}
}

func (s *service) caller(h http.Header) error {
	token := strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	s.tokens = append(s.tokens, token)
	s.mu.Unlock()
	if s.good != "" && token != s.good {
		return connect.NewError(connect.CodeUnauthenticated, errors.New("the token has expired"))
	}
	return nil
}

func (s *service) QuickJoin(_ context.Context, q *connect.Request[tickroomv1.QuickJoinRequest]) (*connect.Response[tickroomv1.QuickJoinResponse], error) {
	if err := s.caller(q.Header()); err != nil {
		return nil, err
	}
	r := &tickroomv1.QuickJoinResponse{Assignment: &tickroomv1.Assignment{Kind: "arena", Room: "r1", Seat: "s1"}}
	switch q.Msg.GetMode() {
	case "away":
		err := connect.NewError(connect.CodeUnavailable, errors.New("Redis is away"))
		err.Meta().Set("Retry-After", "2.5")
		return nil, err
	case "elsewhere":
		r.Assignment.Url = "wss://eu1.example.com/ws"
	case "seatless":
		r.Assignment.Seat = ""
	case "full":
		r.Assignment.Room = fmt.Sprint("full", strings.Join(q.Msg.GetExcept(), ","))
	}
	if q.Header().Get("Authorization") == "" {
		r.GuestToken = fmt.Sprint("guest", s.guests.Add(1))
	}
	return connect.NewResponse(r), nil
}

func (s *service) Enqueue(_ context.Context, q *connect.Request[tickroomv1.EnqueueRequest]) (*connect.Response[tickroomv1.EnqueueResponse], error) {
	if err := s.caller(q.Header()); err != nil {
		return nil, err
	}
	if q.Msg.GetMode() == "running" {
		return connect.NewResponse(&tickroomv1.EnqueueResponse{Rejoin: &tickroomv1.Assignment{Room: "r9", Seat: "s9", Rejoin: true}}), nil
	}
	if s.enqueued != nil {
		s.enqueued()
	}
	return connect.NewResponse(&tickroomv1.EnqueueResponse{Ticket: "t1"}), nil
}

func (s *service) Watch(ctx context.Context, q *connect.Request[tickroomv1.WatchRequest], st *connect.ServerStream[tickroomv1.WatchResponse]) error {
	if err := s.caller(q.Header()); err != nil {
		return err
	}
	if q.Msg.GetTicket() != "t1" {
		return connect.NewError(connect.CodeNotFound, errors.New("there is no such ticket"))
	}
	return s.watch(s.watches.Add(1), q.Header().Get("Authorization"), st, ctx)
}

func (s *service) WatchRooms(ctx context.Context, r *connect.Request[tickroomv1.WatchRoomsRequest], st *connect.ServerStream[tickroomv1.WatchRoomsResponse]) error {
	if s.lobby == nil {
		return s.UnimplementedMatchmakingServiceHandler.WatchRooms(ctx, r, st)
	}
	return s.lobby(s.lobbies.Add(1), r.Msg, st, ctx)
}

func (s *service) Cancel(_ context.Context, q *connect.Request[tickroomv1.CancelRequest]) (*connect.Response[tickroomv1.CancelResponse], error) {
	s.cancelled.Add(1)
	return connect.NewResponse(&tickroomv1.CancelResponse{Cancelled: true, State: tickroomv1.TicketState_TICKET_STATE_CANCELLED}), nil
}

func (s *service) Ready(context.Context, *connect.Request[tickroomv1.ReadyRequest]) (*connect.Response[tickroomv1.ReadyResponse], error) {
	return connect.NewResponse(&tickroomv1.ReadyResponse{Missing: []string{"bob"}}), nil
}

func (s *service) Explain(_ context.Context, q *connect.Request[tickroomv1.ExplainRequest]) (*connect.Response[tickroomv1.ExplainResponse], error) {
	return connect.NewResponse(&tickroomv1.ExplainResponse{Text: "nobody is there for " + q.Msg.GetTicket()}), nil
}

func (s *service) CreateRoom(context.Context, *connect.Request[tickroomv1.CreateRoomRequest]) (*connect.Response[tickroomv1.CreateRoomResponse], error) {
	return connect.NewResponse(&tickroomv1.CreateRoomResponse{Assignment: &tickroomv1.Assignment{Room: "r2", Seat: "s2", Code: "ABCD"}}), nil
}

func (s *service) JoinRoom(_ context.Context, q *connect.Request[tickroomv1.JoinRoomRequest]) (*connect.Response[tickroomv1.JoinRoomResponse], error) {
	return connect.NewResponse(&tickroomv1.JoinRoomResponse{Assignment: &tickroomv1.Assignment{Room: "r2", Seat: "s3", Code: q.Msg.GetCode()}}), nil
}

func (s *service) ListRooms(context.Context, *connect.Request[tickroomv1.ListRoomsRequest]) (*connect.Response[tickroomv1.ListRoomsResponse], error) {
	return connect.NewResponse(&tickroomv1.ListRoomsResponse{Rooms: []*tickroomv1.RoomInfo{{Room: "r1"}}, NextPageToken: "next"}), nil
}

func (s *service) Spectate(context.Context, *connect.Request[tickroomv1.SpectateRequest]) (*connect.Response[tickroomv1.SpectateResponse], error) {
	return connect.NewResponse(&tickroomv1.SpectateResponse{Assignment: &tickroomv1.Assignment{Kind: "arena", Room: "r1", Seat: "s4"}}), nil
}

func (s *service) client(o Options) *Client {
	s.t.Helper()
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	o.HTTP = &http.Client{Transport: transport}
	c, err := New(s.start(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func send[M any](t *testing.T, s *connect.ServerStream[M], w *M) {
	if err := s.Send(w); err != nil {
		t.Errorf("server: %v", err)
	}
}

var (
	waiting = &tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_WAITING, Waiting: 3}
	matched = &tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_MATCHED, Assignment: &tickroomv1.Assignment{Kind: "arena", Room: "r7", Seat: "s7", Team: 1}}
)

func TestGuestIsOnePlayer(t *testing.T) {
	t.Parallel()
	s := &service{t: t}
	c := s.client(Options{})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			a, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
			if err != nil || a.GetSeat() != "s1" || !strings.HasPrefix(a.URL, "ws://127.0.0.1:") || !strings.HasSuffix(a.URL, "/ws") {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	wg.Wait()
	if s.guests.Load() != 1 || c.Token() != "guest1" {
		t.Errorf("%d guests; the token is %q", s.guests.Load(), c.Token())
	}
	a, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "elsewhere"})
	if err != nil || a.URL != "wss://eu1.example.com/ws" {
		t.Errorf("%+v, %v", a, err)
	}
	cfg := c.Configure(a, client.Config{Name: "ann"})
	if cfg.Token != "guest1" || cfg.Seat != "s1" || cfg.Room != "r1" || cfg.Kind != "arena" || cfg.Name != "ann" || cfg.Spectate {
		t.Errorf("%+v", cfg)
	}
	if _, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "seatless"}); err == nil {
		t.Error("an assignment without a seat")
	}
}

func TestRooms(t *testing.T) {
	t.Parallel()
	c := (&service{t: t}).client(Options{Token: "ann"})
	if a, err := c.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{}); err != nil || a.GetCode() != "ABCD" {
		t.Errorf("create: %v, %v", a, err)
	}
	if a, err := c.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: "ABCD"}); err != nil || a.GetCode() != "ABCD" || a.GetSeat() != "s3" {
		t.Errorf("join: %v, %v", a, err)
	}
	if a, err := c.Spectate(t.Context(), &tickroomv1.SpectateRequest{Room: "r1"}); err != nil || !a.Spectator || !c.Configure(a, client.Config{}).Spectate {
		t.Errorf("spectate: %v, %v", a, err)
	}
	if l, err := c.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{}); err != nil || len(l.GetRooms()) != 1 || l.GetNextPageToken() != "next" {
		t.Errorf("list: %v, %v", l, err)
	}
	if e, err := c.Explain(t.Context(), "t1"); err != nil || e.GetText() != "nobody is there for t1" {
		t.Errorf("explain: %v, %v", e, err)
	}
	if m, err := c.Ticket("t1").Ready(t.Context(), nil); err != nil || len(m) != 1 {
		t.Errorf("ready: %v, %v", m, err)
	}
	if _, err := c.Ratings(t.Context(), "duel"); err == nil || !strings.Contains(err.Error(), "ask for ratings: unimplemented") {
		t.Errorf("ratings: %v", err)
	}
}

// TestAListOfRoomsIsBounded has a service that adds rooms to a list for ever.
func TestAListOfRoomsIsBounded(t *testing.T) {
	t.Parallel()
	s := &service{t: t, lobby: func(_ int32, _ *tickroomv1.WatchRoomsRequest, st *connect.ServerStream[tickroomv1.WatchRoomsResponse], ctx context.Context) error {
		for i := 0; ctx.Err() == nil; i += 500 {
			m := &tickroomv1.WatchRoomsResponse{}
			for k := range 500 {
				m.Rooms = append(m.Rooms, &tickroomv1.RoomInfo{Room: fmt.Sprint(i + k)})
			}
			if st.Send(m) != nil {
				break
			}
		}
		return ctx.Err()
	}}
	most := 0
	err := s.client(Options{Token: "ann"}).WatchRooms(t.Context(), &tickroomv1.WatchRoomsRequest{}, func(rooms []*tickroomv1.RoomInfo, _ bool) { most = len(rooms) })
	if connect.CodeOf(err) != connect.CodeOutOfRange && !strings.Contains(fmt.Sprint(err), "more than 1000 rooms") || most != 1000 {
		t.Errorf("after a list of %d: %v", most, err)
	}
}

func TestWatchRooms(t *testing.T) {
	t.Parallel()
	info := func(room string, players uint32) *tickroomv1.RoomInfo {
		return &tickroomv1.RoomInfo{Room: room, Players: players}
	}
	s := &service{t: t, lobby: func(n int32, q *tickroomv1.WatchRoomsRequest, st *connect.ServerStream[tickroomv1.WatchRoomsResponse], ctx context.Context) error {
		if q.GetQuery() != "level > 3" {
			t.Errorf("asked for %q", q.GetQuery())
		}
		if n > 1 {
			send(t, st, &tickroomv1.WatchRoomsResponse{Complete: true, Rooms: []*tickroomv1.RoomInfo{info("new", 0)}})
			<-ctx.Done()
			return nil
		}
		send(t, st, &tickroomv1.WatchRoomsResponse{Complete: true, Rooms: []*tickroomv1.RoomInfo{info("b", 1), info("a", 0)}, More: true})
		send(t, st, &tickroomv1.WatchRoomsResponse{More: true}) // the stream is alive
		send(t, st, &tickroomv1.WatchRoomsResponse{Rooms: []*tickroomv1.RoomInfo{info("b", 2), info("c", 0)}, Gone: []string{"a"}})
		return connect.NewError(connect.CodeUnavailable, errors.New("away"))
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []string
	err := s.client(Options{Token: "ann"}).WatchRooms(ctx, &tickroomv1.WatchRoomsRequest{Query: "level > 3"}, func(rooms []*tickroomv1.RoomInfo, more bool) {
		text := fmt.Sprint(more)
		for _, r := range rooms {
			text += fmt.Sprint(" ", r.GetRoom(), r.GetPlayers())
		}
		if seen = append(seen, text); len(seen) == 3 {
			cancel()
		}
	})
	if want := []string{"true a0 b1", "false b2 c0", "false new0"}; !slices.Equal(seen, want) || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, want %q; %v", seen, want, err)
	}
	err = (&service{t: t}).client(Options{Token: "ann"}).WatchRooms(t.Context(), &tickroomv1.WatchRoomsRequest{}, nil)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Code != connect.CodeUnimplemented {
		t.Errorf("a service that does not know it: %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := &service{t: t}
	c := s.client(Options{Token: "ann"})
	_, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "away"})
	var e *Error
	if !errors.As(err, &e) || e.Code != connect.CodeUnavailable || e.RetryAfter != 2500*time.Millisecond || !e.Temporary() ||
		err.Error() != "matchmaker: quick join: unavailable: Redis is away (try again in 2.5s)" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	for _, bad := range []string{"ftp://x", "nowhere"} {
		if _, err := New(bad, Options{}); err == nil {
			t.Errorf("%s is taken for an address", bad)
		}
	}
}

func TestTokenIsFetchedAnew(t *testing.T) {
	t.Parallel()
	s := &service{t: t, good: "t2"}
	var n atomic.Int32
	source := func(context.Context) (string, error) { return fmt.Sprint("t", n.Add(1)), nil }
	c := s.client(Options{TokenSource: source})
	if _, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{}); err != nil || c.Token() != "t2" || n.Load() != 2 {
		t.Errorf("%v; the token is %s", err, c.Token())
	}
	s.good = "t9" // the next one won't do either
	if _, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{}); err == nil || n.Load() != 3 ||
		!strings.Contains(err.Error(), "the token has expired (give a token that the server takes)") {
		t.Errorf("%v; %d tokens", err, n.Load())
	}
	no := errors.New("no")
	c = s.client(Options{TokenSource: func(context.Context) (string, error) { return "", no }})
	if _, err := c.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{}); !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
}

func TestWatchGoesOn(t *testing.T) {
	t.Parallel()
	s := &service{t: t, watch: func(n int32, token string, st *connect.ServerStream[tickroomv1.WatchResponse], _ context.Context) error {
		if token != "Bearer ann" {
			t.Errorf("watched with %q", token)
		}
		switch n {
		case 1: // the service is away
			return connect.NewError(connect.CodeUnavailable, errors.New("away"))
		case 2: // the stream breaks
			send(t, st, waiting)
			panic(http.ErrAbortHandler)
		case 3: // the stream ends, and nobody knows why
			send(t, st, waiting)
			return nil
		}
		send(t, st, matched)
		return nil
	}}
	c := s.client(Options{Token: "ann"})
	var states []tickroomv1.TicketState
	a, err := c.FindMatch(t.Context(), &tickroomv1.EnqueueRequest{Mode: "duel"}, func(w *tickroomv1.WatchResponse) { states = append(states, w.GetState()) })
	if err != nil || a.GetRoom() != "r7" || a.GetTeam() != 1 || s.watches.Load() != 4 || len(states) != 3 {
		t.Errorf("%v, %v after %d watches; %v", a, err, s.watches.Load(), states)
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	end := waiting
	s := &service{t: t, watch: func(_ int32, _ string, st *connect.ServerStream[tickroomv1.WatchResponse], _ context.Context) error {
		send(t, st, end)
		return nil
	}}
	c := s.client(Options{Token: "ann"})
	end = &tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_TIMED_OUT}
	var e *EndedError
	if _, err := c.Ticket("t1").Wait(t.Context(), nil); !errors.As(err, &e) || e.State != end.State || !strings.Contains(err.Error(), "no match was found") {
		t.Errorf("%v", err)
	}
	end = &tickroomv1.WatchResponse{State: tickroomv1.TicketState_TICKET_STATE_MATCHED}
	if _, err := c.Ticket("t1").Wait(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no seat") {
		t.Errorf("a match without a seat: %v", err)
	}
	var f *Error
	if _, err := c.Ticket("t2").Wait(t.Context(), nil); !errors.As(err, &f) || f.Code != connect.CodeNotFound {
		t.Errorf("%v", err)
	}
	back, err := c.Enqueue(t.Context(), &tickroomv1.EnqueueRequest{Mode: "running"})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := back.Wait(t.Context(), nil); err != nil || !a.GetRejoin() || back.ID() != "" {
		t.Errorf("%v, %v", a, err)
	}
	if ok, state, err := back.Cancel(t.Context()); ok || state != tickroomv1.TicketState_TICKET_STATE_MATCHED || err != nil {
		t.Errorf("%t %v %v", ok, state, err)
	}
}

func TestContextEndCancels(t *testing.T) {
	t.Parallel()
	s := &service{t: t, watch: func(_ int32, _ string, st *connect.ServerStream[tickroomv1.WatchResponse], ctx context.Context) error {
		send(t, st, waiting)
		<-ctx.Done()
		return ctx.Err()
	}}
	c := s.client(Options{Token: "ann"})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.FindMatch(ctx, &tickroomv1.EnqueueRequest{}, func(*tickroomv1.WatchResponse) { cancel() })
	if !errors.Is(err, context.Canceled) || s.cancelled.Load() != 1 {
		t.Errorf("%v; %d cancelled", err, s.cancelled.Load())
	}
}

func TestContextEndsWhileEnqueueing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{t: t, enqueued: cancel}
	c := s.client(Options{Token: "ann"})
	_, err := c.FindMatch(ctx, &tickroomv1.EnqueueRequest{}, nil)
	if !errors.Is(err, context.Canceled) || s.cancelled.Load() != 1 {
		t.Errorf("%v; %d cancelled", err, s.cancelled.Load())
	}
	s.enqueued = nil
	if _, err := c.Enqueue(ctx, &tickroomv1.EnqueueRequest{}); !errors.Is(err, context.Canceled) || s.cancelled.Load() != 1 {
		t.Errorf("too late: %v; %d cancelled", err, s.cancelled.Load())
	}
}
