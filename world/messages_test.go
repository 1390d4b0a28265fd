package world_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// memo is a message of a schema.
type memo struct{ text string }

func (n *memo) AppendProto(b []byte) []byte { return append(b, n.text...) }
func (n *memo) UnmarshalProto(b []byte) error {
	if n.text = string(b); n.text == "bad" {
		return errors.New("bad")
	}
	return nil
}
func (n *memo) MessageID() uint32 { return 3 }

// listener is a game that notes what it hears.
type listener struct{ heard []string }

func (*listener) Join(*world.Player, []byte) error { return nil }
func (*listener) Leave(*world.Player)              {}
func (*listener) Tick()                            {}
func (l *listener) Deaf(topic string)              { l.heard = append(l.heard, "deaf "+topic) }
func (l *listener) Hears(topic string, missed bool) {
	l.heard = append(l.heard, fmt.Sprintf("hears %s %t", topic, missed))
}

// listening makes a room that listens.
func listening(t *testing.T) (*world.Room, *listener) {
	t.Helper()
	l := &listener{}
	r, _, err := world.NewRoom(world.Kind{
		Name: "l", Schema: &schema.Schema{Messages: []schema.MessageInfo{{ID: 3, Name: "game.Note"}}},
		New: func(r *world.Room) (world.Game, error) {
			world.OnMessage(r, func(from *world.Posting, m *memo) {
				l.heard = append(l.heard, fmt.Sprintf("%s %d %s", from.Topic, from.Number, m.text))
			})
			r.Listen("news", world.Start)
			return l, nil
		},
	}, world.Setup{ID: "r1", Now: 100})
	if err != nil {
		t.Fatal(err)
	}
	return r, l
}

// TestMessagesComeOnce hands messages over again, late, and by topics that nobody listens to.
func TestMessagesComeOnce(t *testing.T) {
	t.Parallel()
	r, l := listening(t)
	p := &world.Player{Interest: world.NewInterest(r.World), ID: 1, PlayerID: "ann"}
	if err := r.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from   world.Posting
		id     uint32
		text   string
		handed bool
		err    error
	}{
		{world.Posting{Topic: "news", Number: 5}, 3, "a", true, nil},
		{world.Posting{Topic: "news", Number: 5}, 3, "a", false, nil},
		{world.Posting{Topic: "news", Number: 4}, 3, "b", false, nil},
		{world.Posting{Topic: "news", Number: 9, Type: "game.Note"}, 3, "c", true, nil},
		{world.Posting{Topic: "news", Number: 10, Type: "other.Note"}, 3, "d", false, world.ErrUnknownMessage},
		{world.Posting{Topic: "news", Number: 11}, 4, "e", false, world.ErrUnknownMessage},
		{world.Posting{Topic: "news", Number: 12}, 3, "bad", false, world.ErrMalformed},
		{world.Posting{Topic: "news", Number: 12}, 3, "f", false, nil}, // it has been there
		{world.Posting{Topic: "room/r1", Number: 1}, 3, "g", true, nil},
		{world.Posting{Topic: "room/r2", Number: 1}, 3, "h", false, nil},
		{world.Posting{Topic: "player/ann", Number: 7, Player: p}, 3, "i", true, nil},
		{world.Posting{Topic: "player/ann", Number: 7, Player: p}, 3, "i", false, nil},
	} {
		handed, err := r.HandleMessage(&c.from, c.id, []byte(c.text))
		if handed != c.handed || !errors.Is(err, c.err) {
			t.Errorf("%s: handed over %t, %v", c.text, handed, err)
		}
	}
	if want := []string{"news 5 a", "news 9 c", "room/r1 1 g", "player/ann 7 i"}; !slices.Equal(l.heard, want) {
		t.Errorf("heard %q", l.heard)
	}
	l.heard = nil
	for _, topic := range []string{"news", "room/r1", "elsewhere"} {
		r.HandleDeaf(topic)
		r.HandleHears(topic, topic == "news")
	}
	if want := []string{"deaf news", "hears news true", "deaf room/r1", "hears room/r1 false"}; !slices.Equal(l.heard, want) {
		t.Errorf("heard %q", l.heard)
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	r, _ := listening(t)
	names := func() (all []string) {
		topics, _ := r.Topics()
		for _, t := range topics {
			all = append(all, t.Name)
		}
		return all
	}
	before := r.Retuned()
	r.Listen("news", world.Now) // it does already
	r.Unlisten("room/r1")
	r.Unlisten("nothing")
	for _, bad := range []string{"", "a b", "é", strings.Repeat("x", 129), "a\n"} {
		r.Listen(bad, world.Now)
		if world.CheckTopic(bad) == nil {
			t.Errorf("%q is a topic", bad)
		}
	}
	if r.Retuned() != before || r.ID() != "r1" {
		t.Errorf("listens to %q", names())
	}
	r.Listen("a/B.c_d:e-9", world.Now)
	r.Unlisten("news")
	if want := []string{"room/r1", "a/B.c_d:e-9"}; !slices.Equal(names(), want) || r.Retuned() != before+2 {
		t.Errorf("listens to %q", names())
	}
	for i := range 2 * world.MaxTopics {
		r.Listen(fmt.Sprint("t", i), world.Now)
	}
	if n := len(names()); n != 1+world.MaxTopics {
		t.Errorf("listens to %d topics", n)
	}
}

func TestPlayersHaveTopics(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, id := range []string{"ann", "guest:1f", "auth0|ann", "ann@example.com", strings.Repeat("x", 500), "x:", "", "x:" + strings.Repeat("a", 64)} {
		topic := world.PlayerTopic(id)
		if err := world.CheckTopic(topic); err != nil || seen[topic] || !strings.HasPrefix(topic, world.PlayerTopic("")) {
			t.Errorf("%q: %q, %v", id, topic, err)
		}
		seen[topic] = true
	}
	if got := world.PlayerTopic("guest:1f"); got != "player/guest:1f" {
		t.Error(got)
	}
}

func TestPostsAreBounded(t *testing.T) {
	t.Parallel()
	r, _ := listening(t)
	if r.TakePosts() != nil || r.TakeTold() != nil {
		t.Error("posts nothing, yet there is something")
	}
	for range world.MaxPosts + 3 {
		r.Post("news", &memo{"x"})
	}
	if posts := r.TakePosts(); len(posts) != world.MaxPosts || posts[0].Topic != "news" || posts[0].ID != 3 || posts[0].Type != "game.Note" || r.Unposted() != 3 {
		t.Errorf("%d posts, %d lost", len(posts), r.Unposted())
	}
	for _, n := range []*memo{{strings.Repeat("x", world.MaxPost)}, {strings.Repeat("x", world.MaxPost+1)}, {"y"}} {
		r.Tell(n)
	}
	r.Post("bad topic", &memo{"x"})
	if told := r.TakeTold(); len(told) != 2 || r.Unposted() != 5 {
		t.Errorf("%d told, %d lost", len(told), r.Unposted())
	}
	for range 20 {
		r.Post("news", &memo{strings.Repeat("x", world.MaxPost)})
	}
	if posts := r.TakePosts(); len(posts) != 16 {
		t.Errorf("%d long posts", len(posts))
	}
}

func TestAsyncIsBounded(t *testing.T) {
	t.Parallel()
	r, _ := listening(t)
	var ended []string
	done := func(n *memo, err error) {
		switch {
		case errors.Is(err, world.ErrLate):
			ended = append(ended, "late")
		case err != nil:
			ended = append(ended, err.Error())
		default:
			ended = append(ended, n.text)
		}
	}
	begin := func(limit float64) error {
		return world.Async(r, limit, func(context.Context) (*memo, error) { return &memo{"x"}, nil }, done)
	}
	for range 16 {
		if err := begin(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin(1); !errors.Is(err, world.ErrBusy) || r.Running() != 16 {
		t.Errorf("%v, %d", err, r.Running())
	}
	jobs := r.TakeJobs()
	if len(jobs) != 16 || r.TakeJobs() != nil || jobs[0].Limit != 1 {
		t.Errorf("%d jobs", len(jobs))
	}
	data, err := jobs[0].Work(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []world.Outcome{{Job: jobs[0].ID, Data: data}, {Job: jobs[1].ID, Late: true}, {Job: jobs[2].ID, Err: "away"}, {Job: jobs[0].ID}, {Job: 999}} {
		if err := r.HandleOutcome(&o); err != nil {
			t.Error(err)
		}
	}
	if err := r.HandleOutcome(&world.Outcome{Job: jobs[3].ID, Data: []byte("bad")}); !errors.Is(err, world.ErrMalformed) {
		t.Error(err)
	}
	if want := []string{"x", "late", "away"}; !slices.Equal(ended, want) || r.Running() != 12 {
		t.Errorf("ended %q; %d run", ended, r.Running())
	}
	for _, limit := range []float64{0, -1} {
		if begin(limit) == nil {
			t.Errorf("a limit of %g s is taken", limit)
		}
	}
}

func TestNowRises(t *testing.T) {
	t.Parallel()
	r, _ := listening(t)
	if r.Now() != 100 {
		t.Error(r.Now())
	}
	for _, c := range [][2]int64{{200, 200}, {200, 201}, {50, 202}, {1000, 1000}} {
		if r.SetNow(c[0]); r.Now() != c[1] {
			t.Errorf("set to %d it is %d", c[0], r.Now())
		}
	}
}
