package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memoryLog is how many changes of a queue are remembered, for those who have read
// the ones before: some half a minute of a very busy one.
const memoryLog = 1 << 16

// memoryQueue is what waits for a mode, and what has happened there.
type memoryQueue struct {
	waiting int // tickets
	// items are what waits, by seq, some of them gone; bySeq is where they are.
	items []memoryChange
	gone  int // how many of items
	// changes are the newest ones, the last of which has the number seq. What waits
	// has the number of its change.
	changes []memoryChange
	seq     uint64

	lease     Lease // the newest; Until is by the store's clock
	backfills map[string]*memoryBackfill
	byRoom    map[string]*memoryBackfill
	granted   expiry[string]
	grants    map[string]struct{} // requests that were granted, by ID, those of late
}

// memoryChange is a Change, by what it is about. What it says of that which has ended
// meanwhile is left out when it is read.
type memoryChange struct {
	seq        uint64
	ticket     *memoryTicket
	backfill   *memoryBackfill
	gone       string
	noBackfill string
}

type memoryBackfill struct {
	Backfill
	seq uint64 // 0: it has ended
}

func (m *MemoryTickets) queue(name string) *memoryQueue {
	q := m.queues[name]
	if q == nil {
		q = &memoryQueue{
			backfills: map[string]*memoryBackfill{}, byRoom: map[string]*memoryBackfill{},
			granted: expiry[string]{keep: MatchKept}, grants: map[string]struct{}{},
		}
		m.queues[name] = q
	}
	return q
}

// log remembers a change.
func (q *memoryQueue) log(c memoryChange) uint64 {
	q.seq++
	c.seq = q.seq
	if len(q.changes) == 2*memoryLog {
		n := copy(q.changes, q.changes[memoryLog:])
		clear(q.changes[n:])
		q.changes = q.changes[:n]
	}
	q.changes = append(q.changes, c)
	return q.seq
}

// put adds something that waits.
func (q *memoryQueue) put(c memoryChange) uint64 {
	c.seq = q.log(c)
	q.items = append(q.items, c)
	return c.seq
}

// drop tells that one of items waits no more.
func (q *memoryQueue) drop() {
	q.gone++
	if q.gone > 64 && q.gone*2 > len(q.items) {
		q.items = slices.DeleteFunc(q.items, func(c memoryChange) bool { return !c.waits() })
		q.gone = 0
	}
}

// waits tells whether what a change has brought waits still.
func (c *memoryChange) waits() bool {
	return c.ticket != nil && c.ticket.seq == c.seq || c.backfill != nil && c.backfill.seq == c.seq
}

// join has a ticket wait.
func (q *memoryQueue) join(t *memoryTicket) {
	t.seq = q.put(memoryChange{ticket: t})
	q.waiting++
}

// leave has a ticket wait no more, and tells whether it did.
func (q *memoryQueue) leave(t *memoryTicket) bool {
	if t.seq == 0 {
		return false
	}
	t.seq = 0
	q.waiting--
	q.drop()
	return true
}

// Lease implements Tickets.
func (m *MemoryTickets) Lease(_ context.Context, queue, owner string, ttl time.Duration) (Lease, error) {
	now := m.lock()
	defer m.mu.Unlock()
	l := &m.queue(queue).lease
	good := now.Before(l.Until)
	if good && l.Owner != owner {
		return Lease{}, ErrHeld
	}
	if !good {
		l.Token++
	}
	l.Queue, l.Owner, l.Until = queue, owner, now.Add(ttl)
	return *l, nil
}

// Release implements Tickets.
func (m *MemoryTickets) Release(_ context.Context, l Lease) error {
	m.lock()
	defer m.mu.Unlock()
	if q := m.queue(l.Queue); q.holds(l) {
		q.lease.Until = time.Time{}
	}
	return nil
}

// holds tells whether a lease is the newest.
func (q *memoryQueue) holds(l Lease) bool {
	return l.Token != 0 && l.Token == q.lease.Token && l.Owner == q.lease.Owner
}

// Changes implements Tickets. A cursor is the number of a change; while what waited at
// first is given it is that number, and the number up to which it was given.
func (m *MemoryTickets) Changes(_ context.Context, queue, cursor string, limit int) ([]Change, string, error) {
	m.lock()
	defer m.mu.Unlock()
	q := m.queue(queue)
	limit = max(limit, 1)
	from, given, first := q.seq, uint64(0), cursor == ""
	if !first {
		var err error
		a, b, both := strings.Cut(cursor, "-")
		if from, err = strconv.ParseUint(a, 10, 64); err != nil {
			return nil, "", fmt.Errorf("matchmaking: %q is no cursor", cursor)
		}
		if both {
			if given, err = strconv.ParseUint(b, 10, 64); err != nil {
				return nil, "", fmt.Errorf("matchmaking: %q is no cursor", cursor)
			}
			first = true
		}
	}
	if from > q.seq || q.seq-from > uint64(len(q.changes)) {
		return nil, "", ErrCursor
	}
	var out []Change
	if first {
		i, _ := slices.BinarySearchFunc(q.items, given+1, bySeq)
		for ; i < len(q.items) && q.items[i].seq <= from; i++ {
			if len(out) == limit {
				return out, fmt.Sprintf("%d-%d", from, given), nil
			}
			given = q.items[i].seq
			out = q.items[i].append(out)
		}
		return out, strconv.FormatUint(from, 10), nil
	}
	for i := len(q.changes) - int(q.seq-from); i < len(q.changes) && len(out) < limit; i++ {
		from = q.changes[i].seq
		out = q.changes[i].append(out)
	}
	return out, strconv.FormatUint(from, 10), nil
}

func bySeq(c memoryChange, seq uint64) int {
	switch {
	case c.seq < seq:
		return -1
	case c.seq > seq:
		return 1
	}
	return 0
}

// append adds what a change says, if it is so still.
func (c *memoryChange) append(out []Change) []Change {
	switch {
	case c.ticket != nil && c.waits():
		t := c.ticket.Ticket
		return append(out, Change{Ticket: &t})
	case c.backfill != nil && c.waits():
		b := c.backfill.Backfill
		return append(out, Change{Backfill: &b})
	case c.gone != "":
		return append(out, Change{Gone: c.gone})
	case c.noBackfill != "":
		return append(out, Change{NoBackfill: c.noBackfill})
	}
	return out
}

// Commit implements Tickets.
func (m *MemoryTickets) Commit(_ context.Context, l Lease, o Outcome) ([]string, error) {
	now := m.lock()
	defer m.mu.Unlock()
	q := m.queue(l.Queue)
	if !q.holds(l) {
		return nil, ErrFenced
	}
	var gone []string
	had := 0
	for _, id := range o.Tickets {
		t := m.tickets[id]
		if t == nil || t.Queue != l.Queue || t.state != Waiting {
			gone = append(gone, id)
		}
		if t != nil && t.state == Matched && t.match == o.Match.ID {
			had++
		}
	}
	if had == len(o.Tickets) && had > 0 {
		return nil, nil // it was committed before
	}
	b := q.backfills[o.Backfill]
	if o.Backfill != "" && b == nil {
		gone = append(gone, o.Backfill)
	}
	if len(gone) > 0 {
		return gone, nil
	}
	match := m.matches.byID[o.Match.ID]
	switch {
	case match == nil:
		if !m.matches.keep(o.Match, now) {
			return nil, ErrExists
		}
	case b == nil:
		return nil, ErrExists
	default:
		match.Teams, match.Bots = o.Match.Teams, o.Match.Bots
		m.matches.touch(match, now)
	}
	if b != nil {
		q.endBackfill(b)
		q.grants[b.ID] = struct{}{}
		q.granted.sweep(now, func(id string) { delete(q.grants, id) })
		q.granted.add(b.ID, now)
	}
	for _, id := range o.Tickets {
		t := m.tickets[id]
		t.match = o.Match.ID
		m.end(t, Matched, now)
		for i := range t.Members {
			m.matches.join(t.Members[i].Player, t.match)
		}
	}
	return nil, nil
}

// GiveUp implements Tickets.
func (m *MemoryTickets) GiveUp(_ context.Context, l Lease, tickets []string) error {
	now := m.lock()
	defer m.mu.Unlock()
	if !m.queue(l.Queue).holds(l) {
		return ErrFenced
	}
	for _, id := range tickets {
		if t := m.tickets[id]; t != nil && t.Queue == l.Queue && t.state == Waiting {
			m.end(t, TimedOut, now)
		}
	}
	return nil
}

// AskBackfill implements Tickets.
func (m *MemoryTickets) AskBackfill(_ context.Context, b Backfill) error {
	now := m.lock()
	defer m.mu.Unlock()
	q := m.queue(b.Queue)
	if q.backfills[b.ID] != nil {
		return nil
	}
	if _, ok := q.grants[b.ID]; ok {
		return nil
	}
	if old := q.byRoom[b.Room]; old != nil {
		q.endBackfill(old)
		q.log(memoryChange{noBackfill: old.ID})
	}
	e := &memoryBackfill{Backfill: b}
	q.backfills[b.ID], q.byRoom[b.Room] = e, e
	e.seq = q.put(memoryChange{backfill: e})
	m.matches.asked(b.Room, b.Queue, now)
	return nil
}

// EndBackfill implements Tickets.
func (m *MemoryTickets) EndBackfill(_ context.Context, queue, id string) (bool, error) {
	m.lock()
	defer m.mu.Unlock()
	q := m.queue(queue)
	if b := q.backfills[id]; b != nil {
		q.endBackfill(b)
		q.log(memoryChange{noBackfill: id})
	}
	_, granted := q.grants[id]
	return !granted, nil
}

func (q *memoryQueue) endBackfill(b *memoryBackfill) {
	b.seq = 0
	delete(q.backfills, b.ID)
	delete(q.byRoom, b.Room)
	q.drop()
}

// endBackfillOf ends the request of a room that is not there any more.
func (m *MemoryTickets) endBackfillOf(room, queue string) {
	q := m.queue(queue)
	if b := q.byRoom[room]; b != nil {
		q.endBackfill(b)
		q.log(memoryChange{noBackfill: b.ID})
	}
}
