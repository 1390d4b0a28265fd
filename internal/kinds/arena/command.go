package arena

import (
	"errors"
	"fmt"
	"strings"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// What players may say, and how often: lengths in characters (see text.Length), times in seconds.
const (
	maxName = 16
	maxText = 120

	nameEvery = 2.0
	chatEvery = 1.0
	teamEvery = 5.0
)

var errNoShip = errors.New("you have no ship")

// wait refuses what is tried again too soon, and else notes when it may be next.
// Call it last, so that what is refused for another reason does not count.
func (g *game) wait(from *uint32, every float64) error {
	now := g.r.Tick()
	if now < *from {
		return fmt.Errorf("too often: try again in %.1f s", float64(*from-now)*g.dt)
	}
	*from = now + g.ticks(every)
	return nil
}

func (g *game) setName(p *world.Player, cmd *arenav1.SetName) (*arenav1.SetNameReply, error) {
	s, ok := p.Data.(*ship)
	if !ok {
		return nil, errNoShip
	}
	name, err := text.Name(cmd.Name, maxName)
	switch {
	case err != nil:
		return nil, err
	case name == "":
		return nil, errors.New("the name is empty")
	}
	if err := g.wait(&s.named, nameEvery); err != nil {
		return nil, err
	}
	s.id.Name = name
	return &arenav1.SetNameReply{Name: name}, nil
}

func (g *game) chat(p *world.Player, cmd *arenav1.Chat) (*arenav1.ChatReply, error) {
	s, ok := p.Data.(*ship)
	if !ok {
		return nil, errNoShip
	}
	line, err := text.Line("text", strings.TrimSpace(cmd.Text), maxText)
	if err != nil {
		return nil, err
	}
	hearers := g.board
	if cmd.Team {
		if g.teams == 0 {
			return nil, errors.New("there are no teams in this room")
		}
		hearers = g.crew[s.id.Team]
	}
	if err := g.wait(&s.chatted, chatEvery); err != nil {
		return nil, err
	}
	hearers.Emit(&arenav1.Said{Player: p.ID, Name: s.id.Name, Text: line, Team: cmd.Team})
	return &arenav1.ChatReply{}, nil
}

func (g *game) chooseTeam(p *world.Player, cmd *arenav1.ChooseTeam) (*arenav1.ChooseTeamReply, error) {
	s, ok := p.Data.(*ship)
	if !ok {
		return nil, errNoShip
	}
	switch {
	case g.teams == 0:
		return nil, errors.New("there are no teams in this room")
	case p.InMatch:
		return nil, errors.New("the teams of a match stay as they are")
	case cmd.Team < 1 || cmd.Team > uint32(g.teams):
		return nil, fmt.Errorf("there is no team %d; there are 1 to %d", cmd.Team, g.teams)
	case cmd.Team == s.id.Team:
		return nil, fmt.Errorf("you are in team %d already", cmd.Team)
	}
	for t := 1; t <= g.teams; t++ {
		// The ship that moves counts no longer where it is.
		ships := g.team[t].ships
		if uint32(t) == s.id.Team {
			ships--
		}
		if g.team[cmd.Team].ships > ships+1 {
			return nil, fmt.Errorf("team %d has too many ships already", cmd.Team)
		}
	}
	if err := g.wait(&s.switched, teamEvery); err != nil {
		return nil, err
	}
	g.team[s.id.Team].ships--
	p.Unsubscribe(g.crew[s.id.Team])
	g.enter(s, cmd.Team)
	p.Subscribe(g.crew[s.id.Team])
	if s.alive {
		g.wreck(s)
	}
	return &arenav1.ChooseTeamReply{}, nil
}
