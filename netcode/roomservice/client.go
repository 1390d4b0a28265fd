package roomservice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

const (
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 4 << 20
	// firstPause and maxPause are how long a call waits until it is made again, if the server does
	// not say.
	firstPause = 200 * time.Millisecond
	maxPause   = 5 * time.Second
	// maxAsked bounds what a server may ask for.
	maxAsked = 30 * time.Second
)

// Options are the settings of a Client.
type Options struct {
	// Token is the service's. It is a secret. Empty: TokenSource is asked.
	Token string
	// TokenSource returns the token for a call: it is asked for each, so it should keep one while
	// that is good. May be nil if there is a Token.
	TokenSource func(ctx context.Context) (string, error)
	// HTTP makes the requests. Nil: http.DefaultClient.
	HTTP connect.HTTPClient
	// Attempts is how often a call is made at most while the service is away for the moment. 0: 5;
	// 1: once.
	Attempts int
}

// Client calls a server's RoomService. Its methods may be called from any goroutine. Their errors are
// of type *Error, or wrap that of the context.
type Client struct {
	api tickroomv1connect.RoomServiceClient
	o   Options
}

// New makes a client for the server at an address such as https://play.example.com, or the API's own
// address. It does not connect yet.
func New(server string, o Options) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("roomservice: %q is no address; write it as https://play.example.com", server)
	}
	if o.Token == "" && o.TokenSource == nil {
		return nil, errors.New("roomservice: there is no token, which every call needs; `tickroom token --service` makes one")
	}
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	var h connect.HTTPClient = http.DefaultClient
	if o.HTTP != nil {
		h = o.HTTP
	}
	base := strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/")
	return &Client{api: tickroomv1connect.NewRoomServiceClient(h, base, connect.WithReadMaxBytes(maxAnswer)), o: o}, nil
}

// Error is a call that the service did not do.
type Error struct {
	// Method is the one that was called, such as "Post".
	Method string
	Code   connect.Code
	// Text is what was wrong, for people.
	Text string
	// RetryAfter is how long the service asks to wait; 0: it did not say.
	RetryAfter time.Duration
	err        error
}

// Error returns all of it in one sentence.
func (e *Error) Error() string {
	s := fmt.Sprintf("roomservice: %s: %s", e.Method, e.Code)
	if e.Text != "" {
		s += ": " + e.Text
	}
	switch {
	case e.RetryAfter > 0:
		s += fmt.Sprintf(" (try again in %v)", e.RetryAfter)
	case e.Code == connect.CodeUnimplemented:
		s += " (the server has no RoomService at this address; it is off without service.key_files or the like)"
	}
	return s
}

// Unwrap returns the error of Connect.
func (e *Error) Unwrap() error { return e.err }

// Temporary reports whether the same call may succeed a moment later.
func (e *Error) Temporary() bool {
	return e.Code == connect.CodeUnavailable || e.Code == connect.CodeResourceExhausted
}

// call makes a call, and makes it again while the service is away.
func call[Q, R any](ctx context.Context, c *Client, name string, method func(context.Context, *connect.Request[Q]) (*connect.Response[R], error), q *Q) (*R, error) {
	for n := 1; ; n++ {
		token := c.o.Token
		if token == "" {
			var err error
			if token, err = c.o.TokenSource(ctx); err != nil {
				return nil, fmt.Errorf("roomservice: the token could not be fetched: %w", err)
			}
		}
		req := connect.NewRequest(q)
		req.Header().Set("Authorization", "Bearer "+token)
		resp, err := method(ctx, req)
		if err == nil {
			return resp.Msg, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("roomservice: %s: %w", name, context.Cause(ctx))
		}
		e := wrap(name, err)
		if !e.Temporary() || n >= c.o.Attempts {
			return nil, e
		}
		pause := e.RetryAfter
		if pause == 0 {
			pause = min(firstPause<<(n-1), maxPause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w (%w)", e, context.Cause(ctx))
		}
	}
}

func wrap(name string, err error) *Error {
	e := &Error{Method: name, Code: connect.CodeOf(err), Text: err.Error(), err: err}
	var ce *connect.Error
	if errors.As(err, &ce) {
		e.Text = ce.Message()
		if s, err := strconv.ParseFloat(ce.Meta().Get("Retry-After"), 64); err == nil && s > 0 {
			e.RetryAfter = min(time.Duration(s*float64(time.Second)), maxAsked)
		}
	}
	return e
}

// Post posts a message to a room, a player or a topic, and returns when the bus has it. Without a
// Key it is posted with a random one, so that it is there once however often the call is made; with
// one of the backend's own, such as the number of an order, it is there once whoever posts it again.
func (c *Client) Post(ctx context.Context, q *tickroomv1.RoomServicePostRequest) (*tickroomv1.RoomServicePostResponse, error) {
	if q.GetKey() == "" {
		q = proto.Clone(q).(*tickroomv1.RoomServicePostRequest)
		q.Key = rand.Text()
	}
	return call(ctx, c, "Post", c.api.Post, q)
}

// ListRooms lists a page of the rooms of all servers; NextPageToken, if it is not empty, asks for
// the next one.
func (c *Client) ListRooms(ctx context.Context, q *tickroomv1.RoomServiceListRoomsRequest) (*tickroomv1.RoomServiceListRoomsResponse, error) {
	return call(ctx, c, "ListRooms", c.api.ListRooms, q)
}

// CreateRoom makes a room. Without an id of its own it may be made twice if an answer is lost; nobody
// comes to the first one, so that it ends.
func (c *Client) CreateRoom(ctx context.Context, q *tickroomv1.RoomServiceCreateRoomRequest) (*tickroomv1.RoomServiceCreateRoomResponse, error) {
	return call(ctx, c, "CreateRoom", c.api.CreateRoom, q)
}

// DescribeRoom returns how a room is doing and who is in it.
func (c *Client) DescribeRoom(ctx context.Context, q *tickroomv1.RoomServiceDescribeRoomRequest) (*tickroomv1.RoomServiceDescribeRoomResponse, error) {
	return call(ctx, c, "DescribeRoom", c.api.DescribeRoom, q)
}

// LockRoom keeps new players out of a room.
func (c *Client) LockRoom(ctx context.Context, room string) error {
	_, err := call(ctx, c, "LockRoom", c.api.LockRoom, &tickroomv1.RoomServiceLockRoomRequest{Room: room})
	return err
}

// UnlockRoom lets new players into a room again.
func (c *Client) UnlockRoom(ctx context.Context, room string) error {
	_, err := call(ctx, c, "UnlockRoom", c.api.UnlockRoom, &tickroomv1.RoomServiceUnlockRoomRequest{Room: room})
	return err
}

// CloseRoom ends a room, whose clients are told the reason. The error's code is connect.CodeNotFound if
// there is no such room, be it that the call was made twice.
func (c *Client) CloseRoom(ctx context.Context, room, reason string) error {
	_, err := call(ctx, c, "CloseRoom", c.api.CloseRoom, &tickroomv1.RoomServiceCloseRoomRequest{Room: room, Reason: reason})
	return err
}

// KickPlayer puts a player out of the rooms that it is in, and returns them.
func (c *Client) KickPlayer(ctx context.Context, q *tickroomv1.RoomServiceKickPlayerRequest) ([]string, error) {
	r, err := call(ctx, c, "KickPlayer", c.api.KickPlayer, q)
	return r.GetRooms(), err
}
