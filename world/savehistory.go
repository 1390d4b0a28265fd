package world

import (
	"fmt"
	"math"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

func (p *trail) save() *tickroomv1.HistoryState {
	s := &tickroomv1.HistoryState{Component: p.core.comp.ID, Ring: uint32(len(p.ring))}
	for i := range p.ring {
		m := &p.ring[i]
		if m.tick == 0 {
			continue
		}
		ms := &tickroomv1.MomentState{Tick: m.tick, Nums: m.nums}
		for _, e := range m.ents {
			ms.Entities = append(ms.Entities, uint32(e))
		}
		for _, at := range m.at {
			ms.Places = append(ms.Places, at.x, at.y)
		}
		s.Moments = append(s.Moments, ms)
	}
	return s
}

// maxRestoredRing bounds what Restore takes for the length of a history.
const maxRestoredRing = 1 << 16

func (p *trail) restore(s *tickroomv1.HistoryState) error {
	if s.GetComponent() != p.core.comp.ID || s.GetRing() > maxRestoredRing {
		return fmt.Errorf("%w: a history of component %d, of %d ticks, where the world has one of %d", ErrSaved, s.GetComponent(), s.GetRing(), p.core.comp.ID)
	}
	p.ring = nil
	if s.GetRing() == 0 {
		return nil
	}
	if n := uint32(math.Ceil(p.seconds*p.core.w.rate)) + 2; s.GetRing() != n {
		return fmt.Errorf("%w: a history of %d ticks where the world has one of %d", ErrSaved, s.GetRing(), n)
	}
	p.ring = make([]moment, s.GetRing())
	for _, ms := range s.GetMoments() {
		n := len(ms.GetEntities())
		if ms.GetTick() == 0 || len(ms.GetNums()) != n*len(p.fields) || len(ms.GetPlaces()) != 2*n {
			return fmt.Errorf("%w: the history of component %d at tick %d does not fit", ErrSaved, s.GetComponent(), ms.GetTick())
		}
		m := &p.ring[ms.GetTick()%s.GetRing()]
		m.tick, m.nums = ms.GetTick(), ms.GetNums()
		for _, e := range ms.GetEntities() {
			m.ents = append(m.ents, Entity(e))
		}
		for i := range n {
			m.at = append(m.at, placing{ms.GetPlaces()[2*i], ms.GetPlaces()[2*i+1]})
		}
	}
	return nil
}
