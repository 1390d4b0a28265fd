package world

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// saveVersion is the version of the format of saved worlds.
const saveVersion = 1

// ErrSaved is wrapped by the errors of Restore.
var ErrSaved = errors.New("world: this is not a saved world that fits")

// Save returns the whole state of the world, between a Commit and the first change
// after it: entities, rows, groups, what is remembered of the past, events,
// random numbers. Views and subscriptions belong to clients and are not in it.
func (w *World) Save() ([]byte, error) {
	random, err := w.pcg.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("world: save: %w", err)
	}
	s := &tickroomv1.WorldState{Version: saveVersion, Tick: w.committed, Random: random, Emitted: w.emitted, GroupsMade: w.made, Highest: uint32(len(w.ents) - 1)}
	for _, e := range w.free {
		s.Free = append(s.Free, uint32(e))
	}
	for _, q := range w.quar.all() {
		s.Quarantined = append(s.Quarantined, &tickroomv1.Quarantined{Entity: uint32(q.id), Until: q.until})
	}
	for _, g := range w.groups {
		s.Groups = append(s.Groups, g.save())
	}
	for _, t := range w.tables {
		s.Tables = append(s.Tables, saveTable(t))
	}
	for _, p := range w.trails {
		s.Histories = append(s.Histories, p.save())
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(s)
}

func saveTombs(tombs []rowTomb) []*tickroomv1.Tombstone {
	var out []*tickroomv1.Tombstone
	for _, t := range tombs {
		out = append(out, &tickroomv1.Tombstone{Entity: uint32(t.e), Tick: t.tick, Since: t.since})
	}
	return out
}

func (g *Group) save() *tickroomv1.GroupState {
	s := &tickroomv1.GroupState{Id: g.id, Name: g.name, Floor: g.floor, Tombstones: saveTombs(g.tombs.all()), EventsFloor: g.events.floor}
	if g.grid != nil {
		b := g.grid.b
		s.Grid = []float64{b.MinX, b.MinY, b.MaxX, b.MaxY, 1 / g.grid.perCell}
	}
	for _, e := range g.members {
		x := &g.w.ents[e]
		s.Entities = append(s.Entities, &tickroomv1.EntityState{Entity: uint32(e), Joined: x.joined, Placed: x.placed, X: x.x, Y: x.y})
	}
	for i := range g.events.events {
		e := &g.events.events[i]
		s.Events = append(s.Events, &tickroomv1.EventState{Seq: e.seq, Tick: e.tick, Reliable: e.reliable, Placed: e.placed, X: e.x, Y: e.y, Data: e.b})
	}
	return s
}

func saveTable(t table) *tickroomv1.TableState {
	c := t.base()
	s := &tickroomv1.TableState{Component: c.comp.ID, Name: c.comp.Name, Slots: uint32(len(c.ent)), Tombstones: saveTombs(c.tombs.all()), Floor: c.tombsFloor}
	for _, slot := range c.free {
		s.Free = append(s.Free, uint32(slot))
	}
	nf := len(c.comp.Fields)
	for slot, e := range c.ent {
		if e == 0 {
			continue
		}
		s.Rows = append(s.Rows, &tickroomv1.RowState{
			Slot: uint32(slot), Entity: uint32(e), Born: c.born[slot],
			Stamps: c.stamps[slot*nf : (slot+1)*nf],
			Row:    t.save(int32(slot), nil),
		})
	}
	return s
}

// Bounds of what Restore takes, so that a damaged file can't take all memory.
const (
	maxRestoredEntities = 1 << 24
	maxRestoredSlots    = 1 << 24
)

// Restore puts an empty world into the state that Save returned. The world must have the
// same tables; groups that it does not have are made, and those that it has must
// have no entities. The error wraps ErrSaved if the state does not fit, and the
// world is then of no further use.
func (w *World) Restore(saved []byte) error {
	s := &tickroomv1.WorldState{}
	if err := proto.Unmarshal(saved, s); err != nil {
		return fmt.Errorf("%w: %w", ErrSaved, err)
	}
	if v := s.GetVersion(); v != saveVersion {
		return fmt.Errorf("%w: its format is version %d, this program reads %d", ErrSaved, v, saveVersion)
	}
	if w.alive > 0 {
		return fmt.Errorf("%w: the world has %d entities already", ErrSaved, w.alive)
	}
	if s.GetHighest() > maxRestoredEntities {
		return fmt.Errorf("%w: entity numbers up to %d", ErrSaved, s.GetHighest())
	}
	if err := w.pcg.UnmarshalBinary(s.GetRandom()); err != nil {
		return fmt.Errorf("%w: random numbers: %w", ErrSaved, err)
	}
	w.committed, w.emitted, w.hashed = s.GetTick(), s.GetEmitted(), 0
	w.ents = make([]entityState, s.GetHighest()+1)
	w.rows = make([]entityRows, s.GetHighest()+1)
	for _, t := range w.tables {
		t.wipe()
	}
	if err := w.restoreGroups(s.GetGroups(), s.GetGroupsMade()); err != nil {
		return err
	}
	if err := w.restoreNumbers(s); err != nil {
		return err
	}
	if len(s.GetTables()) != len(w.tables) {
		return fmt.Errorf("%w: it has %d tables, the world %d", ErrSaved, len(s.GetTables()), len(w.tables))
	}
	for i, ts := range s.GetTables() {
		if err := restoreTable(w.tables[i], ts); err != nil {
			return err
		}
	}
	if len(s.GetHistories()) != len(w.trails) {
		return fmt.Errorf("%w: it has %d histories, the world %d", ErrSaved, len(s.GetHistories()), len(w.trails))
	}
	for i, hs := range s.GetHistories() {
		if err := w.trails[i].restore(hs); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) restoreNumbers(s *tickroomv1.WorldState) error {
	seen := make([]bool, len(w.ents))
	take := func(e uint32) error {
		if e == 0 || int(e) >= len(w.ents) || seen[e] || w.ents[e].group != nil {
			return fmt.Errorf("%w: entity number %d is free and in use", ErrSaved, e)
		}
		seen[e] = true
		return nil
	}
	w.free, w.quar = nil, fifo[quarant]{}
	for _, e := range s.GetFree() {
		if err := take(e); err != nil {
			return err
		}
		w.free.push(Entity(e))
	}
	for _, q := range s.GetQuarantined() {
		if err := take(q.GetEntity()); err != nil {
			return err
		}
		w.quar.push(quarant{Entity(q.GetEntity()), q.GetUntil()})
	}
	return nil
}

func restoreTombs(in []*tickroomv1.Tombstone) (out fifo[rowTomb]) {
	for _, t := range in {
		out.push(rowTomb{Entity(t.GetEntity()), t.GetTick(), t.GetSince()})
	}
	return out
}

func (w *World) restoreGroups(groups []*tickroomv1.GroupState, made uint32) error {
	last := uint32(0)
	order := make([]*Group, 0, len(groups))
	for _, gs := range groups {
		if gs.GetId() <= last {
			return fmt.Errorf("%w: group numbers do not rise", ErrSaved)
		}
		last = gs.GetId()
		g := w.byName[gs.GetName()]
		if g == nil {
			if n := len(gs.GetGrid()); n != 0 && n != 5 {
				return fmt.Errorf("%w: group %q: a grid of %d numbers", ErrSaved, gs.GetName(), n)
			}
			g = &Group{w: w, name: gs.GetName()}
			if p := gs.GetGrid(); len(p) == 5 {
				if !(p[2] > p[0] && p[3] > p[1] && p[4] > 0) {
					return fmt.Errorf("%w: group %q: a grid without an area", ErrSaved, gs.GetName())
				}
				g.grid = newGrid(Bounds{p[0], p[1], p[2], p[3]}, p[4])
			}
			w.byName[g.name] = g
		} else if (g.grid != nil) != (len(gs.GetGrid()) > 0) {
			return fmt.Errorf("%w: group %q is spatial in one of the two only", ErrSaved, gs.GetName())
		}
		order = append(order, g)
		g.id, g.floor, g.tombs = gs.GetId(), gs.GetFloor(), restoreTombs(gs.GetTombstones())
		g.events = eventLog{floor: gs.GetEventsFloor()}
		for _, e := range gs.GetEvents() {
			if e.GetReliable() {
				g.events.size += len(e.GetData())
			}
			g.events.events = append(g.events.events, event{seq: e.GetSeq(), tick: e.GetTick(), reliable: e.GetReliable(), placed: e.GetPlaced(), x: e.GetX(), y: e.GetY(), b: e.GetData()})
		}
		for _, es := range gs.GetEntities() {
			e := Entity(es.GetEntity())
			if e == 0 || int(e) >= len(w.ents) || w.ents[e].group != nil {
				return fmt.Errorf("%w: group %q: entity %d twice, or out of range", ErrSaved, gs.GetName(), e)
			}
			w.alive++
			g.add(e)
			x := &w.ents[e]
			x.joined, x.placed, x.x, x.y = es.GetJoined(), es.GetPlaced(), es.GetX(), es.GetY()
			if x.placed {
				g.place(e, x)
			}
		}
	}
	if len(order) != len(w.byName) {
		return fmt.Errorf("%w: the world has a group that was not saved", ErrSaved)
	}
	w.groups = order
	w.made = max(made, last)
	return nil
}

func restoreTable(t table, s *tickroomv1.TableState) error {
	c := t.base()
	if s.GetComponent() != c.comp.ID {
		return fmt.Errorf("%w: a table of component %d (%s) where the world has %d (%s)", ErrSaved, s.GetComponent(), s.GetName(), c.comp.ID, c.comp.Name)
	}
	if s.GetSlots() > maxRestoredSlots {
		return fmt.Errorf("%w: table %s: %d slots", ErrSaved, c.comp.Name, s.GetSlots())
	}
	c.grow(int(s.GetSlots()))
	nf := len(c.comp.Fields)
	for _, r := range s.GetRows() {
		e := Entity(r.GetEntity())
		if r.GetSlot() >= s.GetSlots() || c.ent[r.GetSlot()] != 0 || !c.w.Alive(e) || c.slot(e) >= 0 || len(r.GetStamps()) != nf {
			return fmt.Errorf("%w: table %s: the row of entity %d does not fit", ErrSaved, c.comp.Name, e)
		}
		slot := int32(r.GetSlot())
		if err := t.restore(slot, e, r.GetRow()); err != nil {
			return fmt.Errorf("%w: table %s: entity %d: %w", ErrSaved, c.comp.Name, e, err)
		}
		c.born[slot] = r.GetBorn()
		copy(c.stamps[int(slot)*nf:], r.GetStamps())
		c.rowTick[slot] = r.GetBorn()
		for _, st := range r.GetStamps() {
			c.rowTick[slot] = max(c.rowTick[slot], st)
		}
	}
	for _, slot := range s.GetFree() {
		if slot >= s.GetSlots() || c.ent[slot] != 0 {
			return fmt.Errorf("%w: table %s: slot %d is free and in use", ErrSaved, c.comp.Name, slot)
		}
		c.free = append(c.free, int32(slot))
	}
	c.tombs, c.tombsFloor = restoreTombs(s.GetTombstones()), s.GetFloor()
	return nil
}
