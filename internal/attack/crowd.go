package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gobwas/ws"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/pilots"
	"github.com/tickroom/tickroom/netcode/client"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// How often somebody of the crowd does what it does anew.
const (
	joinEvery  = 200 * time.Millisecond
	matchEvery = 2 * time.Second
	pageEvery  = 500 * time.Millisecond
	joinLimit  = 10 * time.Second // then it counts as refused
	matchLimit = 30 * time.Second
	joinStay   = 2 * time.Second
)

// Felt is what the crowd has felt for a while.
type Felt struct {
	// GapP50 and GapP99 are between two snapshots, GapMax the longest; in milliseconds.
	GapP50 float64 `json:"gap_p50_ms"`
	GapP99 float64 `json:"gap_p99_ms"`
	GapMax float64 `json:"gap_max_ms"`
	// Joins were well, Refused not: refused, or not done within ten seconds. JoinP50 and JoinP99
	// are how long those took that were well.
	Joins   int     `json:"joins"`
	Refused int     `json:"joins_refused"`
	JoinP50 float64 `json:"join_p50_ms"`
	JoinP99 float64 `json:"join_p99_ms"`
	// Matches were made, Unmatched were not within half a minute.
	Matches   int     `json:"matches"`
	Unmatched int     `json:"unmatched"`
	MatchP50  float64 `json:"match_p50_ms"`
	MatchP99  float64 `json:"match_p99_ms"`
	// Pages were read, and lists of rooms; Unread were not.
	Pages   int     `json:"pages"`
	Unread  int     `json:"pages_refused"`
	PageP99 float64 `json:"page_p99_ms"`
	// Put are players who stayed and were put out.
	PutOut int `json:"put_out"`
	// Why are some of the reasons.
	Why []string `json:"why,omitempty"`
}

// crowd are those who are honest.
type crowd struct {
	target *Target
	stay   int // players who stay

	count counts
	all   sync.WaitGroup
	next  atomic.Int64 // for addresses

	mu sync.Mutex
	// Guarded by mu: what was felt since the last look.
	gap, join, match, page *hdrhistogram.Histogram
	felt                   Felt
	playing                int
	gaps                   func(ms float64) // of each gap, for plots; may be nil
}

// histogram counts microseconds, up to a minute.
func histogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
}

func newCrowd(t *Target, stay int) *crowd {
	c := &crowd{target: t, stay: stay}
	c.look()
	return c
}

// look returns what was felt since the last look.
func (c *crowd) look() Felt {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.felt
	if c.gap != nil {
		ms := func(h *hdrhistogram.Histogram, q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
		f.GapP50, f.GapP99, f.GapMax = ms(c.gap, 50), ms(c.gap, 99), ms(c.gap, 100)
		f.JoinP50, f.JoinP99 = ms(c.join, 50), ms(c.join, 99)
		f.MatchP50, f.MatchP99 = ms(c.match, 50), ms(c.match, 99)
		f.PageP99 = ms(c.page, 99)
	}
	c.felt = Felt{}
	c.gap, c.join, c.match, c.page = histogram(), histogram(), histogram(), histogram()
	return f
}

// failed counts something that should have been well. A reason is kept if it is new.
func (c *crowd) failed(n *int, what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
	why := what + ": " + err.Error()
	for _, w := range c.felt.Why {
		if w == why {
			return
		}
	}
	if len(c.felt.Why) < 5 {
		c.felt.Why = append(c.felt.Why, why)
	}
}

// took counts something that was well.
func (c *crowd) took(n *int, h **hdrhistogram.Histogram, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
	_ = (*h).RecordValue(time.Since(since).Microseconds()) // what is above is not
}

// dialer returns what connects one of the crowd, from one of 200 addresses.
func (c *crowd) dialer() *dialer {
	n := c.next.Add(1)
	return &dialer{target: c.target, from: fmt.Sprintf("127.0.%d.%d", 1+n/100%2, 1+n%100), count: &c.count}
}

// run has the crowd do what it does until ctx is done, and returns when all have left.
func (c *crowd) run(ctx context.Context) {
	for range c.stay {
		c.all.Go(func() { c.keepPlaying(ctx) })
	}
	c.every(ctx, joinEvery, c.comeAndGo)
	c.every(ctx, matchEvery, c.seekMatch)
	c.every(ctx, matchEvery, c.seekMatch) // two, for each other
	c.every(ctx, pageEvery, c.lookAround)
	c.all.Wait()
}

// every has something done again and again, without waiting for what was begun.
func (c *crowd) every(ctx context.Context, interval time.Duration, do func(ctx context.Context)) {
	c.all.Go(func() {
		for sleep(ctx, interval*3/4+rand.N(interval/2)) {
			c.all.Go(func() { do(ctx) })
		}
	})
}

// ready reports whether all who stay are playing.
func (c *crowd) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.playing >= c.stay
}

func (c *crowd) plays(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.playing += by
}

// keepPlaying plays, and comes back when it is put out.
func (c *crowd) keepPlaying(ctx context.Context) {
	d := c.dialer()
	for ctx.Err() == nil {
		err := c.play(ctx, d, &tickroomv1.Hello{Kind: "arena"}, "/ws")
		if ctx.Err() != nil {
			return
		}
		c.failed(&c.felt.PutOut, "put out", err)
		sleep(ctx, time.Second)
	}
}

// play joins by a session of its own and plays until ctx is done.
func (c *crowd) play(ctx context.Context, d *dialer, h *tickroomv1.Hello, path string) error {
	l, err := d.open(ctx, path)
	if err != nil {
		return err
	}
	defer l.Close()
	s, err := client.NewSession(client.Config{Kind: h.GetKind(), Room: h.GetRoom(), Seat: h.GetSeat(), Token: h.GetToken(), Schema: arenav1.Schema, Name: "honest"})
	if err != nil {
		return err
	}
	if _, err := l.Write(frame(nil, ws.OpBinary, s.AppendHello(nil))); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Now()) })
	defer stop()
	_ = l.SetDeadline(time.Now().Add(joinLimit))
	pilot := pilots.NewGunner(rand.New(rand.NewPCG(rand.Uint64(), 1)))
	var last time.Time
	var seen uint64
	var input, out []byte
	began, in := time.Now(), false
	defer func() {
		if in {
			c.plays(-1)
		}
	}()
	for {
		p, err := l.next()
		if ctx.Err() != nil {
			_, _ = l.Write(frame(nil, ws.OpClose, []byte{0x03, 0xe8}))
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		now := time.Now()
		if err := s.Receive(p, now.Sub(began)); err != nil {
			return err
		}
		if !in && s.Welcome() != nil {
			in = true
			pilot.Seated(s)
			c.plays(1)
		}
		if n := s.Stats().Snapshots; n != seen {
			if seen > 0 {
				c.gone(now.Sub(last))
			}
			seen, last = n, now
			_ = l.SetDeadline(now.Add(20 * time.Second))
			input = pilot.Input(input[:0], s)
			s.SendInput(0, input)
		}
		out = out[:0]
		for {
			var more bool
			at := len(out)
			var msg []byte
			if msg, more = s.AppendMessage(nil); !more {
				out = out[:at]
				break
			}
			out = frame(out, ws.OpBinary, msg)
		}
		if _, err := l.Write(out); err != nil {
			return err
		}
	}
}

// gone counts the time between two snapshots.
func (c *crowd) gone(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.gap.RecordValue(d.Microseconds())
	if c.gaps != nil {
		c.gaps(float64(d.Microseconds()) / 1000)
	}
}

// comeAndGo joins, half of the times by quick join, stays for a moment, and leaves.
func (c *crowd) comeAndGo(ctx context.Context) {
	d, began := c.dialer(), time.Now()
	h, path := &tickroomv1.Hello{Kind: "arena"}, "/ws"
	limited, stop := context.WithTimeout(ctx, joinLimit)
	defer stop()
	if rand.IntN(2) == 0 {
		a := &asker{d: d}
		t, err := a.call(limited, "QuickJoin", `{"kind":"arena"}`)
		a.close()
		if err == nil {
			path, err = d.path(t.Assignment.URL)
		}
		if err != nil {
			if ctx.Err() == nil {
				c.failed(&c.felt.Refused, "quick join", err)
			}
			return
		}
		h = &tickroomv1.Hello{Seat: t.Assignment.Seat, Token: t.GuestToken}
	}
	l, err := d.open(limited, path)
	if err == nil {
		defer l.Close()
		_ = l.SetDeadline(began.Add(joinLimit))
		_, _, err = l.join(h)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		c.failed(&c.felt.Refused, "join", err)
		return
	}
	c.took(&c.felt.Joins, &c.join, began)
	c.leaveLater(ctx, l)
}

// leaveLater reads for a while what comes, acknowledges it, and leaves.
func (c *crowd) leaveLater(ctx context.Context, l *line) {
	until := time.Now().Add(joinStay)
	_ = l.SetDeadline(until.Add(time.Second))
	for ctx.Err() == nil && time.Now().Before(until) {
		p, err := l.next()
		if err != nil {
			return
		}
		f := new(tickroomv1.ServerFrame)
		if proto.Unmarshal(p, f) == nil && f.GetTick() > 0 {
			_ = l.say(&tickroomv1.ClientFrame{Ack: f.GetTick()})
		}
	}
	_, _ = l.Write(frame(nil, ws.OpClose, []byte{0x03, 0xe8}))
}

// seekMatch enqueues and waits for the seat, in which it does not sit down: rooms of matches
// are made when somebody comes.
func (c *crowd) seekMatch(ctx context.Context) {
	began := time.Now()
	limited, stop := context.WithTimeout(ctx, matchLimit)
	defer stop()
	err := c.enqueue(limited)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.failed(&c.felt.Unmatched, "match", err)
	default:
		c.took(&c.felt.Matches, &c.match, began)
	}
}

func (c *crowd) enqueue(ctx context.Context) error {
	a := &asker{d: c.dialer()}
	defer a.close()
	// It is polled: what a watched ticket would say is what Cancel says, too.
	t, err := a.call(ctx, "Enqueue", `{"mode":"`+Mode+`"}`)
	if err != nil {
		return err
	}
	if t.Assignment.Seat != "" {
		return nil
	}
	return c.awaitMatch(ctx, a.d, t)
}

// awaitMatch watches a ticket until it has a match.
func (c *crowd) awaitMatch(ctx context.Context, d *dialer, t answered) error {
	conn, err := d.dial(ctx, "http/1.1")
	if err != nil {
		return err
	}
	l := &line{Conn: conn, r: newReader(conn)}
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Now()) })
	defer stop()
	body := enveloped(`{"ticket":"` + t.Ticket + `"}`)
	_, err = fmt.Fprintf(l, "POST /tickroom.v1.MatchmakingService/Watch HTTP/1.1\r\nHost: %s\r\nContent-Type: application/connect+json\r\n%sContent-Length: %d\r\n\r\n%s",
		c.target.host(), bearer(t.GuestToken), len(body), body)
	if err != nil {
		return err
	}
	messages, err := l.stream()
	if err != nil {
		return err
	}
	for {
		b, err := messages()
		if err != nil {
			return err
		}
		var state struct {
			State string `json:"state"`
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal(b, &state); err != nil {
			return err
		}
		switch state.State {
		case "TICKET_STATE_MATCHED":
			return nil
		case "TICKET_STATE_CANCELLED", "TICKET_STATE_TIMED_OUT":
			return errors.New(state.State)
		}
		if state.Error.Code != "" {
			return errors.New(state.Error.Code + ": " + state.Error.Message)
		}
	}
}

// lookAround reads the page, the list of rooms and the status.
func (c *crowd) lookAround(ctx context.Context) {
	d, began := c.dialer(), time.Now()
	a := &asker{d: d}
	defer a.close()
	host := c.target.host()
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n", "GET /status.json HTTP/1.1\r\nHost: " + host + "\r\n\r\n", post(host, "ListRooms", `{}`),
	} {
		if _, err := a.ask(ctx, request); err != nil {
			if ctx.Err() == nil {
				c.failed(&c.felt.Unread, "page", err)
			}
			return
		}
	}
	c.took(&c.felt.Pages, &c.page, began)
}
