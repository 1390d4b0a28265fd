package world

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/tickroom/tickroom/proto/schema"
)

// Entity is the number of an entity in its world, from 1; 0 is no entity. A number is
// used again some time after its entity is gone (Config.Quarantine), the lowest first.
type Entity uint32

// Config bounds what a World remembers. Zero values mean the defaults.
type Config struct {
	// Seed seeds the random numbers.
	Seed uint64
	// Horizon is for how many ticks removals are remembered, and so how old a base
	// may be before a client needs the full state. Default 1,200.
	Horizon uint32
	// MaxTombstones bounds the removals remembered per group, whatever the
	// horizon. Default 65,536.
	MaxTombstones int
	// TransientTicks is how many ticks a transient event waits for a client that
	// is not sent every tick. Default 10.
	TransientTicks uint32
	// MaxEvents bounds the reliable events remembered per group. Default 4,096.
	MaxEvents int
	// MaxEventBytes bounds the bytes of those, and a quarter of it the bytes of the reliable
	// events remembered of one player alone; but for the newest, of the last TransientTicks.
	// Default 256 KiB.
	MaxEventBytes int
	// Quarantine is for how many ticks the number of an entity that is gone is left
	// unused. Default 40.
	Quarantine uint32
}

func (c Config) withDefaults() Config {
	if c.Horizon == 0 {
		c.Horizon = 1200
	}
	if c.MaxTombstones == 0 {
		c.MaxTombstones = 1 << 16
	}
	if c.TransientTicks == 0 {
		c.TransientTicks = 10
	}
	if c.MaxEvents == 0 {
		c.MaxEvents = 4096
	}
	if c.MaxEventBytes == 0 {
		c.MaxEventBytes = 256 << 10
	}
	if c.Quarantine == 0 {
		c.Quarantine = 40
	}
	return c
}

// MaxTables is the most component tables that a World can have.
const MaxTables = schema.MaxComponents

// entityState is what the world knows of one entity number.
type entityState struct {
	group  *Group // nil: not alive
	member int32  // index in group.members
	joined uint32 // tick in which it came into its group

	x, y   float64
	placed bool
	cell   int32 // in the group's grid, -1 none
	inCell int32 // index in the cell
}

// entityRows holds which rows an entity has. It is apart from entityState since
// every snapshot reads it for every entity that it covers.
type entityRows struct {
	has       uint64 // bit per table: has a row
	changed   uint64 // bit per table: row changed in tick changedAt
	changedAt uint32 // the committed tick that changed is about
	addedAt   uint32 // tick in which the entity was last given a row
}

// World is the state of one room.
type World struct {
	cfg       Config
	committed uint32 // newest committed tick

	ents  []entityState // by entity; 0 unused
	rows  []entityRows  // by entity
	alive int
	free  idHeap        // numbers ready for use
	quar  fifo[quarant] // numbers not to be used yet

	tables  []table
	cores   []*core // of the tables
	groups  []*Group
	made    uint32 // groups so far; the number of the last one
	byName  map[string]*Group
	emitted uint64 // events so far
	told    uint64 // bytes of events so far that were for groups

	trails []*trail // of the tables that have a History
	rate   float64  // ticks per second

	personal []*eventLog // of single clients, those that have events

	pcg *rand.PCG
	rnd *rand.Rand

	hashMu sync.Mutex
	hashed uint32 // tick that the row hashes are of
}

type quarant struct {
	id    Entity
	until uint32
}

// New makes an empty world, about to simulate tick 1.
func New(cfg Config) *World {
	w := &World{cfg: cfg.withDefaults(), rate: 20, ents: make([]entityState, 1), rows: make([]entityRows, 1), byName: map[string]*Group{}}
	w.pcg = rand.NewPCG(cfg.Seed, 0x9e3779b97f4a7c15)
	w.rnd = rand.New(w.pcg)
	return w
}

// Tick returns the number of the tick that is being simulated. The first is 1.
func (w *World) Tick() uint32 { return w.committed + 1 }

// Committed returns the newest tick that has been committed, 0 before the first.
func (w *World) Committed() uint32 { return w.committed }

// Rand returns the world's random numbers. Their state is saved with the world, so
// that a restored world goes on as the saved one would have.
func (w *World) Rand() *rand.Rand { return w.rnd }

// Alive reports whether e exists.
func (w *World) Alive(e Entity) bool {
	return int(e) < len(w.ents) && w.ents[e].group != nil
}

// Entities returns the number of entities that exist.
func (w *World) Entities() int { return w.alive }

// Spawn makes an entity in a group.
func (w *World) Spawn(g *Group) Entity {
	if g.w != w || g.closed {
		panic(fmt.Sprintf("world: Spawn in group %q, which is closed or of another world", g.name))
	}
	e := w.newID()
	w.alive++
	s := &w.ents[e]
	*s = entityState{cell: -1}
	g.add(e)
	return e
}

func (w *World) newID() Entity {
	now := w.Tick()
	for q := w.quar.all(); len(q) > 0 && q[0].until <= now; q = q[1:] {
		w.free.push(q[0].id)
		w.quar.drop(1)
	}
	if len(w.free) > 0 {
		return w.free.pop()
	}
	w.ents = append(w.ents, entityState{})
	w.rows = append(w.rows, entityRows{})
	return Entity(len(w.ents) - 1)
}

// Destroy ends an entity and its rows. Destroying one that does not exist has no
// effect.
func (w *World) Destroy(e Entity) {
	if !w.Alive(e) {
		return
	}
	s := &w.ents[e]
	s.group.remove(e)
	for i, c := range w.cores {
		if w.rows[e].has&(1<<i) != 0 {
			c.drop(e)
		}
	}
	*s = entityState{cell: -1}
	w.rows[e] = entityRows{}
	w.alive--
	w.quar.push(quarant{e, w.Tick() + w.cfg.Quarantine})
}

// Move puts an entity into another group. For clients that see only the old group it
// is gone; those that see only the new one are sent all of it.
func (w *World) Move(e Entity, to *Group) {
	s := w.state(e)
	if to.w != w || to.closed {
		panic(fmt.Sprintf("world: Move into group %q, which is closed or of another world", to.name))
	}
	if s.group == to {
		return
	}
	s.group.remove(e)
	to.add(e)
	if s.placed {
		to.place(e, s)
	}
}

// GroupOf returns the group that an entity is in, or nil if it does not exist.
func (w *World) GroupOf(e Entity) *Group {
	if !w.Alive(e) {
		return nil
	}
	return w.ents[e].group
}

// Place sets where an entity is, for spatial views. It is for entities whose place
// is in no table, or follows from the time, such as a bullet that flies straight;
// others are placed by Table.Locate.
func (w *World) Place(e Entity, x, y float64) {
	s := w.state(e)
	s.x, s.y = x, y
	s.placed = true
	s.group.place(e, s)
}

// Position returns where an entity is; ok is false if it was never placed.
func (w *World) Position(e Entity) (x, y float64, ok bool) {
	if !w.Alive(e) {
		return 0, 0, false
	}
	s := &w.ents[e]
	return s.x, s.y, s.placed
}

func (w *World) state(e Entity) *entityState {
	if !w.Alive(e) {
		panic(fmt.Sprintf("world: entity %d does not exist", e))
	}
	return &w.ents[e]
}

// Commit ends the tick: it compares all rows with what they were, stamps what
// changed, and encodes each change once. It returns the tick's number.
func (w *World) Commit() uint32 {
	t := w.committed + 1
	for _, tb := range w.tables {
		tb.commit(t)
	}
	w.committed = t
	for _, p := range w.trails {
		p.record(t)
	}
	for _, g := range w.groups {
		g.prune(t)
	}
	if len(w.personal) > 0 {
		w.prunePersonal(t)
	}
	return t
}

// oldest returns the oldest base since which all removals are remembered.
func (w *World) oldest() uint32 {
	if w.committed <= w.cfg.Horizon {
		return 0
	}
	return w.committed - w.cfg.Horizon
}

// fifo is a list, oldest first, that is added to at one end and dropped from at
// the other. What is left is moved down only when more than half has been
// dropped, so that both cost a constant.
type fifo[T any] struct {
	items []T
	first int
}

func (f *fifo[T]) all() []T { return f.items[f.first:] }

func (f *fifo[T]) push(v T) { f.items = append(f.items, v) }

func (f *fifo[T]) drop(n int) {
	f.first += n
	if f.first > len(f.items)/2 {
		f.items = append(f.items[:0], f.items[f.first:]...)
		f.first = 0
	}
}

// idHeap is a min-heap of entity numbers, so that low numbers, which take fewer
// bytes, are used first.
type idHeap []Entity

func (h *idHeap) push(e Entity) {
	a := append(*h, e)
	i := len(a) - 1
	for i > 0 {
		p := (i - 1) / 2
		if a[p] <= a[i] {
			break
		}
		a[p], a[i] = a[i], a[p]
		i = p
	}
	*h = a
}

func (h *idHeap) pop() Entity {
	a := *h
	top := a[0]
	n := len(a) - 1
	a[0] = a[n]
	a = a[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && a[c+1] < a[c] {
			c++
		}
		if a[i] <= a[c] {
			break
		}
		a[i], a[c] = a[c], a[i]
		i = c
	}
	*h = a
	return top
}
