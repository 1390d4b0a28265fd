package server_test

import (
	"encoding/binary"
	"errors"
	"strconv"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// A tally is a show for tests: what people shout in its houses is counted in all of them. A house
// says how often there was a shout in it, and the show says how often there was in all of them.
// Counts are absolute, and those of houses are read again from the start by a show that is made anew.

// tallyUp is what a house posts to the show.
type tallyUp struct{ count uint64 }

// tallyDown is what the show posts to its houses.
type tallyDown struct{ epoch, total, houses uint64 }

var errTally = errors.New("not a message of the tally")

func (*tallyUp) MessageID() uint32   { return 1 }
func (*tallyDown) MessageID() uint32 { return 2 }

func (m *tallyUp) AppendProto(b []byte) []byte { return binary.AppendUvarint(b, m.count) }
func (m *tallyDown) AppendProto(b []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(b, m.epoch), m.total), m.houses)
}

func (m *tallyUp) UnmarshalProto(b []byte) error { return uvarints(b, &m.count) }
func (m *tallyDown) UnmarshalProto(b []byte) error {
	return uvarints(b, &m.epoch, &m.total, &m.houses)
}

func uvarints(b []byte, into ...*uint64) error {
	for _, v := range into {
		x, n := binary.Uvarint(b)
		if n <= 0 {
			return errTally
		}
		*v, b = x, b[n:]
	}
	return nil
}

// tallyHouse shows its viewers a row: Health is the count in all houses, LastInput the lower bits of the
// show's epoch, Player what the house hears (1: its show; 2: nothing), X the count of its own, and Y
// how many messages of the show it has not believed.
type tallyHouse struct {
	r     *world.Room
	group *world.Group
	row   *walkersv1.Walker
	count uint64
	epoch uint64 // highest that the show has had
}

const tallyHears, tallyDeaf = 1, 2

// tallyKinds returns the kinds of tallies, whose houses have so many places.
func tallyKinds(places int) []world.Kind {
	house := world.Kind{
		Name: "tally", Doc: "a house", Schema: walkersv1.Schema, MaxPlayers: places, Spectators: true, MaxSpectators: 2, Spread: true,
		Show:    &world.ShowOf{Kind: "tally-show", Option: "show"},
		Options: []world.Option{{Name: "show", Default: "main", Clients: true}},
		New: func(r *world.Room) (world.Game, error) {
			name := r.Text("show")
			table := world.NewTable[walkersv1.Walker](r.World)
			h := &tallyHouse{r: r, group: r.NewGroup("all")}
			h.row = table.Add(r.Spawn(h.group))
			world.OnCommand(r, func(_ *world.Player, m *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
				h.count++
				h.row.X = float32(h.count)
				r.Post("houses/tally/"+name, &tallyUp{h.count})
				return &walkersv1.ShoutReply{Count: uint32(h.count)}, nil
			})
			world.OnMessage(r, func(_ *world.Posting, m *tallyDown) {
				if m.epoch < h.epoch {
					h.row.Y++
					return
				}
				h.epoch, h.row.LastInput, h.row.Health = m.epoch, uint32(m.epoch), uint32(m.total)
			})
			r.Listen("show/tally/"+name, world.Now)
			return h, nil
		},
	}
	show := world.Kind{
		Name: "tally-show", Doc: "a show", Schema: walkersv1.Schema, MaxPlayers: 1, Backstage: true,
		Options: []world.Option{{Name: world.OptionShow, Default: "main"}, {Name: world.OptionEpoch, Default: "0"}},
		New: func(r *world.Room) (world.Game, error) {
			epoch, err := strconv.ParseUint(r.Text(world.OptionEpoch), 10, 64)
			if err != nil {
				return nil, err
			}
			name := r.Text(world.OptionShow)
			s := &tallyShow{r: r, topic: "show/tally/" + name, epoch: epoch, counts: map[string]uint64{}}
			world.OnMessage(r, func(from *world.Posting, m *tallyUp) {
				s.total += m.count - s.counts[from.From]
				s.counts[from.From] = m.count
			})
			r.Listen("houses/tally/"+name, world.Start)
			return s, nil
		},
	}
	return []world.Kind{house, show}
}

func (h *tallyHouse) Join(p *world.Player, _ []byte) error { p.Subscribe(h.group); return nil }
func (*tallyHouse) Leave(*world.Player)                    {}
func (*tallyHouse) Tick()                                  {}

func (h *tallyHouse) Deaf(topic string) {
	if topic == "show/tally/"+h.r.Text("show") {
		h.row.Player = tallyDeaf
	}
}

func (h *tallyHouse) Hears(topic string, _ bool) {
	if topic == "show/tally/"+h.r.Text("show") {
		h.row.Player = tallyHears
	}
}

// tallyShow counts.
type tallyShow struct {
	r            *world.Room
	topic        string
	epoch, total uint64
	counts       map[string]uint64 // by house
}

func (*tallyShow) Join(*world.Player, []byte) error { return errors.New("nobody joins a show") }
func (*tallyShow) Leave(*world.Player)              {}

func (s *tallyShow) Tick() {
	if s.r.Tick()%4 == 0 {
		s.r.Post(s.topic, &tallyDown{s.epoch, s.total, uint64(len(s.counts))})
	}
}
