package quiz

import (
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// contestant is somebody who plays, in a house. It outlives the player's session while the show
// runs: whoever comes back with the same PlayerID goes on.
type contestant struct {
	id      string // Player.PlayerID
	name    string
	number  uint32        // Player.ID, of the last session
	player  *world.Player // nil: gone
	network uint64        // where it is from, 0: not known
	team    *team
	from    uint32 // number of the first question that it could answer
	granted uint32 // revives from backends

	answers []answer // by number of the question, from 1; as far as there are any
	asked   uint32   // tries before a question opened, in this run

	spared   numbers // questions that its houses could not show it, which do not count
	score    score
	verdicts []quizv1.Verdict // of all outcomes
	place    int              // index of its standing among those that the house has told; -1: none
	rank     uint32           // 0: not ranked yet
	among    uint32
	ranked   uint32 // number of the question
	news     uint32 // house.news that it has been told
	flagged  uint32 // set of patterns that were reported
	fast     uint32 // right answers in less time than anybody takes, in this run
}

// answer returns what was answered to a question.
func (c *contestant) answer(number uint32) answer {
	if number == 0 || number > uint32(len(c.answers)) {
		return answer{}
	}
	return c.answers[number-1]
}

// give notes an answer. There is none yet.
func (c *contestant) give(number uint32, a answer) {
	for uint32(len(c.answers)) < number {
		c.answers = append(c.answers, answer{})
	}
	c.answers[number-1] = a
}

// reset forgets what belongs to a run.
func (c *contestant) reset() {
	*c = contestant{
		id: c.id, name: c.name, number: c.number, player: c.player, network: c.network, team: c.team,
		granted: c.granted, answers: c.answers[:0], verdicts: c.verdicts[:0], place: -1,
	}
}

// team is some contestants of a house who have the same team name.
type team struct {
	name    string
	members []*contestant
	place   int // as contestant.place
	rank    uint32
}

// leave takes a contestant out of its team, and reports whether nobody is left in it.
func (t *team) leave(c *contestant) (empty bool) {
	for i, m := range t.members {
		if m == c {
			t.members = append(t.members[:i], t.members[i+1:]...)
			break
		}
	}
	c.team = nil
	return len(t.members) == 0
}

// standing returns by what a team is ranked: the means of its members.
func (t *team) standing(mode quizv1.Mode) standing {
	var score, time uint64
	for _, c := range t.members {
		s := c.score.standing(mode)
		score += uint64(s.score)
		time += uint64(s.time)
	}
	n := max(uint64(len(t.members)), 1)
	return standing{uint32(score / n), uint32(time / n)}
}

// alive returns how many of a team's members are still in.
func (t *team) alive() (n uint32) {
	for _, c := range t.members {
		if c.score.alive {
			n++
		}
	}
	return n
}
