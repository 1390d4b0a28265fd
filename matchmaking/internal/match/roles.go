package match

// seatRoles gives each player of a team a role that it accepts, and says which are
// left, once for each free seat. There is a way, since the team was checked. Where
// several players want the same, what they name first counts: no two could exchange
// roles and be better off together.
func (m *Matcher) seatRoles(players []*Player) (roles []int, left []int) {
	free := make([]int, len(m.mode.Roles))
	for r := range free {
		free[r] = m.mode.Roles[r].Count
	}
	return m.seatRolesIn(players, free)
}

// seatRolesIn is seatRoles for so many seats of each role. A player for whom there is
// none has -1.
func (m *Matcher) seatRolesIn(players []*Player, free []int) (roles []int, left []int) {
	wants := make([][]int, len(players))
	for i, p := range players {
		for _, name := range p.Roles {
			if r := m.role(name); r >= 0 {
				wants[i] = append(wants[i], r)
			}
		}
		if len(p.Roles) == 0 {
			for r := range m.mode.Roles {
				wants[i] = append(wants[i], r)
			}
		}
	}
	roles = make([]int, len(players))
	for i := range roles {
		roles[i] = -1
	}
	// Augmenting paths: a player takes a role that is free, or one whose holder can
	// take another.
	var seat func(i int, tried []bool) bool
	seat = func(i int, tried []bool) bool {
		for _, r := range wants[i] {
			if !tried[r] && free[r] > 0 {
				tried[r] = true
				free[r]--
				roles[i] = r
				return true
			}
		}
		for _, r := range wants[i] {
			if tried[r] {
				continue
			}
			tried[r] = true
			for j := range roles {
				if roles[j] == r && seat(j, tried) {
					roles[i] = r
					return true
				}
			}
		}
		return false
	}
	for i := range players {
		seat(i, make([]bool, len(free)))
	}
	regret := func(i, r int) int {
		for k, w := range wants[i] {
			if w == r {
				return k
			}
		}
		return 1 << 20
	}
	for again := true; again; {
		again = false
		for i := range roles {
			for j := range i {
				a, b := roles[i], roles[j]
				if a >= 0 && b >= 0 && regret(i, b)+regret(j, a) < regret(i, a)+regret(j, b) {
					roles[i], roles[j], again = b, a, true
				}
			}
		}
	}
	for r, n := range free {
		for range n {
			left = append(left, r)
		}
	}
	return roles, left
}
