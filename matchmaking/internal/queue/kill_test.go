package queue_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// asMatcher makes the test binary a program that runs the queue, on the Redis whose
	// socket it names.
	asMatcher = "TICKROOM_TEST_MATCHER"
	// killsEnv is how often the matcher is killed; see make kill.
	killsEnv     = "TICKROOM_KILLS"
	killsShort   = 8
	redisEach    = 4 // kills of the matcher for one of Redis
	killPlayers  = 40
	killTTL      = time.Second
	killInterval = 100 * time.Millisecond
	killPrefix   = "kill:"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(asMatcher); addr != "" {
		matcherProgram(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// open is a mode in which any two can play.
func openMode() mode.Mode {
	md := mode.New("open")
	md.Room.Kind = "arena"
	md.Rating.Window = mode.Window{Base: 10_000}
	md.Timeout = 0
	return md
}

// matcherProgram runs the queue until its standard input ends, or it is killed. It prints
// what it does, a line at a time: "held", "lost", and "try ID" before each match that it
// asks the store for.
func matcherProgram(addr string) {
	c, err := connect(addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tickets := redisdb.NewTickets(c, killPrefix)
	r, err := queue.Start(queue.Config{
		Queues: journal{tickets},
		Placer: place.New(manyNodes{}), Modes: []mode.Mode{openMode()}, Interval: killInterval, TTL: killTTL, Metrics: heldLines{},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	r.Stop()
	tickets.Close()
	_ = c.Close()
}

// connect connects as servers do.
func connect(addr string) (redis.UniversalClient, error) {
	return redisclient.New(redisclient.Config{
		URL: secret.Text("unix://" + addr), DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond,
	})
}

// open returns the store in a redis-server until the test ends.
func open(t testing.TB, srv *redistest.Server, prefix string) whole {
	t.Helper()
	c, err := connect(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	s := redisdb.NewTickets(c, prefix)
	t.Cleanup(func() {
		s.Close()
		_ = c.Close()
	})
	return s
}

// quiet is a Metrics that counts nothing.
type quiet struct{}

func (quiet) Held(string, bool)                                {}
func (quiet) Waiting(string, int, int)                         {}
func (quiet) Pass(string, time.Duration)                       {}
func (quiet) Match(string, int, int, float64, []time.Duration) {}
func (quiet) Fill(string, int, []time.Duration)                {}
func (quiet) TimedOut(string, int)                             {}
func (quiet) NoNode(string, string)                            {}
func (quiet) Error(string)                                     {}

// heldLines prints when the queue is held.
type heldLines struct{ quiet }

func (heldLines) Held(_ string, held bool) {
	if held {
		fmt.Println("held")
	} else {
		fmt.Println("lost")
	}
}

type journal struct{ whole }

func (j journal) Commit(ctx context.Context, l store.Lease, o store.Outcome) ([]string, error) {
	fmt.Println("try", o.Match.ID)
	return j.whole.Commit(ctx, l, o)
}

// manyNodes is a node that takes everything.
type manyNodes struct{}

func (manyNodes) Beat(context.Context, store.Node, time.Duration) error { return nil }
func (manyNodes) Leave(context.Context, string) error                   { return nil }
func (manyNodes) Nodes(context.Context) ([]store.Node, error) {
	return []store.Node{{ID: "n1", Kinds: []string{"arena"}, Spare: 1}}, nil
}

// matcher is a process that runs the queue.
type matcher struct {
	cmd  *exec.Cmd
	in   io.Closer
	held atomic.Bool
	read sync.WaitGroup
}

func (b *massacre) startMatcher() *matcher {
	b.t.Helper()
	m := &matcher{cmd: exec.Command(os.Args[0])}
	m.cmd.Env = append(os.Environ(), asMatcher+"="+b.srv.Addr())
	m.cmd.Stderr = b.t.Output()
	var err error
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		b.t.Fatal(err)
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	m.read.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			switch word, id, _ := strings.Cut(lines.Text(), " "); word {
			case "held":
				m.held.Store(true)
			case "lost":
				m.held.Store(false)
			case "try":
				b.mu.Lock()
				if !b.seen[id] {
					b.seen[id] = true
					b.tried = append(b.tried, try{id, time.Now()})
				}
				b.mu.Unlock()
			}
		}
	})
	return m
}

// kill ends a process as kill -9 does.
func (m *matcher) kill() {
	_ = m.cmd.Process.Kill()
	m.read.Wait()
	_ = m.cmd.Wait() // its error is that it was killed
	_ = m.in.Close()
}

// massacre is a test that kills matchers and Redis while players queue, and keeps
// account of their tickets.
type massacre struct {
	t     *testing.T
	srv   *redistest.Server
	store whole

	matched atomic.Int64
	stop    chan struct{} // no new tickets

	mu    sync.Mutex
	ended map[string]store.Status // tickets, as their players have seen them end
	tried []try                   // matches that may have been made and were not found yet
	seen  map[string]bool
	made  map[string]store.Match // that were found
}

// try is a match that a matcher has asked for.
type try struct {
	id string
	at time.Time
}

// TestNoTicketIsLostOrMatchedTwice kills the matcher with kill -9 at random moments under
// load, and Redis with it now and then. Each ticket must be in exactly one of all the
// matches that were ever made if it was matched, and in none if it was cancelled; every
// ticket must have ended in one of these ways.
func TestNoTicketIsLostOrMatchedTwice(t *testing.T) {
	t.Parallel()
	kills := killsWanted(t)
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	b := &massacre{
		t: t, srv: redistest.Start(t), stop: make(chan struct{}),
		ended: map[string]store.Status{}, seen: map[string]bool{}, made: map[string]store.Match{},
	}
	b.store = open(t, b.srv, killPrefix)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second+time.Duration(kills)*5*time.Second)
	defer cancel()

	var players sync.WaitGroup
	for p := range killPlayers {
		players.Go(func() { b.play(ctx, p, rand.New(rand.NewPCG(seed, uint64(p)+1))) })
	}
	running := []*matcher{b.startMatcher(), b.startMatcher()}
	defer func() {
		for _, m := range running {
			m.kill()
		}
	}()
	var redisKills int
	var gaps []time.Duration
	for k := range kills {
		before := b.matched.Load()
		b.until(ctx, func() bool { return b.matched.Load() >= before+10 })
		pause(ctx, time.Duration(rnd.Int64N(int64(150*time.Millisecond))))
		i := 0
		if running[1].held.Load() {
			i = 1
		}
		down := k%redisEach == redisEach-1
		if down {
			redisKills++
		}
		var killed time.Time
		running[i], killed = b.strike(ctx, rnd, running[i], down)
		other := running[1-i]
		b.until(ctx, func() bool { return other.held.Load() || running[i].held.Load() })
		after := b.matched.Load()
		b.until(ctx, func() bool { return b.matched.Load() > after })
		gaps = append(gaps, time.Since(killed))
		b.audit(ctx, time.Now().Add(-time.Second))
	}
	close(b.stop)
	players.Wait()
	b.audit(ctx, time.Now())
	for _, m := range running {
		m.kill()
	}
	b.audit(ctx, time.Now())
	if ctx.Err() != nil {
		t.Fatalf("it took too long: %v", ctx.Err())
	}
	longest, sum := time.Duration(0), time.Duration(0)
	for _, g := range gaps {
		longest, sum = max(longest, g), sum+g
	}
	b.account()
	t.Logf("killed the matcher %d times and Redis %d times; from a kill to the next match %v in the mean, %v at most",
		kills, redisKills, (sum / time.Duration(len(gaps))).Round(time.Millisecond), longest.Round(time.Millisecond))
}

// killsWanted returns how many kills are asked for.
func killsWanted(t *testing.T) int {
	t.Helper()
	s := os.Getenv(killsEnv)
	if s == "" {
		return killsShort
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q; it must be a number of kills", killsEnv, s)
	}
	return n
}

// strike kills a matcher, and Redis around that if it is to go down, and starts another
// one.
func (b *massacre) strike(ctx context.Context, rnd *rand.Rand, m *matcher, down bool) (next *matcher, killed time.Time) {
	moment := func(most time.Duration) { pause(ctx, time.Duration(rnd.Int64N(int64(most)))) }
	if down && rnd.IntN(2) == 0 { // Redis first
		b.srv.Kill()
		moment(20 * time.Millisecond)
	}
	m.kill()
	killed = time.Now()
	next = b.startMatcher()
	if down {
		moment(20 * time.Millisecond)
		b.srv.Kill()
		moment(300 * time.Millisecond)
		b.srv.Run()
	}
	return next, killed
}

// pause lets some time pass, in which others may do what they do.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// until waits for something, or until the test's time is over.
func (b *massacre) until(ctx context.Context, is func() bool) {
	for !is() && ctx.Err() == nil {
		pause(ctx, 2*time.Millisecond)
	}
}

// known asks the store again and again until it answers.
func known[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for {
		v, err := ask()
		if err == nil || errors.Is(err, store.ErrNoTicket) || errors.Is(err, store.ErrNoRoom) || errors.Is(err, store.ErrEnded) || ctx.Err() != nil {
			return v, err
		}
		if q := (*store.QueuedError)(nil); errors.As(err, &q) {
			return v, err
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// play has a player queue again and again, and sometimes cancel.
func (b *massacre) play(ctx context.Context, p int, rnd *rand.Rand) {
	name := fmt.Sprint("player", p)
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-b.stop:
			return
		default:
		}
		id := fmt.Sprintf("ticket-%d-%d", p, i)
		now := time.Now()
		_, err := known(ctx, func() (struct{}, error) {
			return struct{}{}, b.store.Add(ctx, store.Ticket{
				ID: id, Queue: "open", Created: now, Since: now,
				Members: []store.Member{{Player: name, Name: name, Mu: 1500 + 300*rnd.NormFloat64(), Sigma: 100, Ready: true}},
			})
		})
		if err != nil {
			b.t.Errorf("%s could not be added: %v", id, err)
			return
		}
		if rnd.IntN(8) == 0 {
			pause(ctx, time.Duration(rnd.Int64N(int64(2*killInterval))))
			b.cancel(ctx, id, name)
		}
		b.wait(ctx, id, name)
		pause(ctx, time.Duration(rnd.Int64N(int64(killInterval))))
	}
}

func (b *massacre) cancel(ctx context.Context, id, player string) {
	if _, err := known(ctx, func() (store.Status, error) { return b.store.Cancel(ctx, id, player) }); err != nil {
		b.t.Errorf("%s could not be cancelled: %v", id, err)
	}
}

// wait waits until a ticket has ended.
func (b *massacre) wait(ctx context.Context, id, player string) {
	changed, done, err := b.store.Watch(ctx, id)
	if err == nil {
		defer done()
	}
	var stopped time.Time
	for {
		st, err := known(ctx, func() (store.Status, error) { return b.store.Ticket(ctx, id) })
		if err != nil {
			b.t.Errorf("%s is lost: %v", id, err)
			return
		}
		if st.State.Ended() {
			b.mu.Lock()
			b.ended[id] = st
			b.mu.Unlock()
			if st.State == store.Matched {
				b.matched.Add(1)
			}
			return
		}
		look := time.NewTimer(200 * time.Millisecond)
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
		}
		look.Stop()
		select {
		case <-b.stop:
			// One may be left for want of another.
			if stopped.IsZero() {
				stopped = time.Now()
			} else if time.Since(stopped) > 3*killTTL {
				b.cancel(ctx, id, player)
			}
		default:
		}
	}
}

// audit looks which of the matches that were tried before a time were made.
func (b *massacre) audit(ctx context.Context, before time.Time) {
	b.mu.Lock()
	tried := b.tried
	b.tried = nil
	b.mu.Unlock()
	for _, x := range tried {
		var err error
		var m store.Match
		if x.at.Before(before) {
			m, err = known(ctx, func() (store.Match, error) { return b.store.Match(ctx, x.id, "") })
		}
		b.mu.Lock()
		if m.ID != "" && err == nil {
			b.made[x.id] = m
		} else {
			b.tried = append(b.tried, x) // it may come true yet
		}
		b.mu.Unlock()
	}
}

// account holds the tickets against the matches.
func (b *massacre) account() {
	in := map[string][]string{} // matches by ticket
	for id, m := range b.made {
		slots := 0
		for _, team := range m.Teams {
			for _, s := range team.Slots {
				in[s.Ticket] = append(in[s.Ticket], id)
				slots++
			}
		}
		if slots != 2 {
			b.t.Errorf("match %s has %d slots", id, slots)
		}
	}
	matched, cancelled, wrong := 0, 0, 0
	for id, st := range b.ended {
		switch {
		case st.State == store.Matched && len(in[id]) == 1 && in[id][0] == st.Match:
			matched++
		case st.State == store.Cancelled && len(in[id]) == 0:
			cancelled++
		default:
			wrong++
			b.t.Errorf("%s ended in state %d with match %q; the matches with it are %v", id, st.State, st.Match, in[id])
		}
	}
	for id := range in {
		if _, ok := b.ended[id]; !ok {
			b.t.Errorf("%s is in a match and was never seen to end", id)
		}
	}
	if matched != 2*len(b.made) || matched == 0 {
		b.t.Errorf("%d tickets matched in %d matches", matched, len(b.made))
	}
	b.t.Logf("%d tickets: %d matched in %d matches, %d cancelled, %d neither or twice; %d matches were tried and did not come true",
		len(b.ended), matched, len(b.made), cancelled, wrong, len(b.tried))
}
