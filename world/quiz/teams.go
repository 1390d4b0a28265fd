package quiz

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// maxTeamName is the longest name of a team, in characters.
const maxTeamName = 24

// chooseTeam puts a contestant into a team.
func (h *house) chooseTeam(p *world.Player, m *quizv1.ChooseTeam) (*quizv1.ChooseTeamReply, error) {
	c, ok := p.Data.(*contestant)
	if !ok {
		return nil, errWatching
	}
	t, err := h.toTeam(c, m.Name)
	if err != nil {
		return nil, err
	}
	h.tell(p)
	if t == nil {
		return &quizv1.ChooseTeamReply{}, nil
	}
	return &quizv1.ChooseTeamReply{Name: t.name, Members: uint32(len(t.members))}, nil
}

// toTeam puts a contestant into the team of a name, which is made if need be, and returns it; nil:
// it is in none.
func (h *house) toTeam(c *contestant, name string) (*team, error) {
	st := h.state
	switch {
	case st == nil || st.TeamSize == 0:
		return nil, errors.New("this show has no teams")
	case h.doorsClosed():
		return nil, errors.New("teams are as they are once the first question is over")
	case name == "":
		h.leaveTeam(c)
		return nil, nil
	}
	name, err := text.Name(name, maxTeamName)
	if err != nil {
		return nil, fmt.Errorf("the team's name: %w", err)
	}
	key := strings.ToLower(name)
	t := h.teams[key]
	switch {
	case t != nil && t == c.team:
		return t, nil
	case t != nil && len(t.members) >= int(st.TeamSize):
		return nil, fmt.Errorf("the team %s is full: it has %d members", t.name, len(t.members))
	}
	h.leaveTeam(c)
	if t == nil {
		t = &team{name: name, place: -1}
		h.teams[key] = t
		h.teamList = append(h.teamList, t)
	}
	t.members = append(t.members, c)
	c.team = t
	return t, nil
}

// leaveTeam takes a contestant out of its team, which ends with its last member.
func (h *house) leaveTeam(c *contestant) {
	t := c.team
	if t == nil || !t.leave(c) {
		return
	}
	delete(h.teams, strings.ToLower(t.name))
	h.teamList = slices.DeleteFunc(h.teamList, func(o *team) bool { return o == t })
}
