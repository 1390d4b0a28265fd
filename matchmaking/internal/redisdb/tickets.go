package redisdb

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Tickets is a store.Tickets, store.Queues and store.Matches.
type Tickets struct {
	db
	listener listener
}

var (
	_ store.Tickets = (*Tickets)(nil)
	_ store.Queues  = (*Tickets)(nil)
	_ store.Matches = (*Tickets)(nil)
)

// NewTickets returns the store of tickets; see Open.
func NewTickets(c redis.UniversalClient, prefix string, opts ...Option) *Tickets {
	t := &Tickets{db: newDB(c, ticketScript, redisdata.Tickets.Prefix(prefix), opts)}
	t.listener.init(c, redisdata.Tickets.Key(prefix, "events"))
	return t
}

// Close ends what Watch has begun. It may be called more than once.
func (t *Tickets) Close() { t.listener.close() }

// attributes makes lists of strings what they were before they were encoded.
func attributes(m map[string]any) {
	for k, v := range m {
		if l, ok := v.([]any); ok {
			m[k] = answer(l).texts()
		}
	}
}

// parseStatus reads what status in tickets.lua has answered.
func parseStatus(a answer) (store.Status, error) {
	st := store.Status{Match: a.text(2), Waiting: a.int(3)}
	if err := redisdata.Decode(a.text(0), &st.Ticket); err != nil {
		return store.Status{}, err
	}
	attributes(st.Ticket.Attributes)
	state, err := strconv.ParseUint(a.text(1), 10, 8)
	if err != nil {
		return store.Status{}, fmt.Errorf("matchmaking: redis: the state of ticket %s: %w", st.Ticket.ID, err)
	}
	st.State = store.State(state)
	return st, nil
}

// waits returns two arguments: whether a ticket waits, and how long it is kept.
func waits(k *store.Ticket) []any {
	if k.AllReady() {
		return []any{"1", store.WaitingKept.Milliseconds()}
	}
	return []any{"0", store.GatheringKept.Milliseconds()}
}

// queued reads the answer that a player has a ticket already.
func queued(a answer) error {
	if len(a) != 2 {
		return nil
	}
	return &store.QueuedError{Player: a.text(0), Ticket: a.text(1)}
}

// Add implements store.Tickets.
func (t *Tickets) Add(ctx context.Context, k store.Ticket) error {
	blob, err := redisdata.Encode(k)
	if err != nil {
		return err
	}
	var ready, others []string
	for i := range k.Members {
		if k.Members[i].Ready {
			ready = append(ready, k.Members[i].Player)
		} else {
			others = append(others, k.Members[i].Player)
		}
	}
	args := append([]any{k.ID, k.Queue, blob}, waits(&k)...)
	a, err := t.write(ctx, "add", list(append(args, len(ready)), append(ready, others...))...)
	if err != nil {
		return err
	}
	return queued(a)
}

// readyAttempts is how often Ready tries, when other members become ready meanwhile.
const readyAttempts = 100

// Ready implements store.Tickets.
func (t *Tickets) Ready(ctx context.Context, id string, m store.Member, now time.Time) (store.Status, error) {
	for range readyAttempts {
		was, err := t.read(ctx, "ticket", id)
		if err != nil {
			return store.Status{}, err
		}
		st, err := parseStatus(was)
		switch {
		case err != nil:
			return store.Status{}, err
		case !st.Ticket.Has(m.Player):
			return store.Status{}, store.ErrNoTicket
		case st.State.Ended():
			return st, store.ErrEnded
		case st.State == store.Waiting:
			return st, nil
		}
		k := st.Ticket.WithReady(m, now)
		blob, err := redisdata.Encode(k)
		if err != nil {
			return store.Status{}, err
		}
		args := append([]any{id, was.text(0), blob}, waits(&k)...)
		a, err := t.write(ctx, "ready", append(args, m.Player)...)
		if err == nil {
			err = queued(a)
		}
		if err != nil {
			return store.Status{}, err
		}
		if len(a) > 0 {
			return parseStatus(a)
		}
	}
	return store.Status{}, fmt.Errorf("%w: ticket %s changes all the time", store.ErrUnavailable, id)
}

// Cancel implements store.Tickets.
func (t *Tickets) Cancel(ctx context.Context, id, player string) (store.Status, error) {
	a, err := t.write(ctx, "cancel", id, player)
	if err != nil {
		return store.Status{}, err
	}
	return parseStatus(a)
}

// Ticket implements store.Tickets.
func (t *Tickets) Ticket(ctx context.Context, id string) (store.Status, error) {
	a, err := t.read(ctx, "ticket", id)
	if err != nil {
		return store.Status{}, err
	}
	return parseStatus(a)
}

// Of implements store.Matches.
func (t *Tickets) Of(ctx context.Context, player string) (string, error) {
	a, err := t.read(ctx, "of", player)
	return a.text(0), err
}

// Watch implements store.Tickets. It does not wait for Redis: when it is there, or there
// again, every channel receives a value.
func (t *Tickets) Watch(_ context.Context, id string) (<-chan struct{}, func(), error) {
	return t.listener.add(id)
}
