package service_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// TestTicketLife takes two players from the queue to their seats, in every protocol.
func TestTicketLife(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			ann, bob := h.as("ann", p), h.as("bob", p)
			a := call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel", Self: &tickroomv1.Member{Name: "Ann"}})
			if a.GetTicket() == "" || a.GetRejoin() != nil || a.GetGuestToken() != "" {
				t.Fatalf("enqueued: %v", a)
			}
			stream, err := ann.Watch(t.Context(), connect.NewRequest(&tickroomv1.WatchRequest{Ticket: a.GetTicket()}))
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			if !stream.Receive() {
				t.Fatal(stream.Err())
			}
			if m := stream.Msg(); m.GetState() != tickroomv1.TicketState_TICKET_STATE_WAITING || m.GetWaiting() != 1 || time.Since(m.GetSince().AsTime()) > time.Minute {
				t.Errorf("at first: %v", m)
			}
			b := call(t, bob.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"})
			if n := h.match("duel"); n != 1 {
				t.Fatalf("%d matches", n)
			}
			if !stream.Receive() {
				t.Fatal(stream.Err())
			}
			m := stream.Msg()
			if m.GetState() != tickroomv1.TicketState_TICKET_STATE_MATCHED {
				t.Fatalf("then: %v", m)
			}
			as := m.GetAssignment()
			sits(t, as, fmt.Sprintf("ann|n1|duel|%d|", as.GetTeam()))
			if as.GetUrl() != "wss://n1/ws" || as.GetKind() != "arena" || as.GetMode() != "duel" || len(as.GetTeams()) != 2 || as.GetQuality() <= 0 || as.GetRejoin() {
				t.Errorf("the assignment: %v", as)
			}
			if s := as.GetTeams()[as.GetTeam()].GetSeats()[0]; s.GetPlayer() != "ann" || s.GetName() != "Ann" {
				t.Errorf("the own seat: %v", s)
			}
			if s := as.GetTeams()[1-as.GetTeam()].GetSeats()[0]; s.GetPlayer() != "bob" || s.GetName() != "BOB" {
				t.Errorf("the other seat: %v", s)
			}
			if stream.Receive() || stream.Err() != nil {
				t.Errorf("after the last state: %v, %v", stream.Msg(), stream.Err())
			}

			// Whoever watches again gets another seat.
			again := watchOnce(t, bob.Watch, b.GetTicket())
			if next := watchOnce(t, bob.Watch, b.GetTicket()); again.GetAssignment().GetSeat() == next.GetAssignment().GetSeat() {
				t.Errorf("twice the same seat, %s", next.GetAssignment().GetSeat())
			}
			c := call(t, bob.Cancel, &tickroomv1.CancelRequest{Ticket: b.GetTicket()})
			if c.GetCancelled() || c.GetState() != tickroomv1.TicketState_TICKET_STATE_MATCHED {
				t.Errorf("cancelled too late: %v", c)
			}
			// The running match comes before a new one.
			r := call(t, bob.Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs"})
			if r.GetTicket() != "" || r.GetRejoin().GetRoom() != as.GetRoom() || !r.GetRejoin().GetRejoin() {
				t.Errorf("enqueued while playing: %v", r)
			}
			sits(t, r.GetRejoin(), fmt.Sprintf("bob|n1|duel|%d|", 1-as.GetTeam()))
		})
	}
}

// TestParty sees that a party waits only when all are ready, and that each member is
// checked.
func TestParty(t *testing.T) {
	t.Parallel()
	h := start(t)
	ann, bob, eve := h.as("ann"), h.as("bob"), h.as("eve")
	id := call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"bob"}, Self: &tickroomv1.Member{Roles: []string{"tank"}}}).GetTicket()
	if m := watchFirst(t, ann.Watch, id); m.GetState() != tickroomv1.TicketState_TICKET_STATE_GATHERING || !slices.Equal(m.GetMissing(), []string{"bob"}) || m.GetSince() != nil {
		t.Errorf("before all are ready: %v", m)
	}
	_ = fails(t, eve.Ready, &tickroomv1.ReadyRequest{Ticket: id}, connect.CodeNotFound)
	_ = fails(t, eve.Cancel, &tickroomv1.CancelRequest{Ticket: id}, connect.CodeNotFound)
	if _, err := watchAll(t, eve.Watch, id); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("a stranger watches: %v", err)
	}
	// What can never be matched is refused, and bob stays as it was.
	_ = fails(t, bob.Ready, &tickroomv1.ReadyRequest{Ticket: id, Self: &tickroomv1.Member{Roles: []string{"tank"}}},
		connect.CodeInvalidArgument, "accept only tank")
	_ = fails(t, bob.Ready, &tickroomv1.ReadyRequest{Ticket: id, Self: &tickroomv1.Member{Roles: []string{"bard"}}},
		connect.CodeInvalidArgument, `"bard"`, "healer, tank")
	// To be named in parties binds bob to none. While he waits elsewhere he can't be ready.
	call(t, eve.Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"bob"}})
	own := call(t, bob.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
	err := fails(t, bob.Ready, &tickroomv1.ReadyRequest{Ticket: id}, connect.CodeAlreadyExists, "waits already")
	if got := detail(t, err); got != own {
		t.Errorf("bob is told of the ticket %q", got)
	}
	call(t, bob.Cancel, &tickroomv1.CancelRequest{Ticket: own})
	if r := call(t, bob.Ready, &tickroomv1.ReadyRequest{Ticket: id, Self: &tickroomv1.Member{Name: "Bob"}}); len(r.GetMissing()) != 0 {
		t.Errorf("missing: %v", r)
	}
	if m := watchFirst(t, bob.Watch, id); m.GetState() != tickroomv1.TicketState_TICKET_STATE_WAITING || m.GetSince() == nil {
		t.Errorf("when all are ready: %v", m)
	}
	st, _ := h.tickets.Ticket(t.Context(), id)
	if m := st.Ticket.Members; m[1].Name != "Bob" || m[1].Mu != 1500 || m[0].Mu != 1500 || m[0].Sigma != 500 || !slices.Equal(m[0].Roles, []string{"tank"}) {
		t.Errorf("the members: %+v", m)
	}
	if c := call(t, bob.Cancel, &tickroomv1.CancelRequest{Ticket: id}); !c.GetCancelled() || c.GetState() != tickroomv1.TicketState_TICKET_STATE_CANCELLED {
		t.Errorf("cancelled by a member: %v", c)
	}
	if c := call(t, ann.Cancel, &tickroomv1.CancelRequest{Ticket: id}); c.GetCancelled() || c.GetState() != tickroomv1.TicketState_TICKET_STATE_CANCELLED {
		t.Errorf("cancelled again: %v", c)
	}
	_ = fails(t, bob.Ready, &tickroomv1.ReadyRequest{Ticket: id}, connect.CodeFailedPrecondition, "cancelled")
}

// TestPartyOfUnequal sees that a member whose rating can't be matched with the
// leader's is told when it gets ready.
func TestPartyOfUnequal(t *testing.T) {
	t.Parallel()
	h := start(t)
	_, _, err := h.ratings.Rate(t.Context(), "squads", "m1", []string{"bob"}, func(r []store.Rated) ([]store.Rated, error) {
		return []store.Rated{{Player: "bob", Mu: 2500, Sigma: 50, Matches: 1}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	id := call(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "squads", Party: []string{"bob"}}).GetTicket()
	_ = fails(t, h.as("bob").Ready, &tickroomv1.ReadyRequest{Ticket: id}, connect.CodeInvalidArgument, "1000 apart", "squads allows 100")
}

// TestReadyWhilePlaying sees that somebody in a match can't get ready for another.
func TestReadyWhilePlaying(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, p := range []string{"bob", "eve"} {
		call(t, h.as(p).Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"})
	}
	if h.match("duel") != 1 {
		t.Fatal("no match")
	}
	id := call(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"bob"}}).GetTicket()
	_ = fails(t, h.as("bob").Ready, &tickroomv1.ReadyRequest{Ticket: id}, connect.CodeFailedPrecondition, "a match that runs")
	// When the match's server has died, nobody can go back.
	if err := h.nodes.Leave(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, err := h.as("bob").Ready(t.Context(), connect.NewRequest(&tickroomv1.ReadyRequest{Ticket: id}))
		if err == nil {
			break
		}
		if connect.CodeOf(err) != connect.CodeFailedPrecondition || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// unfit is a request that must be refused, with what it must be told.
type unfit struct {
	name  string
	req   *tickroomv1.EnqueueRequest
	words []string
}

// refusesAll sees that requests are refused for what is wrong with them, and that none of
// it is kept.
func refusesAll(t *testing.T, requests []unfit) {
	t.Helper()
	h := start(t)
	h.beat("n2", "eu")
	for _, c := range requests {
		t.Run(c.name, func(t *testing.T) {
			_ = fails(t, h.as("ann").Enqueue, c.req, connect.CodeInvalidArgument, c.words...)
		})
	}
	if _, err := h.tickets.Of(t.Context(), "ann"); err == nil {
		t.Error("something of this was added")
	}
}

func textValue(s string) *tickroomv1.Value {
	return &tickroomv1.Value{Value: &tickroomv1.Value_Text{Text: s}}
}

func numberValue(x float64) *tickroomv1.Value {
	return &tickroomv1.Value{Value: &tickroomv1.Value_Number{Number: x}}
}

func setValue(s ...string) *tickroomv1.Value {
	return &tickroomv1.Value{Value: &tickroomv1.Value_Set{Set: &tickroomv1.TextSet{Items: s}}}
}

// TestPlayersAreChecked sees what a player may tell of itself and its party.
func TestPlayersAreChecked(t *testing.T) {
	t.Parallel()
	far := map[string]float64{}
	for i := range 65 {
		far[fmt.Sprintf("r%d", i)] = 1
	}
	type E = tickroomv1.EnqueueRequest
	self := func(m *tickroomv1.Member) *E { return &E{Mode: "duel", Self: m} }
	refusesAll(t, []unfit{
		{"no mode", &E{}, []string{"mode is missing", "brawl, duel, pairs"}},
		{"unknown mode", &E{Mode: "chess"}, []string{`"chess"`, "brawl, duel, pairs"}},
		{"long mode", &E{Mode: strings.Repeat("ä", 500)}, []string{strings.Repeat("ä", 32) + "…"}},
		{"long name", self(&tickroomv1.Member{Name: strings.Repeat("n", 65)}), []string{"65 bytes", "64"}},
		{"name with a bell", self(&tickroomv1.Member{Name: "a\ab"}), []string{"can't be shown"}},
		{"roles in a mode without", self(&tickroomv1.Member{Roles: []string{"tank"}}), []string{"has no roles"}},
		{"unknown role", &E{Mode: "pairs", Self: &tickroomv1.Member{Roles: []string{"bard"}}}, []string{`"bard"`, "healer, tank"}},
		{"a role twice", &E{Mode: "pairs", Self: &tickroomv1.Member{Roles: []string{"tank", "tank"}}}, []string{"tank is there twice"}},
		{"many roles", &E{Mode: "pairs", Self: &tickroomv1.Member{Roles: []string{"a", "b", "c"}}}, []string{"there are 3"}},
		{"negative latency", self(&tickroomv1.Member{LatencyMs: map[string]float64{"eu": -1}}), []string{`"eu" is -1`}},
		{"latency that is no number", self(&tickroomv1.Member{LatencyMs: map[string]float64{"eu": math.NaN()}}), []string{"NaN"}},
		{"endless latency", self(&tickroomv1.Member{LatencyMs: map[string]float64{"eu": math.Inf(1)}}), []string{"+Inf"}},
		{"many regions", self(&tickroomv1.Member{LatencyMs: far}), []string{"65 regions", "64"}},
		{"region without a name", self(&tickroomv1.Member{LatencyMs: map[string]float64{"": 1}}), []string{"region"}},
		{"too far", &E{Mode: "regional", Self: &tickroomv1.Member{LatencyMs: map[string]float64{"eu": 81}}}, []string{"no region is near enough", "80 ms"}},
		{"party too large", &E{Mode: "duel", Party: []string{"bob"}}, []string{"2 players", "at most 1"}},
		{"the caller in its party", &E{Mode: "pairs", Party: []string{"ann"}}, []string{"ann is the caller"}},
		{"a member twice", &E{Mode: "squads", Party: []string{"bob", "bob"}}, []string{"bob is there twice"}},
		{"a member without an id", &E{Mode: "pairs", Party: []string{""}}, []string{"party.0"}},
		{"a member with a space", &E{Mode: "pairs", Party: []string{"a b"}}, []string{"party.0", `"a b"`}},
	})
}

// TestAttributesAreChecked sees what attributes and queries there may be.
func TestAttributesAreChecked(t *testing.T) {
	t.Parallel()
	many := map[string]*tickroomv1.Value{}
	for i := range 33 {
		many[fmt.Sprintf("a%d", i)] = numberValue(1)
	}
	type E = tickroomv1.EnqueueRequest
	attr := func(n string, v *tickroomv1.Value) *E {
		return &E{Mode: "duel", Attributes: map[string]*tickroomv1.Value{n: v}}
	}
	refusesAll(t, []unfit{
		{"many attributes", &E{Mode: "duel", Attributes: many}, []string{"there are 33", "32"}},
		{"an attribute's name", attr("a b", numberValue(1)), []string{`"a b"`}},
		{"an attribute named as a word of queries", attr("and", numberValue(1)), []string{`"and"`}},
		{"an attribute named rating", attr("rating", numberValue(1)), []string{`"rating"`}},
		{"an attribute named my.x", attr("my.x", numberValue(1)), []string{`"my.x"`}},
		{"an attribute without a value", attr("x", &tickroomv1.Value{}), []string{"attributes.x has no value"}},
		{"a number that is none", attr("x", numberValue(math.NaN())), []string{"attributes.x", "NaN"}},
		{"a long text", attr("x", textValue(strings.Repeat("x", 257))), []string{"attributes.x", "257 bytes"}},
		{"a large set", attr("x", setValue(make([]string, 65)...)), []string{"attributes.x", "65 texts"}},
		{"a long text in a set", attr("x", setValue(strings.Repeat("x", 257))), []string{"attributes.x", "257 bytes"}},
		{"a query", &E{Mode: "duel", Query: "level in 10.. and )"}, []string{"query 1:", "expected", "^"}},
		{"a long query", &E{Mode: "duel", Query: strings.Repeat("a or ", 900) + "a"}, []string{"query"}},
	})
}

// TestEnqueueIsRefused sees what else is refused.
func TestEnqueueIsRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.beat("n2", "eu")
	ann := h.as("ann")
	type E = tickroomv1.EnqueueRequest
	_ = fails(t, ann.Enqueue, &E{Mode: "duel", Self: &tickroomv1.Member{LatencyMs: map[string]float64{"mars": 1}}},
		connect.CodeFailedPrecondition, "names mars", "servers in eu")
	_ = fails(t, ann.Enqueue, &E{Mode: "duel", Query: strings.Repeat("x", 20_000)}, connect.CodeResourceExhausted)
	_ = fails(t, h.as("viewer").Enqueue, &E{Mode: "duel"}, connect.CodePermissionDenied)
	if _, err := h.tickets.Of(t.Context(), "ann"); err == nil {
		t.Error("something of this was added")
	}
}

// TestTicketIsKept sees that what was asked for is what waits.
func TestTicketIsKept(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.beat("n2", "eu")
	id := call(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{
		Mode: "duel", Query: `level in 1..20 and tags has "casual"`, NoBackfill: true, Self: &tickroomv1.Member{LatencyMs: map[string]float64{"eu": 20.5, "mars": 3}},
		Attributes: map[string]*tickroomv1.Value{
			"level": numberValue(7), "clan.name": textValue("red"), "mic": {Value: &tickroomv1.Value_Flag{Flag: true}}, "tags": setValue("casual"),
		},
	}).GetTicket()
	st, err := h.tickets.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v|%v|%v|%v", st.Ticket.Attributes, st.Ticket.Query, st.Ticket.NoBackfill, st.Ticket.Members[0].Latency); got != `map[clan.name:red level:7 mic:true tags:[casual]]|level in 1..20 and tags has "casual"|true|map[eu:20.5ms]` {
		t.Errorf("kept is %s", got)
	}
}

// TestCannotBeGuessed sees that tickets differ in what nobody can guess.
func TestCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := start(t)
	seen := map[string]bool{}
	for i := range 20 {
		id := call(t, h.as(fmt.Sprintf("p%d", i)).Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
		if len(id) < 26 || seen[id] {
			t.Errorf("the ticket %q", id)
		}
		seen[id] = true
	}
	_ = fails(t, h.as("ann").Cancel, &tickroomv1.CancelRequest{Ticket: "x y"}, connect.CodeInvalidArgument, `"x y"`)
	_ = fails(t, h.as("ann").Cancel, &tickroomv1.CancelRequest{}, connect.CodeInvalidArgument, "ticket is missing")
	_ = fails(t, h.as("ann").Cancel, &tickroomv1.CancelRequest{Ticket: "x"}, connect.CodeNotFound, "no such ticket")
}
