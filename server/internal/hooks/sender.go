package hooks

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/claim"
)

const (
	// window is how many letters of a webhook are in memory at once. Letters behind them wait in
	// the store: also those of rooms that nothing is wrong with, while so many of one room wait.
	window = 4096
	// loadPage is how many are read at once.
	loadPage = 512
	// donePage is how many are forgotten at once, doneAfter how long one that has arrived waits
	// for others at most. If the process dies before, it is sent again.
	donePage  = 64
	doneAfter = 50 * time.Millisecond
	// claimTTL is how long a webhook is without a sender when the server dies that was it.
	claimTTL = 6 * time.Second
	// claimName begins the names of claims.
	claimName = "webhook/"
	// storeRetry is when a store that has failed is tried again.
	storeRetry = time.Second
)

// Status is how a webhook is doing, as this server knows it.
type Status struct {
	Name, URL string
	// Sender: it is this server that sends its letters.
	Sender bool
	// LastSuccess and LastFailure are when attempts of this server ended so; zero: none has. Why
	// is what the failed one came to.
	LastSuccess, LastFailure time.Time
	Why                      string
}

// sender sends the letters of one webhook, as long as its server is the one that does.
type sender struct {
	name   string
	o      *Options
	post   *poster
	log    *slog.Logger
	wake   chan struct{} // holds one: there may be new letters
	result chan result

	// run's own.
	lanes *lanes
	after Place // of the last letter that was read
	done  []Place
	// forgotten is when some of done were last taken out of the store.
	forgotten time.Time
	held      claim.Claim
	until     time.Time // when the claim ends, by its own clock; zero: it is not the sender
	failing   bool      // the store
	under     sync.WaitGroup

	mu     sync.Mutex
	status Status
}

type result struct {
	lane *lane
	outcome
	lanes *lanes // that it is of
}

func newSender(r Receiver, o *Options) *sender {
	return &sender{
		name: r.Name, o: o, post: newPoster(r, o), log: o.Logger.With("webhook", r.Name), wake: make(chan struct{}, 1),
		result: make(chan result, o.Concurrency), status: Status{Name: r.Name, URL: r.Shown()},
	}
}

// poke says that there may be new letters.
func (s *sender) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run sends letters until ctx is done. Attempts that are under way then are broken off.
func (s *sender) run(ctx context.Context) {
	s.reset()
	poll, claim := time.NewTicker(s.o.Poll), time.NewTicker(claimTTL/3)
	defer poll.Stop()
	defer claim.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	s.claim(ctx)
	for ctx.Err() == nil {
		s.load(ctx)
		if wait := s.launch(ctx); wait >= 0 {
			due.Reset(wait)
		}
		select {
		case <-s.wake:
		case <-poll.C:
		case <-due.C:
		case <-claim.C:
			s.claim(ctx)
		case r := <-s.result:
			s.took(ctx, r)
		case <-ctx.Done():
		}
		s.forget(ctx, false)
	}
	s.end(ctx)
}

// end waits for what is under way, and gives the webhook to others.
func (s *sender) end(ctx context.Context) {
	go func() {
		s.under.Wait()
		close(s.result)
	}()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	for r := range s.result {
		if r.err == nil && r.lanes == s.lanes {
			s.done = append(s.done, r.lane.first().Place)
		}
	}
	s.forget(last, true)
	if !s.until.IsZero() {
		_ = s.o.Claims.Release(last, s.held) // it ends by itself
	}
	s.post.close()
}

// reset forgets all letters that are in memory. They are still in the store.
func (s *sender) reset() {
	s.lanes, s.after = newLanes(s.o.Concurrency, s.o.RetryFor, s.o.MaxBackoff), ""
}

// claim makes this server the sender, or keeps it that.
func (s *sender) claim(ctx context.Context) {
	at := time.Now()
	held, err := s.renew(ctx)
	mine := err == nil && held.Held() && held.Owner == s.o.Owner
	if err != nil && at.Before(s.until) {
		s.store("claim", err)
		return // nobody else can be it
	}
	was := !s.until.IsZero()
	if s.held, s.until = held, at.Add(claimTTL); !mine {
		s.until = time.Time{}
	}
	if mine != was {
		s.reset() // what lies in the store is what is to be sent
		s.log.Debug("who sends webhooks has changed", "this_server", mine)
	}
	s.o.Metrics.Sender(s.name, mine)
	if mine {
		if c, err := s.o.Store.Counts(ctx, s.name); err == nil {
			s.o.Metrics.Waiting(s.name, c.Waiting, c.Dead, c.Lost)
		}
	}
	s.mu.Lock()
	s.status.Sender = mine
	s.mu.Unlock()
}

func (s *sender) renew(ctx context.Context) (claim.Claim, error) {
	var got []claim.Claim
	var err error
	if s.until.IsZero() {
		got, err = s.o.Claims.Want(ctx, s.o.Owner, claimTTL, []claim.Wanted{{Name: claimName + s.name, Take: true}})
	} else {
		got, err = s.o.Claims.Renew(ctx, claimTTL, []claim.Claim{s.held})
	}
	if err != nil || len(got) != 1 {
		return claim.Claim{}, errors.Join(err)
	}
	return got[0], nil
}

// load reads letters, as long as there are places for them.
func (s *sender) load(ctx context.Context) {
	for !s.until.IsZero() && s.lanes.held < window && ctx.Err() == nil {
		page, err := s.o.Store.Waiting(ctx, s.name, s.after, min(loadPage, window-s.lanes.held))
		s.store("read", err)
		for _, w := range page {
			s.after = w.Place
			s.lanes.add(w)
		}
		if err != nil || len(page) < loadPage {
			return
		}
	}
}

// launch begins the attempts that may begin, and returns how long it takes until another one may;
// less than 0: that depends on something else.
func (s *sender) launch(ctx context.Context) time.Duration {
	for {
		r, wait := s.lanes.next(time.Now())
		if r == nil {
			return wait
		}
		lanes, letter := s.lanes, &r.first().Letter
		s.under.Go(func() { s.result <- result{r, s.post.post(ctx, letter), lanes} })
	}
}

// took notes what an attempt has come to.
func (s *sender) took(ctx context.Context, r result) {
	now := time.Now()
	s.note(now, r.err)
	w := r.lane.first()
	if r.err == nil {
		s.o.Metrics.Delivered(s.name, now.Sub(w.Time))
		s.done = append(s.done, w.Place)
		if r.lanes == s.lanes {
			s.lanes.sent(r.lane, true)
		}
		return
	}
	s.o.Metrics.Failed(s.name)
	s.log.Debug("a webhook has failed", "event", w.ID, "type", w.Type, "error", r.err)
	if r.lanes != s.lanes {
		return // of when this server was the sender before
	}
	if s.lanes.failed(r.lane, now, r.least, r.refuse) {
		s.bury(ctx, r, now)
	}
}

// bury gives a letter up.
func (s *sender) bury(ctx context.Context, r result, now time.Time) {
	w := r.lane.first()
	if err := s.o.Store.Bury(ctx, s.name, w.Place, r.err.Error(), now); err != nil {
		// It stays where it is, and is tried again.
		s.store("bury", err)
		s.lanes.again(r.lane, now.Add(storeRetry))
		return
	}
	s.o.Metrics.Buried(s.name)
	s.log.Warn("a webhook is given up; its event is a dead letter", "event", w.ID, "type", w.Type, "room", w.Room, "error", r.err)
	s.lanes.sent(r.lane, false)
}

// forget takes letters that have arrived out of the store.
func (s *sender) forget(ctx context.Context, now bool) {
	for len(s.done) >= donePage || len(s.done) > 0 && (now || s.lanes.away == 0 || time.Since(s.forgotten) > doneAfter) {
		n := min(len(s.done), donePage)
		s.forgotten = time.Now()
		err := s.o.Store.Done(ctx, s.name, s.done[:n])
		s.store("forget", err)
		if err != nil {
			return // the next time
		}
		s.done = append(s.done[:0], s.done[n:]...)
	}
}

// note records how the last attempt was.
func (s *sender) note(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.status.LastSuccess = now
		return
	}
	if s.status.LastFailure.Before(s.status.LastSuccess) || s.status.LastFailure.IsZero() {
		s.log.Warn("a webhook has failed; it is tried again", "error", err)
	}
	s.status.LastFailure, s.status.Why = now, err.Error()
}

// Status returns how the webhook is doing.
func (s *sender) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// store notes how a call of the store went.
func (s *sender) store(what string, err error) {
	switch failing := err != nil; {
	case failing && !s.failing:
		s.log.Warn("webhooks wait: what keeps them is away", "call", what, "error", err)
	case !failing && s.failing:
		s.log.Info("what keeps webhooks is back")
	}
	s.failing = err != nil
}

// Shown returns the address without its query, which may be a secret.
func (r *Receiver) Shown() string {
	return cmp.Or(shownURL(r.URL), r.Name)
}
