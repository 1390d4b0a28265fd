package world_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// The tests here compare what clients hold, after any history of changes, with a
// dumb full copy of what they should see: whatever was skipped, delayed, lost
// with a connection, forgotten beyond the horizon, or saved and restored.

// sim is a world with random changes.
type sim struct {
	t   testing.TB
	rnd *rand.Rand
	cfg world.Config

	w       *world.World
	walkers *world.Table[walkersv1.Walker]
	notes   *world.Table[note]
	tags    *world.Table[tag]
	field   *world.Group // spatial
	teams   []*world.Group
	live    []world.Entity
	clients []*client
	pings   uint32
	told    []told
	inc     map[world.Entity]int // counts births and moves of each number
	sc      world.Scratch
}

// told is an event as it was emitted.
type told struct {
	n        uint32
	tick     uint32
	group    string
	reliable bool
	to       *client // it alone; nil: all who see the group
	life     int     // the client's
}

// client is one client with its connection: frames are in flight for a while.
type client struct {
	in      *world.Interest
	down    netcode.Downlink
	rep     *replica.Replica
	flight  [][]byte // frames made and not yet received
	name    string
	whole   map[string]bool        // groups seen whole
	from    map[string]uint32      // group to the tick it was subscribed in
	past    []span                 // subscriptions that have ended
	visible map[world.Entity]int   // through the view, as the dumb copy has it: incarnation
	shadow  map[uint32]expectation // by tick: what the client should then hold
	view    *world.View
	sentTo  uint32 // tick of the last frame made
	resumed bool   // since then
	life    int    // counts its sessions
}

// span is the time in which a client was subscribed to a group.
type span struct {
	group       string
	from, until uint32
}

// drop notes the end of a subscription.
func (c *client) drop(group string, tick uint32) {
	if from, ok := c.from[group]; ok {
		c.past = append(c.past, span{group, from, tick})
		delete(c.from, group)
	}
}

type expectation struct {
	rows   map[string]string
	hash   uint64
	pings  []uint32 // reliable ones, in order
	missed bool     // reliable events were forgotten before the client came back
}

func newSim(t testing.TB, seed uint64) *sim {
	s := &sim{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), cfg: world.Config{Seed: seed, Horizon: 30, MaxTombstones: 40, Quarantine: 1 + uint32(seed%5), TransientTicks: 3, MaxEvents: 1 << 20}, inc: map[world.Entity]int{}}
	if seed%3 == 0 {
		s.cfg.Horizon = 400
	}
	s.build()
	for i := range 6 {
		s.connect(i)
	}
	return s
}

func (s *sim) build() {
	s.w = world.New(s.cfg)
	s.walkers = world.NewTable[walkersv1.Walker](s.w)
	s.notes = world.NewTable[note](s.w)
	s.tags = world.NewTable[tag](s.w)
	s.walkers.Locate(func(r *walkersv1.Walker) (float64, float64) { return float64(r.X), float64(r.Y) })
	s.field = s.w.NewSpatialGroup("field", world.Bounds{MinX: -100, MinY: -100, MaxX: 100, MaxY: 100}, 20)
	s.teams = nil
	for _, n := range []string{"red", "blue", "hand"} {
		s.teams = append(s.teams, s.w.NewGroup(n))
	}
}

func (s *sim) connect(i int) {
	c := &client{in: world.NewInterest(s.w), rep: replica.New(testSchema), name: fmt.Sprint("client", i)}
	c.down = netcode.NewDownlink(c.in, 12)
	c.down.SetHashEvery(1)
	c.whole, c.from = map[string]bool{}, map[string]uint32{}
	c.visible, c.shadow = map[world.Entity]int{}, map[uint32]expectation{}
	s.clients = append(s.clients, c)
}

func (s *sim) group() *world.Group {
	if s.rnd.IntN(2) == 0 {
		return s.field
	}
	return s.teams[s.rnd.IntN(len(s.teams))]
}

func (s *sim) coord() float32 { return float32(s.rnd.NormFloat64() * 60) }

// change does something random.
func (s *sim) change() {
	pick := func() world.Entity { return s.live[s.rnd.IntN(len(s.live))] }
	k := s.rnd.IntN(100)
	if len(s.live) == 0 || k < 12 && len(s.live) < 60 {
		e := s.w.Spawn(s.group())
		s.live = append(s.live, e)
		s.inc[e]++
		s.walkers.Set(e, walkersv1.Walker{X: s.coord(), Y: s.coord(), Health: 100})
		return
	}
	e := pick()
	switch {
	case k < 20:
		s.w.Destroy(e)
		s.live = slices.DeleteFunc(s.live, func(x world.Entity) bool { return x == e })
	case k < 28:
		if g := s.group(); g != s.w.GroupOf(e) {
			s.w.Move(e, g)
			s.inc[e]++
		}
	case k < 60:
		if w := s.walkers.Get(e); w != nil {
			w.X += float32(s.rnd.NormFloat64() * 8)
			w.Y += float32(s.rnd.NormFloat64() * 8)
			w.Heading += float32(s.rnd.NormFloat64() * 3)
		}
	case k < 66:
		if w := s.walkers.Get(e); w != nil {
			w.Health, w.LastInput = s.rnd.Uint32N(3), s.rnd.Uint32()
		}
	case k < 70:
		s.walkers.Remove(e)
	case k < 73:
		s.walkers.Set(e, walkersv1.Walker{X: s.coord(), Y: s.coord()})
	case k < 78:
		s.notes.Set(e, note{Text: string(make([]byte, s.rnd.IntN(5))), Big: s.rnd.Int64() - math.MaxInt64/2, Far: s.rnd.Uint32N(3)})
	case k < 86:
		if n := s.notes.Get(e); n != nil {
			switch s.rnd.IntN(5) {
			case 0:
				n.Items = append(n.Items, s.rnd.Int32()-math.MaxInt32/2)
			case 1:
				if len(n.Items) > 0 {
					n.Items[0]++ // in place
				}
			case 2:
				n.Text, n.Raw = fmt.Sprint("n", s.rnd.IntN(9)), s.rnd.Float32()
			case 3:
				n.Big, n.Flag = -n.Big, !n.Flag
			case 4:
				n.Far, n.Items = s.rnd.Uint32(), nil
			}
		}
	case k < 89:
		s.notes.Remove(e)
	case k < 92:
		s.tags.Add(e)
	case k < 94:
		s.tags.Remove(e)
	case k < 97:
		s.pings++
		p := &ping{n: s.pings, reliable: s.rnd.IntN(2) == 0}
		if len(s.clients) > 0 && s.rnd.IntN(3) == 0 {
			c := s.clients[s.rnd.IntN(len(s.clients))]
			(&world.Player{Interest: c.in}).Emit(p)
			s.told = append(s.told, told{n: s.pings, tick: s.w.Tick(), reliable: p.reliable, to: c, life: c.life})
			return
		}
		g := s.group()
		g.Emit(p)
		s.told = append(s.told, told{n: s.pings, tick: s.w.Tick(), group: g.Name(), reliable: p.reliable})
	case len(s.clients) > 0:
		s.subscribe(s.clients[s.rnd.IntN(len(s.clients))])
	}
}

// subscribe changes what a client sees.
func (s *sim) subscribe(c *client) {
	g := s.group()
	unwatch := func() {
		if g == s.field {
			c.view, c.visible = nil, map[world.Entity]int{}
		}
	}
	switch s.rnd.IntN(4) {
	case 0:
		c.in.Unsubscribe(g)
		delete(c.whole, g.Name())
		c.drop(g.Name(), s.w.Tick())
		unwatch()
	case 1:
		if c.view == nil {
			c.drop("field", s.w.Tick())
			c.from["field"] = s.w.Tick()
		}
		delete(c.whole, "field")
		c.view = c.in.Watch(s.field, 20+s.rnd.Float64()*50)
		c.view.LookAt(float64(s.coord()), float64(s.coord()))
	default:
		c.in.Subscribe(g)
		unwatch()
		if !c.whole[g.Name()] {
			c.whole[g.Name()] = true
			c.drop(g.Name(), s.w.Tick())
			c.from[g.Name()] = s.w.Tick()
		}
	}
	if c.view != nil && s.rnd.IntN(3) == 0 && len(s.live) > 0 {
		c.view.Follow(s.live[s.rnd.IntN(len(s.live))])
	}
}

// expect returns, without any cleverness, what a client should hold now. For a view
// it keeps a set of its own, by a linear scan with the two radii.
func (s *sim) expect(c *client) expectation {
	x := expectation{rows: map[string]string{}}
	if c.view != nil {
		cx, cy := c.view.Middle() // its update has moved it where it follows
		for e, inc := range c.visible {
			if s.w.GroupOf(e) != s.field || s.inc[e] != inc {
				delete(c.visible, e)
			}
		}
		for _, e := range s.field.Members() {
			x, y, ok := s.w.Position(e)
			d := math.Hypot(x-cx, y-cy)
			switch {
			case !ok || d > c.view.Radius()*(1+world.Hysteresis):
				delete(c.visible, e)
			case d <= c.view.Radius():
				c.visible[e] = s.inc[e]
			}
		}
	}
	for _, e := range s.live {
		g := s.w.GroupOf(e)
		if !c.whole[g.Name()] && !(g == s.field && c.view != nil && c.visible[e] != 0) {
			continue
		}
		add := func(comp *schema.Component, cells schema.Cells) {
			x.rows[fmt.Sprint(comp.Name, e)] = show(cells)
			x.hash = schema.AddHash(x.hash, comp.RowHash(uint32(e), cells))
		}
		if r := s.walkers.Get(e); r != nil {
			cells := r.ComponentInfo().NewCells()
			r.StoreCells(cells)
			add(r.ComponentInfo(), cells)
		}
		if r := s.notes.Get(e); r != nil {
			cells := noteComponent.NewCells()
			r.StoreCells(cells)
			add(noteComponent, cells)
		}
		if s.tags.Get(e) != nil {
			add(tagComponent, tagComponent.NewCells())
		}
	}
	return x
}

func show(c schema.Cells) string {
	var b bytes.Buffer
	fmt.Fprint(&b, c.Nums)
	for _, x := range c.Blobs {
		fmt.Fprintf(&b, " %x", x)
	}
	return b.String()
}

// send makes a client's next frame and notes what the client should hold then.
func (s *sim) send(c *client) {
	now := s.w.Committed()
	frame, err := c.down.AppendSnapshot(nil, &s.sc, now, 0)
	if errors.Is(err, netcode.ErrOverrun) {
		s.reconnect(c, true)
		return
	}
	if err != nil {
		s.t.Fatal(err)
	}
	x := s.expect(c)
	x.missed, c.resumed = c.resumed && c.down.EventsMissed(), false
	for _, e := range s.told {
		if e.reliable && e.tick > c.sentTo && c.hears(&e) {
			x.pings = append(x.pings, e.n)
		}
	}
	c.sentTo = now
	c.shadow[now] = x
	c.flight = append(c.flight, frame)
}

// hears reports whether an event is for the client.
func (c *client) hears(e *told) bool {
	if e.to != nil {
		return e.to == c && e.life == c.life
	}
	return c.saw(e.group, e.tick)
}

// saw reports whether the client was subscribed to a group in a tick.
func (c *client) saw(group string, tick uint32) bool {
	if from, ok := c.from[group]; ok && tick >= from {
		return true
	}
	return slices.ContainsFunc(c.past, func(p span) bool { return p.group == group && p.from <= tick && tick < p.until })
}

// receive lets a client have its oldest frame in flight.
func (s *sim) receive(c *client) {
	frame := c.flight[0]
	c.flight = c.flight[1:]
	if err := c.rep.Apply(frame); err != nil {
		s.t.Fatalf("%s: %v\nframe %x", c.name, err, frame)
	}
	tick := c.rep.Tick()
	x, ok := c.shadow[tick]
	if !ok {
		s.t.Fatalf("%s: at tick %d, for which nothing was sent", c.name, tick)
	}
	got := map[string]string{}
	for _, comp := range testSchema.Components {
		for e, cells := range c.rep.Table(comp.ID).All() {
			got[fmt.Sprint(comp.Name, e)] = show(cells)
		}
	}
	for k, v := range x.rows {
		if got[k] != v {
			s.t.Fatalf("%s, tick %d: %s is %q, should be %q\nframe %x", c.name, tick, k, got[k], v, frame)
		}
	}
	for k := range got {
		if _, ok := x.rows[k]; !ok {
			s.t.Fatalf("%s, tick %d: holds %s, which it should not see\nframe %x", c.name, tick, k, frame)
		}
	}
	f := c.rep.Frame()
	if !f.HasHash || f.Hash != x.hash || c.rep.Hash() != x.hash {
		s.t.Fatalf("%s, tick %d: hash sent %x, held %x, should be %x", c.name, tick, f.Hash, c.rep.Hash(), x.hash)
	}
	var pings []uint32
	for _, ev := range f.Events {
		var p ping
		if err := p.UnmarshalProto(ev.Data); err != nil {
			s.t.Fatal(err)
		}
		if ev.ID == 2 {
			pings = append(pings, p.n)
		}
	}
	if x.missed {
		// Some were forgotten, and the client is told so: it gets the rest.
		x.pings = slices.DeleteFunc(x.pings, func(n uint32) bool { return !slices.Contains(pings, n) })
	}
	if !slices.Equal(pings, x.pings) {
		s.t.Fatalf("%s, tick %d: reliable events %v, should be %v", c.name, tick, pings, x.pings)
	}
	for t := range c.shadow {
		if t < tick {
			delete(c.shadow, t)
		}
	}
}

// reconnect loses what is in flight; the client resumes at its last tick.
func (s *sim) reconnect(c *client, lost bool) {
	c.flight = nil
	if lost {
		// The server gave the session up: a new one.
		*c = client{in: world.NewInterest(s.w), rep: replica.New(testSchema), name: c.name, life: c.life + 1,
			whole: map[string]bool{}, from: map[string]uint32{}, visible: map[world.Entity]int{}, shadow: map[uint32]expectation{}}
		c.down = netcode.NewDownlink(c.in, 12)
		c.down.SetHashEvery(1)
		return
	}
	c.down.Resume(c.rep.Tick())
	c.resumed = true
	c.sentTo = c.rep.Tick()
}

func (s *sim) run(ticks int) {
	for range ticks {
		for range s.rnd.IntN(12) {
			s.change()
		}
		s.w.Commit()
		now := s.w.Committed()
		for _, c := range s.clients {
			lazy := s.rnd.IntN(20) == 0
			switch {
			case c.name == "client0": // never misses one
				s.send(c)
			case c.name == "client1" && now%64 < 50: // stalls beyond the horizon
			case c.down.Due(now-1, now) && !c.down.WindowFull() && !lazy:
				s.send(c)
			default:
				c.down.Missed()
			}
			for len(c.flight) > 0 && (c.name == "client0" || s.rnd.IntN(3) != 0) {
				s.receive(c)
			}
			if s.rnd.IntN(4) != 0 {
				if err := c.down.Ack(c.rep.Tick()); err != nil {
					s.t.Fatal(err)
				}
			}
			if c.name != "client0" && s.rnd.IntN(60) == 0 {
				s.reconnect(c, false)
			}
		}
	}
}

func TestClientsHoldWhatTheyShould(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newSim(t, seed).run(400)
		})
	}
}

func FuzzClientsHoldWhatTheyShould(f *testing.F) {
	f.Add(uint64(1), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, ticks uint16) {
		newSim(t, seed).run(int(ticks % 600))
	})
}
