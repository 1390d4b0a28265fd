package match

import (
	"slices"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// demand counts players by the roles that they accept: for each set of roles, as bits,
// those who accept nothing outside the set.
//
// By Hall's theorem there are slots for all players exactly if for each set at most as
// many players accept nothing else as there are slots for the set.
type demand []int16

// add counts players in or out, by 1 or -1, and reports whether so many teams with slots
// as in quota have some for all.
func (d demand) add(masks []uint8, by int16, quota demand, teams int) bool {
	ok, full := true, len(d)-1
	for _, mask := range masks {
		// All sets that the mask is a part of.
		rest := full &^ int(mask)
		for sub := rest; ; sub = (sub - 1) & rest {
			s := sub | int(mask)
			d[s] += by
			ok = ok && int(d[s]) <= int(quota[s])*teams
			if sub == 0 {
				break
			}
		}
	}
	return ok
}

// take counts players in if there are slots for all, and reports whether it did.
func (d demand) take(masks []uint8, quota demand, teams int) bool {
	if len(masks) == 0 || d.add(masks, 1, quota, teams) {
		return true
	}
	d.add(masks, -1, quota, teams)
	return false
}

func (m *Matcher) role(name string) int {
	return slices.IndexFunc(m.mode.Roles, func(r mode.Role) bool { return r.Name == name })
}

// rolesOf returns the roles of the mode that a player accepts, the dearest first.
func (m *Matcher) rolesOf(p *store.Member) []int {
	var out []int
	for _, name := range p.Roles {
		if r := m.role(name); r >= 0 {
			out = append(out, r)
		}
	}
	if len(p.Roles) == 0 {
		for r := range m.mode.Roles {
			out = append(out, r)
		}
	}
	return out
}

// casting gives players roles that they accept.
type casting struct {
	wants [][]int // of each player, the dearest first
	roles []int   // of each player; -1: none
	free  []int   // slots of each role that nobody has
}

// cast gives each player one of the free slots. A player for whom there is none has -1.
// Where several players want the same, what they name first counts: no two could
// exchange roles and be better off together.
func (m *Matcher) cast(players []*store.Member, free []int) casting {
	c := casting{free: free}
	for _, p := range players {
		c.wants, c.roles = append(c.wants, m.rolesOf(p)), append(c.roles, -1)
	}
	for i := range players {
		c.assign(i, make([]bool, len(free)))
	}
	for c.exchange() {
	}
	return c
}

// assign finds a role for a player by an augmenting path: one that is free, or one whose
// holder can take another. It reports whether there is any.
func (c *casting) assign(i int, tried []bool) bool {
	for _, r := range c.wants[i] {
		if !tried[r] && c.free[r] > 0 {
			tried[r] = true
			c.free[r]--
			c.roles[i] = r
			return true
		}
	}
	for _, r := range c.wants[i] {
		if tried[r] {
			continue
		}
		tried[r] = true
		for j := range c.roles {
			if c.roles[j] == r && c.assign(j, tried) {
				c.roles[i] = r
				return true
			}
		}
	}
	return false
}

// exchange exchanges the roles of players who are better off so together, and reports
// whether there are any.
func (c *casting) exchange() bool {
	found := false
	for i, a := range c.roles {
		for j := range i {
			b := c.roles[j]
			if a >= 0 && b >= 0 && c.regret(i, b)+c.regret(j, a) < c.regret(i, a)+c.regret(j, b) {
				c.roles[i], c.roles[j] = b, a
				a, found = b, true
			}
		}
	}
	return found
}

// regret is how many roles a player would take rather than the one.
func (c *casting) regret(i, role int) int {
	if k := slices.Index(c.wants[i], role); k >= 0 {
		return k
	}
	return 1 << 20
}
