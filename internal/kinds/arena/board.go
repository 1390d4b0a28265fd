package arena

import (
	"cmp"
	"fmt"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	maxTeams = 4
	// maxLeaders is the length of the leaderboard.
	maxLeaders = 10

	killScore   = 10
	pickupScore = 1
)

// team is one team; number 0 counts those who are in none.
type team struct {
	score uint32
	ships int
	row   *arenav1.TeamScore // nil for number 0
}

// hues are the teams' colours: red, blue, green, yellow.
var hues = [maxTeams + 1]uint32{1: 0, 2: 150, 3: 85, 4: 40}

// openBoard makes the group that everybody sees whole.
func (g *game) openBoard() {
	g.board = g.r.NewGroup("board")
	g.censuses = world.NewTable[arenav1.Census](g.r.World)
	g.census = g.censuses.Add(g.r.Spawn(g.board))
	g.leaders = make([]*ship, 0, maxLeaders)
	g.scores = world.NewTable[arenav1.TeamScore](g.r.World)
	for t := 1; t <= g.teams; t++ {
		g.team[t].row = g.scores.Add(g.r.Spawn(g.board))
		g.team[t].row.Team = uint32(t)
		g.crew[t] = g.r.NewGroup(fmt.Sprintf("team %d", t))
	}
}

// refreshBoard brings the board up to date, once a second, so that scores that
// change all the time cost little.
func (g *game) refreshBoard() {
	g.census.Players, g.census.Bots = uint32(g.players), uint32(len(g.ships)-g.players)
	g.census.Spectators = uint32(len(g.watchers))
	for t := 1; t <= g.teams; t++ {
		g.team[t].row.Score, g.team[t].row.Ships = g.team[t].score, uint32(g.team[t].ships)
	}
	var old [maxLeaders]*ship
	was := copy(old[:], g.leaders)
	g.leaders = top(g.leaders[:0], g.ships)
	for i, s := range g.leaders {
		if s.leader == nil {
			s.board = g.r.Spawn(g.board)
			s.leader = g.leader.Add(s.board)
		}
		*s.leader = arenav1.Leader{
			Rank: uint32(i + 1), Ship: uint32(s.entity), Name: s.id.Name, Team: s.id.Team, Score: s.tally.Score, Kills: s.tally.Kills,
		}
	}
	for _, s := range old[:was] {
		if int(s.leader.Rank) > len(g.leaders) || g.leaders[s.leader.Rank-1] != s {
			g.dropLeader(s)
		}
	}
}

// top appends the best ships to leaders, which is empty, the best first.
func top(leaders, ships []*ship) []*ship {
	for _, s := range ships {
		i := len(leaders)
		if s.tally.Score == 0 || i == maxLeaders && !s.ahead(leaders[i-1]) {
			continue
		}
		if i < maxLeaders {
			leaders = append(leaders, nil)
		} else {
			i--
		}
		for ; i > 0 && s.ahead(leaders[i-1]); i-- {
			leaders[i] = leaders[i-1]
		}
		leaders[i] = s
	}
	return leaders
}

// ahead reports whether a ship ranks before another.
func (s *ship) ahead(o *ship) bool {
	return cmp.Or(
		cmp.Compare(o.tally.Score, s.tally.Score),
		cmp.Compare(s.tally.Deaths, o.tally.Deaths),
		cmp.Compare(s.entity, o.entity),
	) < 0
}

func (g *game) dropLeader(s *ship) {
	g.r.Destroy(s.board)
	s.board, s.leader = 0, nil
}

// unlist takes a ship that leaves off the board.
func (g *game) unlist(s *ship) {
	if s.leader == nil {
		return
	}
	for i, o := range g.leaders {
		if o == s {
			g.leaders = append(g.leaders[:i], g.leaders[i+1:]...)
			break
		}
	}
	g.dropLeader(s)
}

// smallestTeam returns the team with the fewest ships; 0 if there are none.
func (g *game) smallestTeam() uint32 {
	best := min(1, g.teams)
	for t := 2; t <= g.teams; t++ {
		if g.team[t].ships < g.team[best].ships {
			best = t
		}
	}
	return uint32(best)
}

// enter puts a ship into a team. Without teams its colour is its own.
func (g *game) enter(s *ship, t uint32) {
	s.id.Team, s.id.Hue = t, hues[t]
	if t == 0 {
		s.id.Hue = g.r.Rand().Uint32() % 256
	}
	g.team[t].ships++
}
