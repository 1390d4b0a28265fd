package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	// stay is the longest that a player stays in a room.
	stay = 400 * time.Millisecond
	// patience is how long a player waits for a room.
	patience = 4 * time.Second
	// knownRooms bounds the rooms that players tell each other of.
	knownRooms = 32
)

// word is what players tell each other: rooms, and codes of private ones.
type word struct {
	mu           sync.Mutex
	rooms, codes []string
	done         map[string]int // what was done and how it went
}

func (w *word) tell(list *[]string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append((*list)[max(0, len(*list)-knownRooms+1):], text)
}

// pick returns one of a list; empty if there is none.
func (w *word) pick(list *[]string, rnd *rand.Rand) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) == 0 {
		return ""
	}
	return (*list)[rnd.IntN(len(*list))]
}

func (w *word) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[what]++
}

// player does what players do, at random. It belongs to one goroutine.
type player struct {
	site *site
	word *word
	rnd  *rand.Rand
	m    *matchmaker.Client // of its server

	in   []*client.Client // what it has open
	line *line            // of the newest
}

func newPlayer(s *site, w *word, seed uint64, n int) (*player, error) {
	m, err := matchmaker.New("http://"+s.servers[n%len(s.servers)].Addr().String(), matchmaker.Options{HTTP: s.http})
	return &player{site: s, word: w, rnd: rand.New(rand.NewPCG(seed, uint64(n))), m: m}, err
}

// line connects, and knows how to break the connection.
type line struct {
	mu   sync.Mutex
	conn net.Conn
}

func (l *line) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
	return c, err
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// play joins rooms and leaves them until ctx is done. Then half of the players stay where
// they are.
func (p *player) play(ctx context.Context) {
	for ctx.Err() == nil {
		what, err := p.come(ctx)
		p.word.count(what + ": " + verdict(err))
		if err != nil {
			sleep(ctx, time.Duration(p.rnd.Int64N(int64(stay/4))))
			continue
		}
		if p.rnd.IntN(8) == 0 {
			continue // and into another room, beside this one
		}
		sleep(ctx, time.Duration(p.rnd.Int64N(int64(stay))))
		if ctx.Err() == nil {
			p.leave()
		}
	}
	if p.rnd.IntN(2) == 0 {
		p.leave()
	}
}

// come tries to get into a room in one of many ways.
func (p *player) come(ctx context.Context) (what string, err error) {
	// What was begun is brought to its end, so that nothing of it happens later.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	switch n := p.rnd.IntN(100); {
	case n < 25:
		return "join", p.hello(ctx, client.Config{Kind: "arena"})
	case n < 35:
		return "join a room", p.hello(ctx, client.Config{Kind: "arena", Room: p.word.pick(&p.word.rooms, p.rnd)})
	case n < 50:
		return "watch a room", p.hello(ctx, client.Config{Kind: "arena", Room: p.word.pick(&p.word.rooms, p.rnd), Spectate: true})
	case n < 75:
		a, err := p.m.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "arena"})
		return "quick join", p.enter(ctx, a, err)
	case n < 83:
		a, err := p.m.CreateRoom(ctx, &tickroomv1.CreateRoomRequest{Kind: "arena", Open: p.rnd.IntN(2) == 0})
		if err == nil {
			p.word.tell(&p.word.codes, a.GetCode())
		}
		return "create a room", p.enter(ctx, a, err)
	case n < 93:
		a, err := p.m.JoinRoom(ctx, &tickroomv1.JoinRoomRequest{Code: p.word.pick(&p.word.codes, p.rnd)})
		return "join by code", p.enter(ctx, a, err)
	default:
		a, err := p.m.Spectate(ctx, &tickroomv1.SpectateRequest{Code: p.word.pick(&p.word.codes, p.rnd)})
		return "watch by code", p.enter(ctx, a, err)
	}
}

// hello joins without a seat, on any server, as a new guest or as the one it is.
func (p *player) hello(ctx context.Context, cfg client.Config) error {
	cfg.Schema = arenav1.Schema
	if p.rnd.IntN(2) == 0 {
		cfg.Token = p.m.Token()
	}
	srv := p.site.servers[p.rnd.IntN(len(p.site.servers))]
	l := &line{}
	c, err := client.Dial(ctx, "ws://"+srv.Addr().String()+"/ws", client.Options{Config: cfg, Dialer: l})
	return p.entered(c, l, err)
}

// enter comes with a seat; or, now and then, does not.
func (p *player) enter(ctx context.Context, a *matchmaker.Assignment, err error) error {
	if err != nil {
		return err
	}
	if p.rnd.IntN(6) == 0 {
		return errNotCome
	}
	l := &line{}
	c, err := p.m.Dial(ctx, a, client.Options{Config: client.Config{Schema: arenav1.Schema}, Dialer: l})
	return p.entered(c, l, err)
}

var errNotCome = errors.New("seat not used")

func (p *player) entered(c *client.Client, l *line, err error) error {
	if err == nil {
		p.in, p.line = append(p.in, c), l
		p.word.tell(&p.word.rooms, c.Welcome().GetRoom())
	}
	return err
}

// leave ends all sessions; the newest one at times because the connection is lost, so that
// it is held.
func (p *player) leave() {
	if len(p.in) > 0 && p.rnd.IntN(3) == 0 {
		p.line.cut()
		sleep(context.Background(), time.Duration(p.rnd.Int64N(int64(stay))))
		if p.rnd.IntN(2) == 0 {
			p.line.cut()
		}
	}
	for _, c := range p.in {
		c.Close(client.CloseNormal, "")
	}
	p.in = nil
}

// again joins anew, as somebody does for whom all should be well.
func (p *player) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if p.rnd.IntN(2) == 0 {
		return p.hello(ctx, client.Config{Kind: "arena"})
	}
	a, err := p.m.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "arena"})
	if err != nil {
		return err
	}
	l := &line{}
	c, err := p.m.Dial(ctx, a, client.Options{Config: client.Config{Schema: arenav1.Schema}, Dialer: l})
	return p.entered(c, l, err)
}

// verdict returns how something went, in a word.
func verdict(err error) string {
	var ce *client.CloseError
	var me *matchmaker.Error
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errNotCome):
		return err.Error()
	case errors.As(err, &ce):
		return fmt.Sprint(ce.Code)
	case errors.As(err, &me):
		return me.Code.String()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "other"
}
