package matchmaker

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/client"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// maxAnswer bounds one message from the service, in bytes.
const maxAnswer = 4 << 20

// Options are the settings of a Client.
type Options struct {
	// Token identifies the player. Empty: TokenSource is asked, or without one the
	// player is a guest, where the server takes those. It is a secret.
	Token string
	// TokenSource fetches a fresh token: the first time if there is no Token, and when
	// the service has refused the one in use. It is called once at a time. May be nil.
	TokenSource func(ctx context.Context) (string, error)
	// HTTP makes the requests. Nil: http.DefaultClient. A Timeout of it would end
	// watches too.
	HTTP connect.HTTPClient
	// Logger gets the failures that are tried again. Nil discards them.
	Logger *slog.Logger
}

// Client speaks to the matchmaking of a server for one player. Its methods may be
// called from any goroutine.
type Client struct {
	api    tickroomv1connect.MatchmakingServiceClient
	socket *url.URL // where rooms are that come without an address
	source func(ctx context.Context) (string, error)
	log    *slog.Logger

	fetching sync.Mutex // held while the source is asked, or a guest becomes known

	mu     sync.Mutex
	token  string // guarded by mu, as player
	player string
}

// New makes a client for the server at an address such as https://play.example.com. It
// does not connect yet.
func New(server string, o Options) (*Client, error) {
	socket, err := client.ServerURL(server)
	if err != nil {
		return nil, err
	}
	base := url.URL{Scheme: map[string]string{"ws": "http", "wss": "https"}[socket.Scheme], Host: socket.Host}
	// What is served next to the WebSocket has the same prefix.
	base.Path = strings.TrimSuffix(strings.TrimSuffix(socket.Path, "ws"), "/")
	c := &Client{socket: socket, source: o.TokenSource, log: o.Logger, token: o.Token}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	var h connect.HTTPClient = http.DefaultClient
	if o.HTTP != nil {
		h = o.HTTP
	}
	c.api = tickroomv1connect.NewMatchmakingServiceClient(heeding{h}, base.String(), connect.WithReadMaxBytes(maxAnswer))
	return c, nil
}

// Token returns the token in use: that of the options, the newest from the source, or a
// guest's. Empty: a guest whom the server does not know yet. It is a secret.
func (c *Client) Token() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// PlayerID returns the player's id, the same in all rooms and servers: that of the token, or a
// guest's. It is known from the first answer with a seat or a ticket on, and empty before.
func (c *Client) PlayerID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.player
}

// known notes who the caller is, as the service says.
func (c *Client) known(g guested) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.GetGuestToken() != "" {
		c.token = g.GetGuestToken()
	}
	if g.GetPlayerId() != "" {
		c.player = g.GetPlayerId()
	}
}

func (c *Client) setToken(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// ready returns the token to call with, and what to call when the call is over: a guest's
// first call holds up the others, which would be other guests else.
func (c *Client) ready(ctx context.Context) (token string, over func(), err error) {
	if token = c.Token(); token != "" {
		return token, func() {}, nil
	}
	c.fetching.Lock()
	if token = c.Token(); token != "" {
		c.fetching.Unlock()
		return token, func() {}, nil
	}
	if c.source == nil {
		return "", c.fetching.Unlock, nil
	}
	defer c.fetching.Unlock()
	token, err = c.fetch(ctx)
	return token, func() {}, err
}

// renew replaces a token that was refused; false if there is no other one.
func (c *Client) renew(ctx context.Context, refused string) (bool, error) {
	if c.source == nil {
		return false, nil
	}
	c.fetching.Lock()
	defer c.fetching.Unlock()
	if c.Token() != refused {
		return true, nil // somebody else has
	}
	token, err := c.fetch(ctx)
	return token != refused, err
}

func (c *Client) fetch(ctx context.Context) (string, error) {
	token, err := c.source(ctx)
	if err == nil && token == "" {
		err = fmt.Errorf("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("matchmaker: the token could not be fetched: %w", err)
	}
	c.setToken(token)
	return token, nil
}

// guested is implemented by answers that say who the caller is, and may make it known as a guest.
type guested interface {
	GetGuestToken() string
	GetPlayerId() string
}

// call makes one call, with a fresh token if the first one is refused. what says what
// was asked for, for errors.
func call[Q, R any](ctx context.Context, c *Client, what string, method func(context.Context, *connect.Request[Q]) (*connect.Response[R], error), q *Q) (*R, error) {
	for again := false; ; again = true {
		token, over, err := c.ready(ctx)
		if err != nil {
			return nil, err
		}
		req := connect.NewRequest(q)
		authorize(req.Header(), token)
		noting, wait := withAsked(ctx)
		resp, err := method(noting, req)
		if err == nil {
			if g, ok := any(resp.Msg).(guested); ok {
				c.known(g)
			}
			over()
			return resp.Msg, nil
		}
		over()
		if connect.CodeOf(err) == connect.CodeUnauthenticated && !again {
			other, rerr := c.renew(ctx, token)
			if rerr != nil {
				return nil, rerr
			}
			if other {
				continue
			}
		}
		return nil, wrap(ctx, what, wait, err)
	}
}

func authorize(h http.Header, token string) {
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
}

// maxExcept is how many rooms a quick join may except.
const maxExcept = 16

// QuickJoin returns a seat at once: in the player's own running match, else in an open
// room with a free seat, else in a new one. If the room has no place after all when the
// player comes, Dial asks again, without that room.
func (c *Client) QuickJoin(ctx context.Context, q *tickroomv1.QuickJoinRequest) (*Assignment, error) {
	r, err := call(ctx, c, "quick join", c.api.QuickJoin, q)
	if err != nil {
		return nil, err
	}
	a, err := c.assignment(r.GetAssignment(), false)
	if err != nil || a.GetRejoin() || len(q.GetExcept()) >= maxExcept {
		return a, err
	}
	a.again = func(ctx context.Context) (*Assignment, error) {
		other := proto.Clone(q).(*tickroomv1.QuickJoinRequest)
		other.Except = append(other.Except, a.GetRoom())
		return c.QuickJoin(ctx, other)
	}
	return a, nil
}

// CreateRoom makes a private room, whose code is in the assignment, and returns a seat
// in it.
func (c *Client) CreateRoom(ctx context.Context, q *tickroomv1.CreateRoomRequest) (*Assignment, error) {
	r, err := call(ctx, c, "create a room", c.api.CreateRoom, q)
	if err != nil {
		return nil, err
	}
	return c.assignment(r.GetAssignment(), false)
}

// JoinRoom returns a seat in a certain room, by its code or its id.
func (c *Client) JoinRoom(ctx context.Context, q *tickroomv1.JoinRoomRequest) (*Assignment, error) {
	r, err := call(ctx, c, "join a room", c.api.JoinRoom, q)
	if err != nil {
		return nil, err
	}
	return c.assignment(r.GetAssignment(), false)
}

// Spectate returns a place to watch a room from that is there: the one with the id or the
// code, or of a kind or mode the one with the most players that can be watched.
func (c *Client) Spectate(ctx context.Context, q *tickroomv1.SpectateRequest) (*Assignment, error) {
	r, err := call(ctx, c, "watch a room", c.api.Spectate, q)
	if err != nil {
		return nil, err
	}
	return c.assignment(r.GetAssignment(), true)
}

// ListRooms lists a page of the rooms that are open to all; NextPageToken, if it is
// not empty, asks for the next one.
func (c *Client) ListRooms(ctx context.Context, q *tickroomv1.ListRoomsRequest) (*tickroomv1.ListRoomsResponse, error) {
	return call(ctx, c, "list rooms", c.api.ListRooms, q)
}

// Explain returns why a ticket has not matched yet, and what would change that.
func (c *Client) Explain(ctx context.Context, ticket string) (*tickroomv1.ExplainResponse, error) {
	return call(ctx, c, "explain a ticket", c.api.Explain, &tickroomv1.ExplainRequest{Ticket: ticket})
}

// Ratings returns the ratings of players, or the caller's if none are named.
func (c *Client) Ratings(ctx context.Context, mode string, players ...string) ([]*tickroomv1.PlayerRating, error) {
	r, err := call(ctx, c, "ask for ratings", c.api.GetRating, &tickroomv1.GetRatingRequest{Mode: mode, Players: players})
	return r.GetRatings(), err
}

// ReportResult reports how a match has ended. The token needs the role admin.
func (c *Client) ReportResult(ctx context.Context, q *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	return call(ctx, c, "report a result", c.api.ReportResult, q)
}
