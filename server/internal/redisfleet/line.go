// Package redisfleet carries calls between the servers of a fleet by Redis's publish and subscribe.
package redisfleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/fleet"
)

const (
	// again is after how long without an answer a call is sent once more: one of the two may be
	// lost, when the other server's subscription is made anew.
	again = time.Second
	// workers do the calls of others at once; maxCalls wait. When there are as many, a further one
	// is passed over: it comes again after a second, or is given up.
	workers, maxCalls = 16, 256
	// remembered is how long an answer is kept for a call that is repeated.
	remembered = 10 * time.Second
	// buffered is how many messages of Redis may wait to be looked at.
	buffered = 1024
)

// message is what goes over a channel: a call, or the answer to one.
type message struct {
	ID     string        `json:"id"`
	From   string        `json:"from,omitempty"` // of a call: whom to answer
	Call   *fleet.Call   `json:"call,omitempty"`
	Answer *fleet.Answer `json:"answer,omitempty"`
}

// Line is a fleet.Line by Redis. Its calls may come from any goroutine; Run is to run meanwhile.
type Line struct {
	c      redis.UniversalClient
	prefix string
	node   string
	handle fleet.Handler
	log    *slog.Logger

	calls chan message

	mu      sync.Mutex
	waiting map[string]chan fleet.Answer // for answers, by the call's id
	done    map[string]*answered         // calls of others, by id
}

// answered is a call of another server. answer is nil while it is being done.
type answered struct {
	answer *fleet.Answer
	at     time.Time
}

var _ fleet.Line = (*Line)(nil)

// New returns the line of a server of that name, whose handler does what others ask for. Channels'
// names begin with prefix. Nothing is heard before Run.
func New(c redis.UniversalClient, prefix, node string, handle fleet.Handler, log *slog.Logger) *Line {
	return &Line{
		c: c, prefix: prefix, node: node, handle: handle, log: log,
		calls: make(chan message, maxCalls), waiting: map[string]chan fleet.Answer{}, done: map[string]*answered{},
	}
}

func (l *Line) channel(node string) string { return redisdata.Fleet.Key(l.prefix, "node", node) }

func (l *Line) send(ctx context.Context, node string, m message) (heard int64, err error) {
	text, err := redisdata.Encode(m)
	if err != nil {
		return 0, err
	}
	return l.c.Publish(ctx, l.channel(node), text).Result()
}

// Ask implements fleet.Line.
func (l *Line) Ask(ctx context.Context, node string, call fleet.Call) (fleet.Answer, error) {
	m := message{ID: rand.Text(), From: l.node, Call: &call}
	answer := make(chan fleet.Answer, 1)
	l.mu.Lock()
	l.waiting[m.ID] = answer
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.waiting, m.ID)
		l.mu.Unlock()
	}()
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		heard, err := l.send(ctx, node, m)
		if err != nil && ctx.Err() == nil {
			return fleet.Answer{}, fmt.Errorf("%w: redis: %w", fleet.ErrNobody, err)
		}
		// In a cluster only those are counted who are at the same node of Redis.
		if _, cluster := l.c.(*redis.ClusterClient); err == nil && heard == 0 && !cluster {
			return fleet.Answer{}, fmt.Errorf("%w: %s is not there", fleet.ErrNobody, node)
		}
		select {
		case a := <-answer:
			return a, nil
		case <-tick.C:
		case <-ctx.Done():
			return fleet.Answer{}, fmt.Errorf("%w: %s: %w", fleet.ErrNobody, node, ctx.Err())
		}
	}
}

// Run hears calls of others, and answers, until ctx is done.
func (l *Line) Run(ctx context.Context) {
	sub := l.c.Subscribe(ctx, l.channel(l.node))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := range l.calls {
				l.do(ctx, m)
			}
		})
	}
	in := sub.Channel(redis.WithChannelSize(buffered))
	sweep := time.NewTicker(remembered / 2)
	defer sweep.Stop()
	for open := true; open; {
		select {
		case m, ok := <-in:
			if open = ok; ok {
				l.hear(m.Payload)
			}
		case <-sweep.C:
			l.forget(time.Now())
		case <-ctx.Done():
			open = false
		}
	}
	_ = sub.Close()
	close(l.calls)
	wg.Wait()
}

// Ready waits until this server hears others, for ctx at most.
func (l *Line) Ready(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := l.c.PubSubNumSub(ctx, l.channel(l.node)).Result()
		if err == nil && n[l.channel(l.node)] > 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// hear takes in a message. It does not block.
func (l *Line) hear(text string) {
	var m message
	if err := redisdata.Decode(text, &m); err != nil {
		l.log.Warn("a call of another server can't be read", "error", err)
		return
	}
	if m.Call == nil {
		l.mu.Lock()
		answer := l.waiting[m.ID]
		l.mu.Unlock()
		if answer != nil && m.Answer != nil {
			select {
			case answer <- *m.Answer:
			default: // it has come twice
			}
		}
		return
	}
	l.mu.Lock()
	known := l.done[m.ID]
	if known == nil {
		l.done[m.ID] = &answered{at: time.Now()}
	}
	var old *fleet.Answer
	if known != nil {
		old = known.answer
	}
	l.mu.Unlock()
	switch {
	case old != nil:
		m.Call, m.Answer = nil, old // it was lost
	case known != nil:
		return // it is being done
	}
	select {
	case l.calls <- m:
	default:
		l.mu.Lock()
		delete(l.done, m.ID)
		l.mu.Unlock()
		// The one who asks comes again, or gives up.
	}
}

// do does a call, or answers it once more.
func (l *Line) do(ctx context.Context, m message) {
	a := m.Answer
	if a == nil {
		bounded, cancel := context.WithTimeout(ctx, fleet.Timeout)
		done := fleet.Do(bounded, l.handle, *m.Call)
		cancel()
		a = &done
		l.mu.Lock()
		if d := l.done[m.ID]; d != nil {
			d.answer = a
		}
		l.mu.Unlock()
	}
	bounded, cancel := context.WithTimeout(ctx, fleet.Timeout)
	defer cancel()
	if _, err := l.send(bounded, m.From, message{ID: m.ID, Answer: a}); err != nil && ctx.Err() == nil {
		l.log.Debug("an answer to another server did not leave", "node", m.From, "error", err)
	}
}

// forget forgets old answers.
func (l *Line) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, d := range l.done {
		if now.Sub(d.at) > remembered {
			delete(l.done, id)
		}
	}
}
