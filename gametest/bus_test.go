package gametest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// note is a message of a schema.
type note struct{ text string }

func (n *note) AppendProto(b []byte) []byte   { return append(b, n.text...) }
func (n *note) UnmarshalProto(b []byte) error { n.text = string(b); return nil }
func (n *note) MessageID() uint32             { return 1 }

// club is a game that notes what it hears, and posts what it is told to.
type club struct {
	r     *world.Room
	heard []string
	post  func()
}

func (*club) Join(*world.Player, []byte) error { return nil }
func (*club) Leave(*world.Player)              {}
func (c *club) Deaf(topic string)              { c.heard = append(c.heard, "deaf "+topic) }
func (c *club) Hears(topic string, missed bool) {
	if missed {
		topic += " missed"
	}
	c.heard = append(c.heard, "hears "+topic)
}

func (c *club) Tick() {
	if c.post != nil {
		c.post()
		c.post = nil
	}
}

func newClub(t *testing.T, id string, since world.Since) (*gametest.Room, *club) {
	t.Helper()
	c := &club{}
	r := gametest.NewNamed(t, id, world.Kind{Name: "club", Schema: &schema.Schema{}, New: func(r *world.Room) (world.Game, error) {
		c.r = r
		world.OnMessage(r, func(from *world.Posting, m *note) {
			to := ""
			if from.Player != nil {
				to = " to " + from.Player.Name
			}
			c.heard = append(c.heard, from.Topic+": "+m.text+to)
		})
		r.Listen("news", since)
		return c, nil
	}}, nil)
	return r, c
}

func (c *club) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(c.heard, want) {
		t.Errorf("heard %q, want %q", c.heard, want)
	}
	c.heard = nil
}

func TestRoomsHearEachOther(t *testing.T) {
	t.Parallel()
	a, ca := newClub(t, "a", world.Now)
	b, cb := newClub(t, "b", world.Start)
	gametest.Link(a, b)
	ann := a.Join("Ann")
	ca.post = func() {
		ca.r.Post("news", &note{"1"})
		ca.r.Post(world.RoomTopic("b"), &note{"2"})
		ca.r.Post("news", &note{"3"})
		ca.r.Post("nobody", &note{"4"})
		ca.r.Post("bad topic", &note{"5"})
		ca.r.Tell(&note{"6"})
	}
	a.Tick(1)
	ca.want(t, "hears room/a", "hears news")
	a.Post(world.PlayerTopic(ann.PlayerID), &note{"hi"})
	a.Tick(1)
	ca.want(t, "news: 1", "news: 3", "player/player-1: hi to Ann")
	b.Tick(1)
	cb.want(t, "hears room/b", "hears news", "room/b: 2", "news: 1", "news: 3")

	b.Deafen("news")
	b.Post("news", &note{"7"})
	b.Tick(1)
	b.Undeafen("news", false)
	b.Tick(1)
	cb.want(t, "deaf news", "hears news", "news: 7")
	if got := gametest.Posted[note](a, "news"); len(got) != 2 || got[1].text != "3" {
		t.Error(got)
	}
	if got := gametest.Told[note](a); len(got) != 1 || got[0].text != "6" {
		t.Error(got)
	}
}

func TestAsync(t *testing.T) {
	t.Parallel()
	r, c := newClub(t, "a", world.Now)
	c.post = func() {
		done := func(n *note, err error) {
			if err != nil {
				n = &note{err.Error()}
			}
			c.heard = append(c.heard, n.text)
		}
		for _, f := range []func(context.Context) (*note, error){
			func(context.Context) (*note, error) { return &note{"found"}, nil },
			func(context.Context) (*note, error) { return nil, errors.New("away") },
		} {
			if err := world.Async(c.r, 1, f, done); err != nil {
				t.Error(err)
			}
		}
		for range 14 {
			_ = world.Async(c.r, 1, func(context.Context) (*note, error) { return nil, nil }, done)
		}
		if err := world.Async(c.r, 1, func(context.Context) (*note, error) { return nil, nil }, done); !errors.Is(err, world.ErrBusy) {
			t.Error(err)
		}
	}
	r.Tick(1)
	c.heard = nil
	r.Tick(1)
	c.want(t, append([]string{"found", "away"}, make([]string, 14)...)...)
	if r.Running() != 0 {
		t.Error(r.Running())
	}
}
