package quiz

import (
	"errors"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// house is a room of contestants, spectators and hosts.
type house struct {
	room  *world.Room
	role  string       // that makes a host
	all   *world.Group // what everybody sees
	hosts *world.Group // what hosts see beside that

	clock    *world.Table[quizv1.Clock]
	shows    *world.Table[quizv1.Show]
	question *world.Table[quizv1.Question]
	totals   *world.Table[quizv1.Totals]
	leaders  *world.Table[quizv1.Leader]
	teams    *world.Table[quizv1.Team]
	desk     *world.Table[quizv1.Desk]
	preview  *world.Table[quizv1.Preview]
	houses   *world.Table[quizv1.House]
}

// errNotOpen refuses what only makes sense while a question is open.
var errNotOpen = errors.New("no question is open")

func newHouse(r *world.Room) (world.Game, error) {
	players, err := r.Int("players", 1, 100_000)
	if err != nil {
		return nil, err
	}
	r.MaxPlayers = players
	h := &house{
		room: r, role: r.Text("role"), all: r.NewGroup("all"), hosts: r.NewGroup("hosts"),
		clock: world.NewTable[quizv1.Clock](r.World), shows: world.NewTable[quizv1.Show](r.World),
		question: world.NewTable[quizv1.Question](r.World), totals: world.NewTable[quizv1.Totals](r.World),
		leaders: world.NewTable[quizv1.Leader](r.World), teams: world.NewTable[quizv1.Team](r.World),
		desk: world.NewTable[quizv1.Desk](r.World), preview: world.NewTable[quizv1.Preview](r.World),
		houses: world.NewTable[quizv1.House](r.World),
	}
	e := r.Spawn(h.all)
	h.clock.Add(e)
	h.shows.Add(e)
	h.totals.Add(e)
	world.OnCommand(r, func(*world.Player, *quizv1.Answer) (*quizv1.AnswerReply, error) { return nil, errNotOpen })
	world.OnCommand(r, func(*world.Player, *quizv1.ChooseTeam) (*quizv1.ChooseTeamReply, error) { return nil, errNotOpen })
	world.OnCommand(r, func(*world.Player, *quizv1.Conduct) (*quizv1.ConductReply, error) { return nil, errNotOpen })
	world.OnCommand(r, func(*world.Player, *quizv1.Upload) (*quizv1.ConductReply, error) { return nil, errNotOpen })
	world.OnCommand(r, func(*world.Player, *quizv1.Pose) (*quizv1.ConductReply, error) { return nil, errNotOpen })
	return h, nil
}

// Join lets a contestant, a spectator or a host in.
func (h *house) Join(p *world.Player, _ []byte) error {
	p.Subscribe(h.all)
	return nil
}

// Leave does nothing yet.
func (h *house) Leave(*world.Player) {}

// Tick does nothing yet.
func (h *house) Tick() {}
