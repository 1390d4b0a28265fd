package world_test

import (
	"errors"
	"strings"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

type idle struct{}

func (idle) Join(*world.Player, []byte) error { return nil }
func (idle) Leave(*world.Player)              {}
func (idle) Tick()                            {}

func kind(set func(r *world.Room) error) world.Kind {
	return world.Kind{
		Name: "test", Schema: walkersv1.Schema,
		Options: []world.Option{{Name: "seats", Default: "4"}, {Name: "speed", Default: "1.5"}},
		New: func(r *world.Room) (world.Game, error) {
			if err := set(r); err != nil {
				return nil, err
			}
			return idle{}, nil
		},
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options map[string]string
		make    func(r *world.Room) error
		says    string
	}{
		"defaults": {nil, func(r *world.Room) error {
			n, err := r.Int("seats", 1, 10)
			if n != 4 || err != nil {
				t.Errorf("seats: %d, %v", n, err)
			}
			x, err := r.Float("speed", 0, 10)
			if x != 1.5 || err != nil {
				t.Errorf("speed: %g, %v", x, err)
			}
			if r.TickRate != 20 || r.MaxPlayers != 100 || r.Dt() != 0.05 {
				t.Errorf("rate %g, players %d", r.TickRate, r.MaxPlayers)
			}
			return nil
		}, ""},
		"unknown":      {map[string]string{"sets": "1"}, func(*world.Room) error { return nil }, "seats, speed"},
		"no number":    {map[string]string{"seats": "x"}, func(r *world.Room) error { _, err := r.Int("seats", 1, 10); return err }, `seats="x"`},
		"out of range": {map[string]string{"speed": "NaN"}, func(r *world.Room) error { _, err := r.Float("speed", 1, 10); return err }, "from 1 to 10"},
		"bad rate":     {nil, func(r *world.Room) error { r.TickRate = 500; return nil }, "tick rate of 500"},
		"no players":   {nil, func(r *world.Room) error { r.MaxPlayers = 0 - 1; return nil }, "1 or more"},
	} {
		_, _, err := world.NewRoom(kind(c.make), world.Setup{Seed: 1, Options: c.options})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
}

func TestHandlers(t *testing.T) {
	t.Parallel()
	var steered float32
	refused := errors.New("not now")
	r, _, err := world.NewRoom(kind(func(r *world.Room) error {
		world.OnInput(r, func(_ *world.Player, in *walkersv1.WalkerInput) { steered = in.Direction })
		world.OnCommand(r, func(_ *world.Player, c *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
			if c.Text == "" {
				return nil, refused
			}
			return &walkersv1.ShoutReply{Count: uint32(len(c.Text))}, nil
		})
		return nil
	}), world.Setup{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := &world.Player{}
	if err := r.HandleInput(p, world.Input{Seq: 7, Data: (&walkersv1.WalkerInput{Direction: 2}).AppendProto(nil)}); err != nil || steered != 2 || p.InputSeq != 7 {
		t.Errorf("input: %v, %g", err, steered)
	}
	if err := r.HandleInput(p, world.Input{Seq: 7, Data: []byte{0xff}}); !errors.Is(err, world.ErrMalformed) {
		t.Errorf("a bad input: %v", err)
	}
	b, err := r.HandleCommand(p, 1, (&walkersv1.Shout{Text: "abc"}).AppendProto(nil), nil)
	var reply walkersv1.ShoutReply
	if err != nil || reply.UnmarshalProto(b) != nil || reply.Count != 3 {
		t.Errorf("command: %v, %v", err, reply)
	}
	if _, err := r.HandleCommand(p, 1, nil, nil); !errors.Is(err, refused) {
		t.Errorf("a refused command: %v", err)
	}
	if _, err := r.HandleCommand(p, 1, []byte{0xff}, nil); !errors.Is(err, world.ErrMalformed) {
		t.Errorf("a bad command: %v", err)
	}
	if _, err := r.HandleCommand(p, 2, nil, nil); !errors.Is(err, world.ErrUnknownCommand) {
		t.Errorf("an unknown command: %v", err)
	}
}
