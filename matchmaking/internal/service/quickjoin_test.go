package service_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// lists puts a room on the list.
func (h *harness) lists(r store.Listing) {
	h.t.Helper()
	if r.Node == "" {
		r.Node, r.URL = "n1", "wss://n1/ws"
	}
	if r.Kind == "" {
		r.Kind = "arena"
	}
	if r.MaxPlayers == 0 {
		r.MaxPlayers = 4
	}
	if r.Revision == 0 {
		r.Revision = 1
	}
	if _, err := h.dir.Report(h.t.Context(), r.Node, []store.Report{{Listing: r}}); err != nil {
		h.t.Fatal(err)
	}
}

// reserved returns how many places to play and to watch are reserved in a room.
func (h *harness) reserved(id string) (play, watch int) {
	h.t.Helper()
	rooms, err := h.dir.Rooms(h.t.Context(), "", "")
	i := slices.IndexFunc(rooms, func(r store.Listing) bool { return r.ID == id })
	if err != nil || i < 0 {
		h.t.Fatalf("%s is not listed: %+v, %v", id, rooms, err)
	}
	return rooms[i].ReservedPlayers, rooms[i].ReservedSpectators
}

// TestQuickJoin sees that a player comes into the fullest open room of the kind or
// mode, and into a new one if there is none.
func TestQuickJoin(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			h.lists(store.Listing{ID: "a", Occupancy: store.Occupancy{Players: 1}})
			h.lists(store.Listing{ID: "b", Occupancy: store.Occupancy{Players: 2}})
			h.lists(store.Listing{ID: "full", Occupancy: store.Occupancy{Players: 4}})
			h.lists(store.Listing{ID: "private", Occupancy: store.Occupancy{Players: 3, Private: true}})
			h.lists(store.Listing{ID: "mode", Mode: "duel", Occupancy: store.Occupancy{Players: 3}})
			a := call(t, h.as("ann", p).QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}).GetAssignment()
			if a.GetRoom() != "b" || a.GetUrl() != "wss://n1/ws" || a.GetKind() != "arena" || a.GetRejoin() {
				t.Errorf("assigned: %v", a)
			}
			sits(t, a, "ann|n1||0|")
			// The seat is reserved for ann, who may ask again.
			call(t, h.as("ann", p).QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"})
			if n, _ := h.reserved("b"); n != 1 {
				t.Errorf("%d places are reserved", n)
			}
			if a := call(t, h.as("bob", p).QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "duel"}).GetAssignment(); a.GetRoom() != "mode" || a.GetMode() != "duel" {
				t.Errorf("assigned: %v", a)
			}

			// A new one, which others come into.
			r := call(t, h.as("", p).QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "brawl"})
			a = r.GetAssignment()
			if !strings.HasPrefix(r.GetGuestToken(), "guest:") || a.GetMode() != "brawl" || a.GetKind() != "arena" || a.GetCode() != "" {
				t.Errorf("assigned: %v", r)
			}
			sits(t, a, r.GetGuestToken()+"|n1|brawl|0|")
			if r.GetPlayerId() != r.GetGuestToken() || !r.GetGuestExpires().AsTime().Equal(guestExpires) {
				t.Errorf("the guest is told that it is %q until %v", r.GetPlayerId(), r.GetGuestExpires())
			}
			if m, err := h.tickets.Match(t.Context(), a.GetRoom(), ""); err != nil || !m.Open || m.Node != "n1" || m.Mode != "brawl" || m.Code != "" || m.Created.IsZero() {
				t.Errorf("kept: %+v, %v", m, err)
			}
			next := call(t, h.as(r.GetGuestToken(), p).QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "brawl"})
			if next.GetAssignment().GetRoom() != a.GetRoom() || next.GetGuestToken() != "" || next.GetPlayerId() != r.GetPlayerId() || next.GetGuestExpires() != nil {
				t.Errorf("assigned to the same guest: %v", next)
			}
			if b := call(t, h.as("eve", p).QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "brawl"}).GetAssignment(); b.GetRoom() != a.GetRoom() {
				t.Errorf("assigned to the next one: %v", b)
			}
		})
	}
}

// TestCapacity sees that the rooms of a mode are listed with the mode's capacity.
func TestCapacity(t *testing.T) {
	t.Parallel()
	h := start(t)
	for md, want := range map[string]int{"regional": 9, "duel": 4} {
		id := call(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Mode: md}).GetAssignment().GetRoom()
		rooms, err := h.dir.Rooms(t.Context(), "arena", "")
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(rooms, func(r store.Listing) bool { return r.ID == id }); i < 0 || rooms[i].MaxPlayers != want {
			t.Errorf("%s is not listed for %d: %v", id, want, rooms)
		}
	}
}

// TestQuickJoinRejoins sees when a player goes back to where it was.
func TestQuickJoinRejoins(t *testing.T) {
	t.Parallel()
	h := start(t)
	ann := h.as("ann")
	open := call(t, ann.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}).GetAssignment().GetRoom()
	if err := h.tickets.Joined(t.Context(), "ann", open); err != nil {
		t.Fatal(err)
	}
	h.lists(store.Listing{ID: "fuller", Occupancy: store.Occupancy{Players: 3}})
	if a := call(t, ann.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}).GetAssignment(); a.GetRoom() != open || !a.GetRejoin() {
		t.Errorf("into the open room: %v", a)
	}
	// Another kind of room is another wish, and so is a queue.
	if a := call(t, ann.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "quiz"}).GetAssignment(); a.GetKind() != "quiz" || a.GetRejoin() {
		t.Errorf("into another kind: %v", a)
	}
	if r := call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}); r.GetTicket() == "" {
		t.Errorf("into a queue: %v", r)
	}
	if err := h.tickets.Left(t.Context(), "ann", open); err != nil {
		t.Fatal(err)
	}
	if a := call(t, ann.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}).GetAssignment(); a.GetRoom() != "fuller" || a.GetRejoin() {
		t.Errorf("after it has left: %v", a)
	}
	// The match of a queue comes before all.
	call(t, h.as("bob").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"})
	h.match("duel")
	if a := call(t, ann.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "quiz"}).GetAssignment(); a.GetMode() != "duel" || !a.GetRejoin() {
		t.Errorf("with a match: %v", a)
	}
}

// TestQuickJoinChooses sees that query, region and dead nodes decide.
func TestQuickJoinChooses(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.beat("e1", "eu")
	h.beat("u1", "us")
	h.lists(store.Listing{ID: "dead", Node: "gone", Occupancy: store.Occupancy{Players: 3}})
	h.lists(store.Listing{ID: "eu", Node: "e1", Region: "eu", Created: time.Now().Add(-time.Hour), Occupancy: store.Occupancy{Players: 2}})
	h.lists(store.Listing{ID: "us", Node: "u1", Region: "us", Created: time.Now(), Occupancy: store.Occupancy{Players: 1}})
	for i, c := range []struct {
		name string
		req  *tickroomv1.QuickJoinRequest
		want string // "": a new one
	}{
		{"not the one of a dead node", &tickroomv1.QuickJoinRequest{}, "eu"},
		{"the nearest", &tickroomv1.QuickJoinRequest{Self: &tickroomv1.Member{LatencyMs: map[string]float64{"eu": 90, "us": 20}}}, "us"},
		{"by players", &tickroomv1.QuickJoinRequest{Query: "players 1..1"}, "us"},
		{"by age", &tickroomv1.QuickJoinRequest{Query: "age > 600"}, "eu"},
		{"by region and room", &tickroomv1.QuickJoinRequest{Query: `region == "eu" and free >= 1 and capacity == 4 and kind == "arena" and mode == ""`}, "eu"},
		{"none will do", &tickroomv1.QuickJoinRequest{Query: "capacity > 4"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Kind = "arena"
			got := call(t, h.as(fmt.Sprintf("p%d", i)).QuickJoin, c.req).GetAssignment().GetRoom()
			if fresh := got != "eu" && got != "us" && got != "dead"; got != c.want && !(c.want == "" && fresh) {
				t.Errorf("it is %s", got)
			}
			// It does not come.
			if err := h.dir.Cancel(t.Context(), got, store.Reservation{Name: fmt.Sprintf("p%d", i), Made: time.Now()}); err != nil {
				t.Fatal(err)
			}
		})
	}
	// In the nearest region, the new room too.
	a := call(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "brawl", Self: &tickroomv1.Member{LatencyMs: map[string]float64{"eu": 90, "us": 20}}}).GetAssignment()
	if a.GetRegion() != "us" || a.GetUrl() != "wss://u1/ws" {
		t.Errorf("a new room: %v", a)
	}
	far := &tickroomv1.Member{LatencyMs: map[string]float64{"us": 200, "mars": 1}}
	_ = fails(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Mode: "regional", Self: far}, connect.CodeFailedPrecondition, "mars, us", "eu, us")

	for _, c := range []struct {
		req   *tickroomv1.QuickJoinRequest
		words []string
	}{
		{&tickroomv1.QuickJoinRequest{}, []string{"mode and kind are missing", "arena, quiz"}},
		{&tickroomv1.QuickJoinRequest{Kind: "chess"}, []string{`"chess"`, "arena, quiz"}},
		{&tickroomv1.QuickJoinRequest{Mode: "chess"}, []string{`"chess"`, "brawl"}},
		{&tickroomv1.QuickJoinRequest{Mode: "duel", Kind: "quiz"}, []string{"kind arena"}},
		{&tickroomv1.QuickJoinRequest{Kind: "arena", Query: "players >"}, []string{"query 1:10"}},
		{&tickroomv1.QuickJoinRequest{Kind: "arena", Self: &tickroomv1.Member{Name: "\x01"}}, []string{"can't be shown"}},
		{&tickroomv1.QuickJoinRequest{Mode: "pairs", Self: &tickroomv1.Member{Roles: []string{"bard"}}}, []string{"bard"}},
		{&tickroomv1.QuickJoinRequest{Kind: "arena", Self: &tickroomv1.Member{LatencyMs: map[string]float64{"eu": 1e9}}}, []string{"1e+09"}},
	} {
		_ = fails(t, h.as("ann").QuickJoin, c.req, connect.CodeInvalidArgument, c.words...)
	}
	_ = fails(t, h.as("viewer").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}, connect.CodePermissionDenied)
}

// TestRush sees that many who come at once, when there is no room, fill as few rooms as
// can be, and that none has more than fit.
func TestRush(t *testing.T) {
	t.Parallel()
	const players = 42
	gate := &rush{all: players, arrived: make(chan struct{})}
	h := start(t, func(o *service.Options) {
		o.Directory = rushDirectory{o.Directory, gate}
		o.Tickets = rushTickets{o.Tickets, gate}
	})
	rooms := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range players {
		c := h.as(fmt.Sprintf("p%d", i))
		wg.Go(func() {
			r, err := c.QuickJoin(context.Background(), connect.NewRequest(&tickroomv1.QuickJoinRequest{Kind: "arena"}))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			rooms[r.Msg.GetAssignment().GetRoom()]++
		})
	}
	wg.Wait()
	if len(rooms) != (players+3)/4 {
		t.Errorf("%d players came into %d rooms of 4: %v", players, len(rooms), rooms)
	}
	for id, n := range rooms {
		if n > 4 {
			t.Errorf("%d players came into %s", n, id)
		}
	}
}

// rush keeps the first room from being made until all have seen that there is none.
type rush struct {
	all     int64
	n       atomic.Int64
	arrived chan struct{}
}

type rushDirectory struct {
	store.Directory
	*rush
}

func (r rushDirectory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	room, err := r.Directory.Reserve(ctx, w)
	if r.n.Add(1) == r.all {
		close(r.arrived)
	}
	return room, err
}

type rushTickets struct {
	store.Tickets
	*rush
}

func (r rushTickets) Keep(ctx context.Context, m store.Match) error {
	soon, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	select {
	case <-r.arrived:
	case <-soon.Done(): // on a busy machine fewer have come, which is no fault
	}
	return r.Tickets.Keep(ctx, m)
}

// TestNoNode sees what is told when no server takes a room.
func TestNoNode(t *testing.T) {
	t.Parallel()
	h := start(t)
	if err := h.nodes.Leave(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	err := fails(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}, connect.CodeUnavailable, "no server", "arena")
	if err.Meta().Get("Retry-After") != "5" {
		t.Errorf("Retry-After is %q", err.Meta().Get("Retry-After"))
	}
}
