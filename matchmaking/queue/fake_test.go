package queue

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
)

// fake is as much of a matchmaking.Tickets as the tests need.
type fake struct {
	matchmaking.Tickets
	mu      sync.Mutex
	tickets map[string]*matchmaking.Status
	asks    map[string]matchmaking.Backfill
	matches map[string]matchmaking.Match
	of      map[string][]string // tickets by match
	log     []matchmaking.Change
	leases  map[string]matchmaking.Lease
	token   uint64
}

func newFake() *fake {
	return &fake{
		tickets: map[string]*matchmaking.Status{}, asks: map[string]matchmaking.Backfill{}, matches: map[string]matchmaking.Match{},
		of: map[string][]string{}, leases: map[string]matchmaking.Lease{},
	}
}

func (f *fake) Add(_ context.Context, t matchmaking.Ticket) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tickets[t.ID] != nil {
		return nil
	}
	f.tickets[t.ID] = &matchmaking.Status{Ticket: t, State: matchmaking.Waiting}
	f.log = append(f.log, matchmaking.Change{Ticket: &t})
	return nil
}

func (f *fake) Cancel(_ context.Context, id, _ string) (matchmaking.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.tickets[id]
	if !s.State.Ended() {
		s.State = matchmaking.Cancelled
		f.log = append(f.log, matchmaking.Change{Gone: id})
	}
	return *s, nil
}

func (f *fake) Ticket(_ context.Context, id string) (matchmaking.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tickets[id] == nil {
		return matchmaking.Status{}, matchmaking.ErrNoTicket
	}
	return *f.tickets[id], nil
}

func (f *fake) Lease(_ context.Context, queue, owner string, ttl time.Duration) (matchmaking.Lease, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, now := f.leases[queue], time.Now()
	if l.Owner != owner || !now.Before(l.Until) {
		if l.Owner != "" && now.Before(l.Until) {
			return matchmaking.Lease{}, matchmaking.ErrHeld
		}
		f.token++
		l = matchmaking.Lease{Queue: queue, Owner: owner, Token: f.token}
	}
	l.Until = now.Add(ttl)
	f.leases[queue] = l
	return l, nil
}

func (f *fake) Release(_ context.Context, l matchmaking.Lease) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.leases[l.Queue].Token == l.Token {
		f.leases[l.Queue] = matchmaking.Lease{}
	}
	return nil
}

func (f *fake) Changes(_ context.Context, _, cursor string, max int) ([]matchmaking.Change, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cursor == "" {
		var out []matchmaking.Change
		for _, id := range slices.Sorted(maps.Keys(f.tickets)) {
			if s := f.tickets[id]; s.State == matchmaking.Waiting {
				out = append(out, matchmaking.Change{Ticket: &s.Ticket})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(f.asks)) {
			b := f.asks[id]
			out = append(out, matchmaking.Change{Backfill: &b})
		}
		return out, strconv.Itoa(len(f.log)), nil
	}
	at, err := strconv.Atoi(cursor)
	if err != nil || at > len(f.log) {
		return nil, "", matchmaking.ErrCursor
	}
	out := f.log[at:min(len(f.log), at+max)]
	return slices.Clone(out), strconv.Itoa(at + len(out)), nil
}

func (f *fake) fenced(l matchmaking.Lease) bool { return l.Token < f.token }

func (f *fake) Commit(_ context.Context, l matchmaking.Lease, o matchmaking.Outcome) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fenced(l) {
		return nil, matchmaking.ErrFenced
	}
	if slices.ContainsFunc(o.Tickets, func(id string) bool { return f.tickets[id] != nil && f.tickets[id].Match == o.Match.ID }) {
		return nil, nil
	}
	var gone []string
	for _, id := range o.Tickets {
		if s := f.tickets[id]; s == nil || s.State != matchmaking.Waiting {
			gone = append(gone, id)
		}
	}
	if _, ok := f.asks[o.Backfill]; !ok && o.Backfill != "" {
		gone = append(gone, o.Backfill)
	}
	if len(gone) > 0 {
		return gone, nil
	}
	for _, id := range o.Tickets {
		f.tickets[id].State, f.tickets[id].Match = matchmaking.Matched, o.Match.ID
	}
	delete(f.asks, o.Backfill)
	f.matches[o.Match.ID] = o.Match
	f.of[o.Match.ID] = append(f.of[o.Match.ID], o.Tickets...)
	return nil, nil
}

func (f *fake) GiveUp(_ context.Context, l matchmaking.Lease, tickets []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fenced(l) {
		return matchmaking.ErrFenced
	}
	for _, id := range tickets {
		if s := f.tickets[id]; s != nil && s.State == matchmaking.Waiting {
			s.State = matchmaking.TimedOut
		}
	}
	return nil
}

func (f *fake) AskBackfill(_ context.Context, b matchmaking.Backfill) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asks[b.ID] = b
	f.log = append(f.log, matchmaking.Change{Backfill: &b})
	return nil
}

func (f *fake) EndBackfill(_ context.Context, _, id string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.asks[id]
	delete(f.asks, id)
	f.log = append(f.log, matchmaking.Change{NoBackfill: id})
	return ok, nil
}

func (f *fake) Keep(_ context.Context, m matchmaking.Match) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.matches[m.ID] = m
	return nil
}

func (f *fake) Match(_ context.Context, id, _ string) (matchmaking.Match, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.matches[id]
	if !ok {
		return m, matchmaking.ErrNoRoom
	}
	return m, nil
}

// Nodes of a test.
type nodes []matchmaking.Node

func (n nodes) Beat(context.Context, matchmaking.Node, time.Duration) error { return nil }
func (n nodes) Leave(context.Context, string) error                         { return nil }
func (n nodes) Nodes(context.Context) ([]matchmaking.Node, error) {
	return slices.SortedFunc(slices.Values(n), func(a, b matchmaking.Node) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func newStore() matchmaking.Tickets { return newFake() }
