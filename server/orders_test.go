package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode/client"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/world"
)

// whisper is an order, what one player is to be told, and the event that tells it.
type whisper struct {
	to   uint32
	text string
}

func (*whisper) CommandID() uint32       { return 1 }
func (*whisper) EventID() (uint32, bool) { return 1, true }

func (w *whisper) AppendProto(b []byte) []byte {
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), uint64(w.to))
	return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), w.text)
}

func (w *whisper) UnmarshalProto(b []byte) error {
	to, n := protowire.ConsumeVarint(b[1:])
	text, _ := protowire.ConsumeString(b[1+n+1:])
	w.to, w.text = uint32(to), text
	return nil
}

// whispers is a game in which players tell each other things.
type whispers struct{ room *world.Room }

func (g whispers) Join(p *world.Player, _ []byte) error {
	p.Emit(&whisper{text: "welcome"})
	return nil
}
func (whispers) Leave(*world.Player) {}
func (whispers) Tick()               {}

func (g whispers) tell(p *world.Player, w *whisper) error {
	for other := range g.room.Players() {
		if other.ID == w.to {
			other.Emit(&whisper{to: p.ID, text: w.text})
			return nil
		}
	}
	return errors.New("nobody has that number")
}

func whispersKind() world.Kind {
	return world.Kind{
		Name: "whispers",
		Schema: &schema.Schema{
			Package:  "whispers",
			Commands: []schema.CommandInfo{{ID: 1, Name: "Whisper", New: func() schema.Command { return &whisper{} }}},
			Events:   []schema.EventInfo{{ID: 1, Name: "Whispered", Reliable: true, New: func() schema.Event { return &whisper{} }}},
		},
		New: func(r *world.Room) (world.Game, error) {
			g := whispers{r}
			world.OnOrder(r, g.tell)
			return g, nil
		},
	}
}

// TestOrdersAndEventsForOnePlayer sends commands that have no reply, and events to one player alone,
// through real connections.
func TestOrdersAndEventsForOnePlayer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	kind := whispersKind()
	srv := start(t, nil, kind)
	var players [2]*client.Client
	var heard [2]chan string
	for i := range players {
		heard[i] = make(chan string, 10)
		c, err := client.Dial(ctx, "ws://"+srv.Addr().String()+server.Path, client.Options{
			Config: client.Config{Kind: kind.Name, Schema: kind.Schema},
			Setup: func(s *client.Session) {
				client.OnEvent(s, func(w *whisper, _ uint32) { heard[i] <- w.text })
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(client.CloseNormal, "")
		players[i] = c
	}
	hears := func(i int, want string) {
		t.Helper()
		select {
		case got := <-heard[i]:
			if got != want {
				t.Errorf("player %d hears %q, want %q", i+1, got, want)
			}
		case <-ctx.Done():
			t.Fatalf("player %d does not hear %q", i+1, want)
		}
	}
	hears(0, "welcome")
	hears(1, "welcome")
	if err := client.Order(ctx, players[0], &whisper{to: players[1].Welcome().GetPlayer(), text: "psst"}); err != nil {
		t.Fatal(err)
	}
	hears(1, "psst")
	var refused *client.ReplyError
	err := client.Order(ctx, players[1], &whisper{to: 77, text: "hello?"})
	if !errors.As(err, &refused) || refused.Code != tickroomv1.ReplyCode_REPLY_CODE_REFUSED || refused.Text != "nobody has that number" {
		t.Errorf("an order to nobody: %v", err)
	}
	if err := client.Order(ctx, players[1], &whisper{to: players[1].Welcome().GetPlayer(), text: "note to self"}); err != nil {
		t.Fatal(err)
	}
	hears(1, "note to self")
	if n := len(heard[0]); n != 0 {
		t.Errorf("the first player has heard %q, which was for the other", <-heard[0])
	}
}
