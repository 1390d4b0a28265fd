package audience

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/netcode/client"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// Contestants is how the contestants of a quiz behave.
type Contestants struct {
	// Skill is the share of questions that they know, if the show's file marks the right option
	// with Mark. What they don't know they guess.
	Skill float64
	// Every asks for a snapshot in one of so many ticks.
	Every uint32
}

// Mark is at the end of the text of options that contestants who know an answer take.
const Mark = " ✓"

// Behaviour returns how bots are such contestants.
func (q *Contestants) Behaviour() bots.Behaviour {
	return bots.Behaviour{
		Schema: quizv1.Schema, Flags: q.flags, Alike: true,
		NewCrew: func(s bots.Setup) (bots.Crew, error) { return newContestants(*q, s), nil },
	}
}

func (q *Contestants) flags(f *pflag.FlagSet) {
	f.Float64Var(&q.Skill, "skill", 0.8, "quiz: `share` of questions that contestants know, if right options end with \""+Mark+"\"")
	f.Uint32Var(&q.Every, "every", 4, "quiz: ask for a snapshot in one of so many `ticks`")
}

// contestants is the crew of one run.
type contestants struct {
	Contestants
	setup   bots.Setup
	records []record // of all contestants, each for the loop of its bot

	overAt atomic.Int64      // when somebody first saw that the show is over; 0: it is not
	last   atomic.Uint32     // number of the last question that has come to an end
	ranked [128]atomic.Int64 // by the question's number, contestants who know their ranks after it

	sent, again, late, accepted atomic.Int64
	lateWrongly, lost, doubled  atomic.Int64
	refusals                    tally
	answer, reveal, key         *bots.Latencies

	mu sync.Mutex
	// Guarded by mu.
	run       uint32
	outcomes  []outcome       // by the question's number, from 1
	shownAt   []time.Duration // of the question that is open: when contestants show it
	shown     uint32          // its number
	keysAt    []time.Duration // likewise of the last key
	keysShown uint32
}

func newContestants(q Contestants, s bots.Setup) *contestants {
	return &contestants{
		Contestants: q, setup: s, records: make([]record, s.Clients),
		answer: bots.NewLatencies(), reveal: bots.NewLatencies(), key: bots.NewLatencies(),
	}
}

// Hello asks for fewer snapshots: what is shown when follows from the clock.
func (c *contestants) Hello(_ int, cfg *client.Config) { cfg.Every = c.Every }

// NewPilot returns a contestant.
func (c *contestants) NewPilot(bot int, rnd *rand.Rand) bots.Pilot {
	return &contestant{crew: c, record: &c.records[bot], rnd: rnd, timed: !c.setup.Disturbed(bot)}
}

// Play waits until the show is over and all know their ranks.
func (c *contestants) Play(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		over := time.Duration(c.overAt.Load())
		if over == 0 {
			continue
		}
		// Who was cut off at the end comes back and is told.
		if since := c.setup.Now() - over; since > time.Second && c.ranked[c.last.Load()%uint32(len(c.ranked))].Load() >= int64(c.setup.Clients) || since > settleLimit {
			return nil
		}
	}
}

// sawOutcome notes what a question has come to.
func (c *contestants) sawOutcome(run uint32, q *quizv1.Question, now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(run)
	o := c.outcome(q.Number)
	if !slices.Equal(o.counts, q.Counts) {
		o.counts = slices.Clone(q.Counts)
	}
	*o = outcome{
		known: true, key: q.Key, skipped: q.Skipped, last: q.Last, points: q.Points, opens: q.OpensAt, closes: q.ClosesAt, counts: o.counts,
	}
	if c.keysShown != q.Number {
		spread(c.key, c.keysAt)
		c.keysAt, c.keysShown = c.keysAt[:0], q.Number
	}
	c.keysAt = append(c.keysAt, now)
}

// outcome returns what is known of a question. The caller holds mu.
func (c *contestants) outcome(number uint32) *outcome {
	if number > c.last.Load() {
		c.last.Store(number)
	}
	for len(c.outcomes) < int(number) {
		c.outcomes = append(c.outcomes, outcome{})
	}
	return &c.outcomes[number-1]
}

// sawAsked notes a question, whose key may never be shown: if the show can't be reached when it is
// due, the next question may come before it.
func (c *contestants) sawAsked(run uint32, q *quizv1.Question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(run)
	if o := c.outcome(q.Number); !o.known && o.opens == 0 {
		o.opens, o.closes, o.points, o.last = q.OpensAt, q.ClosesAt, q.Points, q.Last
	}
}

// wasRight notes that a contestant was told that an option was right.
func (c *contestants) wasRight(run, number uint32, option uint8) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if run != c.run {
		return
	}
	if o := c.outcome(number); !o.known {
		o.key |= 1 << option
	}
}

// begin forgets another run. The caller holds mu.
func (c *contestants) begin(run uint32) {
	if run != c.run {
		c.run, c.outcomes, c.shown, c.keysShown = run, nil, 0, 0
		c.shownAt, c.keysAt = c.shownAt[:0], c.keysAt[:0]
		for i := range c.ranked {
			c.ranked[i].Store(0)
		}
		c.last.Store(0)
	}
}

// sawOpen notes when a contestant shows a question.
func (c *contestants) sawOpen(run, number uint32, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(run)
	if c.shown != number {
		spread(c.reveal, c.shownAt)
		c.shownAt, c.shown = c.shownAt[:0], number
	}
	c.shownAt = append(c.shownAt, at)
}

// spread records by how much each time is later than the first one.
func spread(into *bots.Latencies, times []time.Duration) {
	if len(times) == 0 {
		return
	}
	first := slices.Min(times)
	for _, t := range times {
		into.Record(max(t-first, time.Microsecond), first)
	}
}

// Figures returns what was measured.
func (c *contestants) Figures() []bots.Figure {
	c.mu.Lock()
	defer c.mu.Unlock()
	spread(c.reveal, c.shownAt)
	spread(c.key, c.keysAt)
	c.shownAt, c.keysAt = nil, nil
	v := check(c.outcomes, c.records, c.mode())
	n := func(name, text string, v int64) bots.Figure {
		return bots.Figure{Name: name, Text: text, Value: float64(v)}
	}
	return []bots.Figure{
		n("questions", "questions that were answered and judged", v.questions),
		n("keys_unseen", "of these, questions whose right answer nobody was shown in time", v.unseen),
		n("answers_sent", "answers sent", c.sent.Load()),
		n("answers_accepted", "answers that were accepted", c.accepted.Load()),
		{Name: "answers_refused", Text: "answers that were refused", Counts: c.refusals.counts()},
		n("answers_again", "answers that were sent again, and counted once", c.again.Load()),
		n("answers_lost", "answers that were accepted, or sent in good time, and did not count", c.lost.Load()+v.lost),
		n("answers_doubled", "answers that counted and were not given, or counted twice", c.doubled.Load()+v.doubled),
		n("answers_late", "answers that were too late, as they should be", c.late.Load()),
		n("late_wrongly", "answers sent in time that were taken for late", c.lateWrongly.Load()),
		n("ranks_checked", "ranks that were compared with those worked out here", v.checked),
		n("rank_errors", "ranks, points and times that are others", v.wrong),
		n("ranks_missing", "contestants who were not told their last rank", v.missing),
		n("count_errors", "answers by which the figures of an option are off", v.counts),
		c.answer.Figure("answer_ms", "answer sent to answered"),
		c.reveal.Figure("reveal_spread_ms", "question shown, after the first one who shows it"),
		c.key.Figure("key_spread_ms", "key there, after the first one who has it"),
	}
}

func (c *contestants) mode() quizv1.Mode {
	for i := range c.records {
		if m := c.records[i].mode; m != quizv1.Mode_MODE_UNSPECIFIED {
			return m
		}
	}
	return quizv1.Mode_MODE_UNSPECIFIED
}
