package reporter

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/world"
)

// attendance holds who of a match's players is in its room, which is what the matchmaker
// is told of a room that runs. It knows no clock and no store.
type attendance struct {
	match store.Match
	mode  *mode.Mode
	// comeWithin is how long a player may take to come.
	comeWithin time.Duration

	players map[string]*attendant
}

// attendant is a player of a match.
type attendant struct {
	known time.Time // when it was heard that the player belongs here
	there bool      // in the room, or away with its session kept
	came  bool      // was there once
	left  bool      // has gone for good
}

func newAttendance(m store.Match, md *mode.Mode, comeWithin time.Duration, now time.Time) *attendance {
	a := &attendance{mode: md, comeWithin: comeWithin, players: map[string]*attendant{}}
	a.update(m, now)
	return a
}

// update takes in the match as it is now, and reports whether there are further players in
// it.
func (a *attendance) update(m store.Match, now time.Time) (more bool) {
	a.match = m
	for _, t := range m.Teams {
		for _, s := range t.Slots {
			if s.Player != "" && a.players[s.Player] == nil {
				a.players[s.Player] = &attendant{known: now}
				more = true
			}
		}
	}
	return more
}

// joined notes that a player is in the room.
func (a *attendance) joined(player string, now time.Time) {
	p := a.players[player]
	if p == nil {
		p = &attendant{known: now}
		a.players[player] = p
	}
	p.there, p.came, p.left = true, true, false
}

// left notes that a player's session has ended.
func (a *attendance) left(player string) {
	if p := a.players[player]; p != nil {
		p.there, p.left = false, true
	}
}

// counts reports whether a player is there or may come still, so that its slot is taken.
func (a *attendance) counts(player string, now time.Time) bool {
	p := a.players[player]
	return p != nil && !p.left && (p.there || now.Sub(p.known) < a.comeWithin)
}

// backfill returns the request for players for the slots that are free, or nil if there are
// none or the mode has no backfill. Its ID is left to the caller.
func (a *attendance) backfill(now time.Time) *store.Backfill {
	if a.mode == nil || !a.mode.Backfill.Enabled {
		return nil
	}
	if age := a.mode.Backfill.MaxAge; age > 0 && now.Sub(a.match.Created) > age {
		return nil
	}
	b := &store.Backfill{Room: a.match.ID, Queue: a.mode.Name, Since: a.match.Created, Region: a.match.Region}
	f := a.mode.Format
	free := 0
	if f.FreeForAll {
		one := a.team(now, f.Size, a.match.Teams...)
		free, b.Teams = one.Free, []store.BackfillTeam{one}
	} else {
		for i := range a.match.Teams {
			t := a.team(now, f.Size, a.match.Teams[i])
			free += t.Free
			b.Teams = append(b.Teams, t)
		}
	}
	if free == 0 {
		return nil
	}
	return b
}

// team sums up a team, or all of a free-for-all. Bots keep their slots.
func (a *attendance) team(now time.Time, size int, of ...store.Team) (t store.BackfillTeam) {
	roles := map[string]int{}
	for _, r := range a.mode.Roles {
		roles[r.Name] = r.Count
	}
	taken := 0
	for _, team := range of {
		for _, s := range team.Slots {
			switch {
			case s.Player == "":
				taken++
			case a.counts(s.Player, now):
				taken++
				t.Mu, t.Sigma = append(t.Mu, s.Mu), append(t.Sigma, s.Sigma)
			default:
				continue
			}
			roles[s.Role]--
		}
	}
	t.Free = max(0, size-taken)
	for _, r := range a.mode.Roles {
		for range roles[r.Name] {
			t.Roles = append(t.Roles, r.Name)
		}
	}
	return t
}

// result returns what the game has reported with those added of whom it knows nothing any
// more: players who have left, or never came. absent holds the latter.
func (a *attendance) result(r world.Result) (full world.Result, absent map[string]bool) {
	absent = map[string]bool{}
	in := map[string]int{} // player to its team in the result
	last := 0
	full.Teams = make([]world.TeamResult, len(r.Teams))
	for i, t := range r.Teams {
		full.Teams[i] = world.TeamResult{Rank: t.Rank, Players: append([]world.PlayerResult(nil), t.Players...)}
		last = max(last, t.Rank)
		for _, p := range t.Players {
			in[p.PlayerID] = i
		}
	}
	for _, t := range a.match.Teams {
		with := -1 // where the rest of the team is
		for _, s := range t.Slots {
			if i, ok := in[s.Player]; ok {
				with = i
			}
		}
		for _, s := range t.Slots {
			if _, ok := in[s.Player]; ok || s.Player == "" {
				continue
			}
			if with < 0 {
				full.Teams = append(full.Teams, world.TeamResult{Rank: last + 1})
				with = len(full.Teams) - 1
			}
			p := a.players[s.Player]
			full.Teams[with].Players = append(full.Teams[with].Players, world.PlayerResult{PlayerID: s.Player, Left: p != nil && p.came})
			if p == nil || !p.came {
				absent[s.Player] = true
			}
		}
	}
	return full, absent
}
