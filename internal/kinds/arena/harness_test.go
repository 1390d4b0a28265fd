package arena

import (
	"fmt"
	"strings"
	"testing"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// room is a room that a test steps by hand.
type room struct {
	*world.Room
	*game
	t  testing.TB
	sc *world.Scratch
}

// opts are options for newRoom, "name=value name=value".
func newRoom(t testing.TB, seed uint64, opts string) room {
	t.Helper()
	options := map[string]string{}
	for _, o := range strings.Fields(opts) {
		name, value, _ := strings.Cut(o, "=")
		options[name] = value
	}
	r, g, err := world.NewRoom(Kind(), world.Setup{Seed: seed, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return room{r, g.(*game), t, new(world.Scratch)}
}

func (r room) join(id uint32) (*world.Player, *ship) {
	r.t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: id, Name: fmt.Sprint("player ", id)}
	if err := r.game.Join(p, nil); err != nil {
		r.t.Fatal(err)
	}
	return p, p.Data.(*ship)
}

func (r room) input(p *world.Player, in *arenav1.ShipInput) {
	r.t.Helper()
	if err := r.HandleInput(p, world.Input{Seq: p.InputSeq + 1, Data: in.AppendProto(nil)}); err != nil {
		r.t.Fatal(err)
	}
}

func (r room) command(p *world.Player, cmd schema.Command, reply schema.Message) error {
	b, err := r.HandleCommand(p, cmd.CommandID(), cmd.AppendProto(nil), nil)
	if err != nil {
		return err
	}
	return reply.UnmarshalProto(b)
}

func (r room) tick() {
	r.game.Tick()
	r.Commit()
}

// look returns the bytes of a player's next snapshot.
func (r room) look(p *world.Player) []byte {
	return p.AppendSince(nil, r.sc, r.Committed()-1, r.Committed()-1)
}

func (r room) sees(p *world.Player, e world.Entity) bool {
	r.look(p)
	found := false
	p.Each(func(o world.Entity) { found = found || o == e })
	return found
}

// put puts a ship somewhere, at rest, to be hurt.
func (r room) put(s *ship, x, y, heading float64) {
	s.Motion = Motion{X: x, Y: y, Heading: headingOf(heading)}
	s.fromX, s.fromY, s.protected = x, y, 0
	s.vitals.Protected = false
	s.show(false)
}
