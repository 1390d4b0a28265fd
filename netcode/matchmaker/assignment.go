package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Assignment is a seat in a room, and where the room is. The seat is a secret, good
// once and for a short time.
type Assignment struct {
	*tickroomv1.Assignment
	// URL is the address of the WebSocket.
	URL string
	// Spectator is true for a place to watch from.
	Spectator bool

	// again asks for a seat in another room; nil: none will do.
	again func(ctx context.Context) (*Assignment, error)
}

func (c *Client) assignment(a *tickroomv1.Assignment, spectator bool) (*Assignment, error) {
	if a.GetSeat() == "" {
		return nil, errors.New("matchmaker: the server answered with no seat")
	}
	at := c.socket
	if raw := a.GetUrl(); raw != "" {
		ref, err := url.Parse(raw)
		if err == nil {
			// One without a host is meant from the address that was called.
			at, err = client.ServerURL(c.socket.ResolveReference(ref).String())
		}
		if err != nil {
			return nil, fmt.Errorf("matchmaker: the server gave a room's address that can't be used: %w", err)
		}
	}
	return &Assignment{Assignment: a, URL: at.String(), Spectator: spectator}, nil
}

// Configure fills in what an assignment says of how to join: kind, room, seat, whether
// to watch, and the token that the seat is bound to.
func (c *Client) Configure(a *Assignment, cfg client.Config) client.Config {
	cfg.Kind, cfg.Room, cfg.Seat, cfg.Spectate, cfg.Token = a.GetKind(), a.GetRoom(), a.GetSeat(), a.Spectator, c.Token()
	return cfg
}

// maxAgain is how many other seats Dial asks for.
const maxAgain = 3

// Dial joins the room of an assignment; see client.Dial. Tokens come from this client's
// source if the options have none. If the room of a quick join has no place after all, Dial
// asks for a seat in another one, a few times at most.
func (c *Client) Dial(ctx context.Context, a *Assignment, o client.Options) (*client.Client, error) {
	if o.TokenSource == nil {
		o.TokenSource = c.source
	}
	for left := maxAgain; ; left-- {
		o.Config = c.Configure(a, o.Config)
		in, err := client.Dial(ctx, a.URL, o)
		var full *client.CloseError
		if err == nil || left == 0 || a.again == nil || !errors.As(err, &full) || full.Code != closecode.RoomFull {
			return in, err
		}
		if a, err = a.again(ctx); err != nil {
			return nil, err
		}
	}
}
