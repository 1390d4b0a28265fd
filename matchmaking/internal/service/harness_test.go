package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// modes are those of the tests.
const modes = `
modes:
  duel:
    room: {kind: arena, options: {map: small}}
    teams: {count: 2, size: 1}
  pairs:
    room: {kind: arena}
    teams: {count: 2, size: 2}
    party: {max: 2}
    roles: {tank: 1, healer: 1}
  brawl:
    room: {kind: arena}
    players: {max: 4, min: 2}
  regional:
    room: {kind: arena}
    teams: {count: 2, size: 1}
    latency: {cap: 80ms, regions: {eu: {}, us: {}}}
  squads:
    room: {kind: arena}
    teams: {count: 2, size: 3}
    party: {max: 3}
    rating: {window: 100, party: each}
    timeout: 90s
`

// stores make calls of the stores fail while err is set.
type stores struct {
	mu    sync.Mutex
	err   error
	only  string // the one call that fails; "": all
	hangs bool   // instead of failing at once, they wait for the end of their time
}

// fail makes calls fail from now on; nil ends that.
func (s *stores) fail(err error, only string, hangs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.only, s.hangs = err, only, hangs
}

func (s *stores) check(ctx context.Context, call string) error {
	if _, ok := ctx.Deadline(); !ok {
		panic(call + " has no deadline")
	}
	s.mu.Lock()
	err, hangs := s.err, s.hangs
	if s.only != "" && s.only != call {
		err = nil
	}
	s.mu.Unlock()
	if err != nil && hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func guard[T any](ctx context.Context, s *stores, call string, fn func() (T, error)) (T, error) {
	if err := s.check(ctx, call); err != nil {
		var none T
		return none, err
	}
	return fn()
}

type tickets0 = store.Tickets // the calls that only nodes and matchers make are not guarded

// guarded is a Tickets whose calls fail when the test wants that.
type guarded struct {
	tickets0
	s    *stores
	deaf *atomic.Bool
}

func (g guarded) Add(ctx context.Context, t store.Ticket) error {
	_, err := guard(ctx, g.s, "Add", func() (int, error) { return 0, g.tickets0.Add(ctx, t) })
	return err
}

func (g guarded) Ready(ctx context.Context, id string, m store.Member, now time.Time) (store.Status, error) {
	return guard(ctx, g.s, "Ready", func() (store.Status, error) { return g.tickets0.Ready(ctx, id, m, now) })
}

func (g guarded) Cancel(ctx context.Context, id, player string) (store.Status, error) {
	return guard(ctx, g.s, "Cancel", func() (store.Status, error) { return g.tickets0.Cancel(ctx, id, player) })
}

func (g guarded) Ticket(ctx context.Context, id string) (store.Status, error) {
	return guard(ctx, g.s, "Ticket", func() (store.Status, error) { return g.tickets0.Ticket(ctx, id) })
}

func (g guarded) Watch(ctx context.Context, id string) (<-chan struct{}, func(), error) {
	if err := g.s.check(ctx, "Watch"); err != nil {
		return nil, nil, err
	}
	if g.deaf.Load() {
		return make(chan struct{}), func() {}, nil
	}
	return g.tickets0.Watch(ctx, id)
}

func (g guarded) Keep(ctx context.Context, m store.Match) error {
	_, err := guard(ctx, g.s, "Keep", func() (int, error) { return 0, g.tickets0.Keep(ctx, m) })
	return err
}

func (g guarded) Match(ctx context.Context, id, code string) (store.Match, error) {
	return guard(ctx, g.s, "Match", func() (store.Match, error) { return g.tickets0.Match(ctx, id, code) })
}

func (g guarded) Touch(ctx context.Context, id string) error {
	_, err := guard(ctx, g.s, "Touch", func() (int, error) { return 0, g.tickets0.Touch(ctx, id) })
	return err
}

func (g guarded) Playing(ctx context.Context, player string) (store.Match, error) {
	return guard(ctx, g.s, "Playing", func() (store.Match, error) { return g.tickets0.Playing(ctx, player) })
}

type ratings0 = store.Ratings

type guardedRatings struct {
	ratings0
	s *stores
}

func (g guardedRatings) Rate(ctx context.Context, md, id string, players []string, fn func([]store.Rated) ([]store.Rated, error)) ([]store.Rated, bool, error) {
	if err := g.s.check(ctx, "Rate"); err != nil {
		return nil, false, err
	}
	return g.ratings0.Rate(ctx, md, id, players, fn)
}

func (g guardedRatings) Ratings(ctx context.Context, md string, players []string) ([]store.Rated, error) {
	return guard(ctx, g.s, "Ratings", func() ([]store.Rated, error) { return g.ratings0.Ratings(ctx, md, players) })
}

type nodes0 = store.Nodes

type guardedNodes struct {
	nodes0
	s *stores
}

func (g guardedNodes) Nodes(ctx context.Context) ([]store.Node, error) {
	return guard(ctx, g.s, "Nodes", func() ([]store.Node, error) { return g.nodes0.Nodes(ctx) })
}

type guardedDirectory struct {
	store.Directory
	s *stores
}

func (g guardedDirectory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	return guard(ctx, g.s, "Reserve", func() (store.Listing, error) { return g.Directory.Reserve(ctx, w) })
}

func (g guardedDirectory) Report(ctx context.Context, node string, rooms []store.Report) (int, error) {
	return guard(ctx, g.s, "List", func() (int, error) { return g.Directory.Report(ctx, node, rooms) })
}

func (g guardedDirectory) Rooms(ctx context.Context, kind, node string) ([]store.Listing, error) {
	return guard(ctx, g.s, "Rooms", func() ([]store.Listing, error) { return g.Directory.Rooms(ctx, kind, node) })
}

// identities are by name: the token is the name.
type identities struct{ guests atomic.Int64 }

func (p *identities) Authenticate(_ context.Context, h http.Header, _ string) (service.Caller, error) {
	token, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		id := fmt.Sprintf("guest:%d", p.guests.Add(1))
		return service.Caller{Player: id, CanPlay: true, CanSpectate: true, Guest: true, GuestToken: id, GuestExpires: guestExpires}, nil
	case token == "expired":
		return service.Caller{}, connect.NewError(connect.CodeUnauthenticated, errors.New("the token has expired"))
	case token == "broken":
		return service.Caller{}, errors.New("the key is in /etc/secret")
	}
	c := service.Caller{Player: token, Name: strings.ToUpper(token), CanPlay: true, CanSpectate: true, Guest: strings.HasPrefix(token, "guest:")}
	switch {
	case strings.HasPrefix(token, "admin"):
		c.CanExplain, c.CanReport = true, true
	case strings.HasPrefix(token, "viewer"):
		c.CanPlay = false
	case strings.HasPrefix(token, "nobody"):
		c.CanPlay, c.CanSpectate = false, false
	}
	return c, nil
}

// seats are written in plain text, with a number that makes each another one.
type seats struct {
	n      atomic.Int64
	broken atomic.Bool
}

func (s *seats) Issue(_ context.Context, x service.SeatFor) (string, time.Time, error) {
	if s.broken.Load() {
		return "", time.Time{}, errors.New("the key is in /etc/secret")
	}
	role := x.Role
	if x.AnyRoom {
		role += "+any room"
	}
	return fmt.Sprintf("%s|%s|%s|%s|%d|%s|%d", x.Player, x.Room, x.Node, x.Mode, x.Team, role, s.n.Add(1)), time.Now().Add(30 * time.Second), nil
}

var guestExpires = time.UnixMilli(1_800_000_000_000)

// sits checks what is in an assignment's seat: player|node|mode|team|role.
func sits(t *testing.T, a *tickroomv1.Assignment, want string) {
	t.Helper()
	f := strings.Split(a.GetSeat(), "|")
	if len(f) != 7 || f[1] != a.GetRoom() {
		t.Fatalf("the seat is %q in %v", a.GetSeat(), a)
	}
	if got := strings.Join([]string{f[0], f[2], f[3], f[4], strings.TrimSuffix(f[5], "+any room")}, "|"); got != want {
		t.Errorf("the seat is %s, not %s", got, want)
	}
	if time.Until(a.GetExpires().AsTime()) <= 0 {
		t.Errorf("the seat expires at %v", a.GetExpires().AsTime())
	}
}

// turnstile is Limits that a test sets.
type turnstile struct {
	mu      sync.Mutex
	address func(peer string, w service.Work) (time.Duration, error)
	player  func(player string, w service.Work) (time.Duration, error)
}

func (l *turnstile) Address(peer string, _ http.Header, w service.Work) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.address == nil {
		return 0, nil
	}
	return l.address(peer, w)
}

func (l *turnstile) Player(player string, w service.Work) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.player == nil {
		return 0, nil
	}
	return l.player(player, w)
}

func (l *turnstile) set(address, player func(string, service.Work) (time.Duration, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.address, l.player = address, player
}

// harness is a service on an HTTP server, with all that is behind it.
type harness struct {
	*service.Service
	t       *testing.T
	o       service.Options
	tickets *memory.Tickets
	ratings *memory.Ratings
	nodes   *memory.Nodes
	dir     *memory.Directory
	stores  *stores
	limits  *turnstile
	seats   *seats
	log     *syncBuffer
	deaf    *atomic.Bool // Watch reports nothing
	url     string
	queues  map[string]*stepper
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a service. change may change its options.
func start(t *testing.T, change ...func(*service.Options)) *harness {
	t.Helper()
	h := build(t, change...)
	path, handler := h.Handler()
	mux := http.NewServeMux()
	mux.Handle(path, handler)
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	t.Cleanup(h.Close)
	h.url = srv.URL
	return h
}

// build makes a service without a server.
func build(t *testing.T, change ...func(*service.Options)) *harness {
	t.Helper()
	md, err := mode.Parse("modes.yaml", []byte(modes))
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{
		t: t, tickets: memory.NewTickets(time.Now), ratings: memory.NewRatings(time.Now), nodes: memory.NewNodes(time.Now),
		dir: memory.NewDirectory(time.Now), limits: &turnstile{}, stores: &stores{}, seats: &seats{}, log: &syncBuffer{}, queues: map[string]*stepper{}, deaf: &atomic.Bool{},
	}
	h.o = service.Options{
		Tickets: guarded{h.tickets, h.stores, h.deaf}, Ratings: guardedRatings{h.ratings, h.stores}, Nodes: guardedNodes{h.nodes, h.stores},
		Directory: guardedDirectory{h.dir, h.stores}, Modes: md,
		Kinds:    map[string]service.Kind{"arena": {Capacity: 4, MaxSpectators: 4, Modes: map[string]int{"regional": 9}}, "quiz": {Capacity: 100}},
		Identity: &identities{}, Seats: h.seats, Limits: h.limits, Placer: place.New(h.nodes),
		Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, c := range change {
		c(&h.o)
	}
	h.beat("n1", "")
	if h.Service, err = service.New(h.o); err != nil {
		t.Fatal(err)
	}
	return h
}

// beat reports that a node is there.
func (h *harness) beat(id, region string) {
	h.t.Helper()
	err := h.nodes.Beat(context.Background(), store.Node{ID: id, URL: "wss://" + id + "/ws", Region: region, Kinds: []string{"arena", "quiz"}, Spare: 1}, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
}

// protocol is a way to speak with the service.
type protocol struct {
	name string
	opts []connect.ClientOption
	h2   bool
}

var protocols = []protocol{
	{name: "Connect"},
	{name: "Connect, JSON", opts: []connect.ClientOption{connect.WithProtoJSON()}},
	{name: "gRPC", opts: []connect.ClientOption{connect.WithGRPC()}, h2: true},
	{name: "gRPC-Web", opts: []connect.ClientOption{connect.WithGRPCWeb()}},
}

// as returns a client for somebody, "" for a new guest.
func (h *harness) as(player string, p ...protocol) tickroomv1connect.MatchmakingServiceClient {
	h.t.Helper()
	var speaks protocol
	if len(p) > 0 {
		speaks = p[0]
	}
	tr := &http.Transport{}
	if speaks.h2 {
		tr.Protocols = new(http.Protocols)
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	h.t.Cleanup(tr.CloseIdleConnections)
	return tickroomv1connect.NewMatchmakingServiceClient(&http.Client{Transport: bearer{tr, player}}, h.url, speaks.opts...)
}

type bearer struct {
	http.RoundTripper
	player string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.player != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.player)
	}
	return b.RoundTripper.RoundTrip(r)
}

// post sends JSON as curl would and returns the answer's status, headers and body.
func (h *harness) post(player, method, body string) (int, http.Header, map[string]any) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/tickroom.v1.MatchmakingService/"+method, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: bearer{tr, player}}).Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		h.t.Fatalf("%s answers %d %q: %v", method, resp.StatusCode, b, err)
	}
	return resp.StatusCode, resp.Header, out
}

// call makes a call that must succeed.
func call[Req, Res any](t *testing.T, fn func(context.Context, *connect.Request[Req]) (*connect.Response[Res], error), req *Req) *Res {
	t.Helper()
	res, err := fn(t.Context(), connect.NewRequest(req))
	if err != nil {
		t.Fatalf("%v: %v", req, err)
	}
	return res.Msg
}

// fails makes a call that must fail with a code and a text that has all the words.
func fails[Req, Res any](t *testing.T, fn func(context.Context, *connect.Request[Req]) (*connect.Response[Res], error), req *Req, code connect.Code, words ...string) *connect.Error {
	t.Helper()
	_, err := fn(t.Context(), connect.NewRequest(req))
	return refused(t, err, code, words...)
}

func refused(t *testing.T, err error, code connect.Code, words ...string) *connect.Error {
	t.Helper()
	var e *connect.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v", err)
	}
	if e.Code() != code {
		t.Errorf("the code is %v, not %v: %v", e.Code(), code, e)
	}
	for _, w := range words {
		if !strings.Contains(e.Message(), w) {
			t.Errorf("%q does not say %q", e.Message(), w)
		}
	}
	return e
}

// stepper is the matcher of a queue, stepped by hand.
type stepper struct {
	q     *queue.Queue
	lease store.Lease
	after uint64
}

// follow takes in what has happened in a queue.
func (h *harness) follow(md string) *stepper {
	h.t.Helper()
	ctx := h.t.Context()
	s := h.queues[md]
	if s == nil {
		m, _ := mode.Find(h.o.Modes, md)
		q, err := queue.New(m, time.Second)
		if err != nil {
			h.t.Fatal(err)
		}
		s = &stepper{q: q}
		if s.lease, err = h.tickets.Lease(ctx, md, "test", time.Hour); err != nil {
			h.t.Fatal(err)
		}
		h.queues[md] = s
	}
	c, err := h.tickets.Changes(ctx, md, s.after)
	if err != nil {
		h.t.Fatal(err)
	}
	s.after = c.Next
	s.q.Apply(&c)
	return s
}

// match makes matches of those who wait, on the node n1, and returns how many.
func (h *harness) match(md string) int {
	h.t.Helper()
	s := h.follow(md)
	n := 0
	for _, d := range s.q.Decide(time.Now(), true) {
		if d.Kind != queue.Begin {
			continue
		}
		d.Match.Node, d.Match.URL = "n1", "wss://n1/ws"
		gone, err := h.tickets.Commit(h.t.Context(), s.lease, store.Outcome{Match: d.Match, Tickets: d.Tickets})
		if err != nil || len(gone) > 0 {
			h.t.Fatalf("commit: %v, %v", gone, err)
		}
		s.q.Settle(d, nil)
		n++
	}
	return n
}

// explainer explains what waits in the stores.
type explainer struct{ h *harness }

func (e explainer) Explain(ctx context.Context, id string) (match.Explanation, error) {
	if err := e.h.stores.check(ctx, "Explain"); err != nil {
		return match.Explanation{}, err
	}
	return queue.NewExplainer(e.h.tickets, e.h.tickets, e.h.o.Modes).Explain(ctx, id)
}
