package arena

import (
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// What pickups give.
const (
	pickupRadius = 14
	pickupAfter  = 10.0 // seconds until another one lies about
	pickupHealth = 40
	pickupShield = 50
	rapidFor     = 8.0
	boostFor     = 8.0
)

// pickup is a pickup, or the place of one that will come.
type pickup struct {
	entity world.Entity // 0: it was taken
	row    *arenav1.Pickup
	back   uint32 // tick in which there is another
}

// movePickups gives the pickups to the ships that touch them, and lays out new
// ones.
func (g *game) movePickups(now uint32) {
	for i := range g.pickups {
		p := &g.pickups[i]
		if p.entity == 0 {
			if now >= p.back {
				g.layPickup(p)
			}
			continue
		}
		if s := g.taker(p); s != nil {
			g.take(s, p, now)
		}
	}
}

func (g *game) layPickup(p *pickup) {
	x, y := g.freePoint()
	p.entity = g.r.Spawn(g.arena)
	p.row = g.pickup.Set(p.entity, arenav1.Pickup{
		Kind: arenav1.PickupKind(1 + g.r.Rand().IntN(4)), X: float32(round(x, 1)), Y: float32(round(y, 1)),
	})
}

// taker returns a ship that touches a pickup and has a use for it, or nil.
func (g *game) taker(p *pickup) *ship {
	const r = ShipRadius + pickupRadius
	x, y := float64(p.row.X), float64(p.row.Y)
	for cy, last := g.near.rows(y-r, y+r); cy <= last; cy++ {
		for _, s := range g.near.row(cy, x-r, x+r) {
			dx, dy := s.X-x, s.Y-y
			if s.alive && dx*dx+dy*dy <= r*r && s.wants(p.row.Kind) {
				return s
			}
		}
	}
	return nil
}

func (s *ship) wants(kind arenav1.PickupKind) bool {
	switch kind {
	case arenav1.PickupKind_PICKUP_KIND_HEALTH:
		return s.vitals.Health < full
	case arenav1.PickupKind_PICKUP_KIND_SHIELD:
		return s.vitals.Shield < full
	}
	return true
}

func (g *game) take(s *ship, p *pickup, now uint32) {
	switch p.row.Kind {
	case arenav1.PickupKind_PICKUP_KIND_HEALTH:
		s.vitals.Health = min(full, s.vitals.Health+pickupHealth)
	case arenav1.PickupKind_PICKUP_KIND_SHIELD:
		s.vitals.Shield = min(full, s.vitals.Shield+pickupShield)
	case arenav1.PickupKind_PICKUP_KIND_RAPID:
		s.rapid = now + g.ticks(rapidFor)
	case arenav1.PickupKind_PICKUP_KIND_BOOST:
		s.boost = now + g.ticks(boostFor)
	}
	s.tally.Score += pickupScore
	g.team[s.id.Team].score += pickupScore
	g.events.taken = arenav1.PickupTaken{Kind: p.row.Kind, Ship: uint32(s.entity)}
	g.arena.EmitAt(float64(p.row.X), float64(p.row.Y), &g.events.taken)
	g.r.Destroy(p.entity)
	*p = pickup{back: now + g.ticks(pickupAfter)}
}
