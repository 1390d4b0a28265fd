package server_test

import (
	"errors"
	"testing"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// latin1 is a text that is no UTF-8, as a game may have it from anywhere, and readable is
// what a client is told of it.
const latin1, readable = "caf\xe9", "caf\uFFFD"

// rude is a game that says it whenever it is to say something.
type rude struct{}

func (rude) Join(_ *world.Player, data []byte) error {
	if len(data) > 0 {
		return errors.New(latin1)
	}
	return nil
}
func (rude) Leave(*world.Player) {}
func (rude) Tick()               {}

func rudeKind() world.Kind {
	return world.Kind{
		Name: "rude", Schema: walkersv1.Schema, TickRate: 50, MaxPlayers: 8,
		New: func(r *world.Room) (world.Game, error) {
			world.OnInput(r, func(*world.Player, *walkersv1.WalkerInput) {})
			world.OnCommand(r, func(p *world.Player, c *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
				if c.Text == "out" {
					p.Remove(latin1)
					return &walkersv1.ShoutReply{}, nil
				}
				return nil, errors.New(latin1)
			})
			return rude{}, nil
		},
	}
}

// TestWhatGamesSayReachesClients has a game refuse and remove players with a text that is
// no UTF-8. A close frame with it would be 1006 to a client, which would come back.
func TestWhatGamesSayReachesClients(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			srv := start(t, func(c *config.Config) { c.Transport = transport }, rudeKind())
			hello := &tickroomv1.Hello{Kind: "rude"}
			p := join(t, srv, hello)
			say := func(id uint32, text string) {
				b := (&walkersv1.Shout{Text: text}).AppendProto(nil)
				send(t, p.ws, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: id, Command: new(walkersv1.Shout).CommandID(), Data: b}}})
			}
			say(1, "hello")
			f := p.frame()
			for len(f.Replies) == 0 {
				f = p.frame()
			}
			if r := f.Replies[0]; r.Error != readable {
				t.Errorf("the error of a command: %q", r.Error)
			}
			say(2, "out")
			if code, reason := closedWith(t, p.ws); code != 4011 || reason != readable {
				t.Errorf("removed by the game: %d %q", code, reason)
			}
			hello.Data = []byte("x")
			refused(t, srv, hello, tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO, readable)
		})
	}
}
