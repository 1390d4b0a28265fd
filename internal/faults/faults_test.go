package faults

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisfault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

const (
	// Of make faults: how long; the seed, which is random by default; and the only kind of
	// rounds, all by default.
	durationEnv = "TICKROOM_FAULTS"
	seedEnv     = "TICKROOM_FAULTS_SEED"
	harmEnv     = "TICKROOM_FAULTS_HARM"
	// short is how long it takes with the other tests, each round so long.
	short, shortRound = 4 * time.Second, 2 * time.Second
	longRound         = 8 * time.Second
	shortPlayers      = 16
	longPlayers       = 40
	// A server says how it is doing more often than by default where there is little time.
	shortBeat = 500 * time.Millisecond
	longBeat  = 2 * time.Second
)

// harm is what happens in a round.
type harm struct {
	name string
	odds redisfault.Odds
	// hangs are how long the line hangs at most, now and then; 0: never. cuts is set if all
	// connections break now and then, forgets if a fail-over loses the last second.
	hangs         time.Duration
	cuts, forgets bool
}

// late is longer than servers wait for an answer.
const late = 1500 * time.Millisecond

// harms are the kinds of rounds. The first two are those of a short run.
func harms() []harm {
	return []harm{
		{name: "all of it", odds: redisfault.Odds{LoseCall: 0.02, LoseAnswer: 0.03, Repeat: 0.05, DelayCall: 0.02, DelayAnswer: 0.02, CutCall: 0.02, CutAnswer: 0.03, Late: late}, hangs: time.Second, cuts: true},
		{name: "fail-over", odds: redisfault.Odds{CutAnswer: 0.02}, forgets: true},
		{name: "losses", odds: redisfault.Odds{LoseCall: 0.05, LoseAnswer: 0.1}},
		{name: "repeats", odds: redisfault.Odds{Repeat: 0.4, Late: late}},
		{name: "delays", odds: redisfault.Odds{DelayCall: 0.05, DelayAnswer: 0.05, Late: late}},
		{name: "cuts", odds: redisfault.Odds{CutCall: 0.05, CutAnswer: 0.15}, cuts: true},
		{name: "hangs", hangs: 2500 * time.Millisecond},
		{name: "none"}, // to compare with
	}
}

// run is the whole of it.
type run struct {
	t       *testing.T
	site    *site
	word    *word
	players []*player
	seed    uint64
	rnd     *rand.Rand
	round   time.Duration
	bar     *bar
	report  report
}

// TestTheDirectoryIsMended does harm for some seconds, and sees that soon after the directory
// equals the truth, that no room lives on without anybody, and that all can join; and so again.
func TestTheDirectoryIsMended(t *testing.T) {
	all, players, round, beat := short, shortPlayers, shortRound, shortBeat
	if long := os.Getenv(durationEnv); long != "" {
		d, err := time.ParseDuration(long)
		if err != nil {
			t.Fatalf("DURATION is a time, such as 5m: %v", err)
		}
		all, players, round, beat = d, longPlayers, longRound, longBeat
	} else {
		t.Parallel()
	}
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv(seedEnv), strconv.FormatUint(rand.Uint64N(1e6), 10)), 10, 64)
	if err != nil {
		t.Fatalf("SEED is a whole number: %v", err)
	}
	t.Logf("the seed is %d", seed)
	r := &run{
		t: t, site: newSite(t, beat), word: &word{done: map[string]int{}}, seed: seed, rnd: rand.New(rand.NewPCG(seed, 0)), round: round,
		bar: newBar(all), report: report{rows: map[string]*row{}},
	}
	for n := range players {
		p, err := newPlayer(r.site, r.word, seed, n+1)
		if err != nil {
			t.Fatal(err)
		}
		r.players = append(r.players, p)
	}
	only := os.Getenv(harmEnv)
	kinds := slices.DeleteFunc(harms(), func(h harm) bool { return only != "" && h.name != only })
	if len(kinds) == 0 {
		t.Fatalf("there is no HARM %q", only)
	}
	begun := time.Now()
	for i := 0; time.Since(begun) < all && !t.Failed(); i++ {
		r.one(t.Context(), i, kinds[i%len(kinds)])
	}
	r.each((*player).leave)
	r.bar.close()
	r.report.faults = r.site.proxy.Counts().Faults
	t.Log(r.report.String())
	t.Log(counted(r.word.done))
}

// one is one round.
func (r *run) one(ctx context.Context, i int, h harm) {
	o := r.report.rows[h.name]
	if o == nil {
		o = &row{slowest: map[string]time.Duration{}}
		r.report.rows[h.name] = o
	}
	r.bar.show(fmt.Sprintf("round %d: %s", i+1, h.name))
	before := r.site.proxy.Counts()
	r.harm(ctx, h, r.seed+uint64(i))
	after := r.site.proxy.Counts()
	o.rounds++
	o.calls += after.Calls - before.Calls
	for k, n := range after.Faults {
		o.harmed += n - before.Faults[k]
	}
	see := func(what string, holds func(context.Context) error) bool {
		took, err := soon(ctx, holds)
		o.slowest[what] = max(o.slowest[what], took)
		if err != nil {
			o.failed++
			r.t.Errorf("round %d, %s, seed %d, %s: not within %d polls, %v:\n%v", i+1, h.name, r.seed, what, polls, took.Round(time.Millisecond), err)
		}
		return err == nil
	}
	if !see("truth", r.site.compare) {
		return
	}
	r.each((*player).leave)
	if see("empty", r.site.empty) {
		see("again", r.again)
	}
}

// harm has the players play while harm is done.
func (r *run) harm(ctx context.Context, h harm, seed uint64) {
	playing, stop := context.WithTimeout(ctx, r.round)
	defer stop()
	p := r.site.proxy
	p.Harm(h.odds.Plan(seed, nil))
	var wg sync.WaitGroup
	wg.Go(func() { r.each(func(q *player) { q.play(playing) }) })
	if h.forgets {
		wg.Go(func() {
			sleep(playing, r.round/4)
			r.site.forget(playing, r.round/2)
		})
	}
	for playing.Err() == nil {
		sleep(playing, time.Duration(r.rnd.Int64N(int64(r.round/3))))
		if h.cuts {
			p.Cut()
		}
		if h.hangs > 0 {
			p.Hang(time.Duration(r.rnd.Int64N(int64(h.hangs))))
		}
	}
	wg.Wait()
	p.Heal()
}

// each has all players do something at once, and waits for them.
func (r *run) each(do func(p *player)) {
	var wg sync.WaitGroup
	for _, p := range r.players {
		wg.Go(func() { do(p) })
	}
	wg.Wait()
}

// again has those join who are in no room. The error is that of somebody who can't.
func (r *run) again(ctx context.Context) error {
	errs := make(chan error, len(r.players))
	r.each(func(p *player) {
		if len(p.in) == 0 {
			if err := p.again(ctx); err != nil {
				errs <- err
			}
		}
	})
	select {
	case err := <-errs:
		return fmt.Errorf("%d of %d can't join: %w", len(errs)+1, len(r.players), err)
	default:
		return nil
	}
}
