package arena

import (
	"cmp"
	"slices"

	"github.com/tickroom/tickroom/world"
)

// A room with a length is a match: when the time is over the game reports who came
// how far, and the room ends. Ranks go by score, of the teams if there are any.

// finish ends the match when its time is over.
func (g *game) finish(now uint32) {
	if g.length == 0 || now < g.length || g.r.Over() {
		return
	}
	g.r.Report(g.result())
	g.r.End()
}

// result ranks those who play, but not the ships that the game flies.
func (g *game) result() world.Result {
	type side struct {
		score   uint32
		players []world.PlayerResult
	}
	var sides []side
	for t := range g.teams {
		sides = append(sides, side{score: g.team[t+1].score})
	}
	for _, s := range g.ships {
		if s.player == nil || s.player.PlayerID == "" {
			continue
		}
		p := world.PlayerResult{PlayerID: s.player.PlayerID, Weight: 1}
		if g.teams > 0 {
			to := &sides[s.id.Team-1]
			to.players = append(to.players, p)
		} else {
			sides = append(sides, side{s.tally.Score, []world.PlayerResult{p}})
		}
	}
	slices.SortStableFunc(sides, func(a, b side) int { return cmp.Compare(b.score, a.score) })
	var res world.Result
	rank := 0
	for i, s := range sides {
		if i == 0 || s.score != sides[i-1].score {
			rank = i + 1
		}
		if len(s.players) > 0 {
			res.Teams = append(res.Teams, world.TeamResult{Rank: rank, Players: s.players})
		}
	}
	return res
}

// teamFor returns the team that a newcomer comes into: that of its match, or the
// smallest.
func (g *game) teamFor(p *world.Player) uint32 {
	if p != nil && p.InMatch && p.Team < g.teams {
		return uint32(p.Team) + 1
	}
	return g.smallestTeam()
}
