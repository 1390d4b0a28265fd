package world

import (
	"fmt"
	"sort"
	"sync"
)

// Group is an interest group: the unit of who may see what. Every entity is in
// exactly one group; clients subscribe to groups, whole or through a view.
type Group struct {
	w        *World
	id       uint32
	name     string
	closed   bool
	closedAt uint32 // first tick without the group

	members []Entity
	tombs   fifo[rowTomb] // entities that left
	floor   uint32        // newest tick of a forgotten one

	grid   *grid // nil: no spatial views
	events eventLog

	mu   sync.Mutex // the caches below are filled while being read
	memo []groupMemo
	used int // of memo, in memoTick
	tick uint32
}

type groupMemo struct {
	base uint32
	b    []byte
}

// NewGroup makes a group. Names are unique in a world; they appear in reports
// and in saved worlds. It panics if there is one of that name.
func (w *World) NewGroup(name string) *Group {
	if w.byName[name] != nil {
		panic(fmt.Sprintf("world: a group named %q exists", name))
	}
	w.made++
	g := &Group{w: w, id: w.made, name: name, floor: w.committed}
	g.events.floor = w.committed
	w.groups = append(w.groups, g)
	w.byName[name] = g
	return g
}

// Bounds is the part of the plane that a spatial group's grid covers. Entities
// outside are found as well, only not as fast.
type Bounds struct {
	MinX, MinY, MaxX, MaxY float64
}

// NewSpatialGroup makes a group that can be seen through views. cell is the edge
// of the grid's cells; about half of the usual view radius is good.
func (w *World) NewSpatialGroup(name string, b Bounds, cell float64) *Group {
	g := w.NewGroup(name)
	g.grid = newGrid(b, cell)
	return g
}

// Group returns the group with a name, or nil.
func (w *World) Group(name string) *Group { return w.byName[name] }

// Name returns the group's name.
func (g *Group) Name() string { return g.name }

// ID returns the group's number, which reports of a mismatch name.
func (g *Group) ID() uint32 { return g.id }

// Len returns the number of the group's entities.
func (g *Group) Len() int { return len(g.members) }

// Members returns the group's entities, in an order that depends on nothing but the
// world's history. The slice must not be changed and is valid until the group changes.
func (g *Group) Members() []Entity { return g.members }

// Close ends the group and destroys its entities, for subscribers too.
func (g *Group) Close() {
	if g.closed {
		return
	}
	for len(g.members) > 0 {
		g.w.Destroy(g.members[len(g.members)-1])
	}
	g.closed, g.closedAt = true, g.w.Tick()
	delete(g.w.byName, g.name)
	for i, o := range g.w.groups {
		if o == g {
			g.w.groups = append(g.w.groups[:i], g.w.groups[i+1:]...)
			break
		}
	}
}

func (g *Group) add(e Entity) {
	s := &g.w.ents[e]
	s.group = g
	s.member = int32(len(g.members))
	s.joined = g.w.Tick()
	s.cell = -1
	g.members = append(g.members, e)
}

func (g *Group) remove(e Entity) {
	s := &g.w.ents[e]
	last := len(g.members) - 1
	moved := g.members[last]
	g.members[s.member] = moved
	g.w.ents[moved].member = s.member
	g.members = g.members[:last]
	if s.cell >= 0 {
		g.grid.remove(g.w, s)
	}
	// No client has seen the entity yet: there is nothing to remember.
	if s.joined <= g.w.committed {
		g.tombs.push(rowTomb{e, g.w.Tick(), s.joined})
	}
}

// place puts an entity into the grid at its position.
func (g *Group) place(e Entity, s *entityState) {
	if g.grid != nil {
		g.grid.place(g.w, e, s)
	}
}

// prune forgets what is older than the world remembers.
func (g *Group) prune(t uint32) {
	forget(&g.tombs, g.w, t, &g.floor)
	g.events.prune(g.w, t, g.w.cfg.MaxEventBytes)
}

// forget drops the removals that are older than the world remembers, or too
// many, and notes in floor the newest tick of a forgotten one.
func forget(tombs *fifo[rowTomb], w *World, t uint32, floor *uint32) {
	all := tombs.all()
	n := 0
	for n < len(all) && (t-all[n].tick > w.cfg.Horizon || len(all)-n > w.cfg.MaxTombstones) {
		*floor = all[n].tick
		n++
	}
	if n > 0 {
		tombs.drop(n)
	}
}

// after returns the part of tombs with ticks after base.
func after(tombs []rowTomb, base uint32) []rowTomb {
	n := len(tombs)
	if n == 0 || tombs[n-1].tick <= base {
		return nil
	}
	return tombs[sort.Search(n, func(i int) bool { return tombs[i].tick > base }):]
}

// since returns what a client that sees the whole group lacks since base, removed
// entities and tables, encoded. The bytes are shared, and valid until the next commit.
func (g *Group) since(base uint32, sc *Scratch) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tick != g.w.committed {
		g.tick, g.used = g.w.committed, 0
	}
	for i := range g.memo[:g.used] {
		if g.memo[i].base == base {
			return g.memo[i].b
		}
	}
	if g.used == len(g.memo) {
		g.memo = append(g.memo, groupMemo{})
	}
	m := &g.memo[g.used]
	g.used++
	m.base = base
	inner := sc.nested()
	inner.begin(g.w)
	if base > 0 {
		inner.removeAll(g.tombs.all(), base)
	}
	for _, e := range g.members {
		inner.gather(e, base, g.w.ents[e].joined > base)
	}
	if base > 0 {
		inner.gatherRemovedRows(base, func(e Entity) bool { return g.w.GroupOf(e) == g })
	}
	m.b = inner.appendTo(m.b[:0])
	return m.b
}
