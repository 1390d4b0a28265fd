package redisdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Tickets is a store.Tickets in Redis. Every call takes at most a second (see
// WithTimeout) and gives store.ErrUnavailable when Redis has not answered until
// then; nothing has to be done for it to work again when Redis is back.
//
// Leases, and when things are forgotten, go by the clock of Redis.
type Tickets struct {
	db
	watch hub
}

var (
	_ store.Tickets = (*Tickets)(nil)
	_ store.Queues  = (*Tickets)(nil)
	_ store.Matches = (*Tickets)(nil)
)

// NewTickets makes a store whose keys begin with a prefix, such as "tickroom:". Those
// with the same prefix on the same Redis are one. The client must end calls with their
// contexts (ContextTimeoutEnabled). Close is to be called at the end, before the
// client's.
func NewTickets(c redis.UniversalClient, prefix string, opts ...Option) *Tickets {
	t := &Tickets{db: newDB(c, prefix+"mm", opts)}
	t.watch.init(c, t.prefix+"events")
	return t
}

// Close ends what Watch has begun.
func (t *Tickets) Close() error {
	t.watch.close()
	return nil
}

// kept tells how long a ticket is kept that has not ended, in milliseconds.
func kept(k *store.Ticket) int64 {
	if k.AllReady() {
		return store.WaitingKept.Milliseconds()
	}
	return store.GatheringKept.Milliseconds()
}

// parseStatus reads what a script's status has given.
func parseStatus(v any) (store.Status, error) {
	if v == "none" {
		return store.Status{}, store.ErrNoTicket
	}
	l, err := parts(v, 4)
	if err != nil {
		return store.Status{}, err
	}
	k, err := decodeTicket(text(l[0]))
	if err != nil {
		return store.Status{}, err
	}
	state, err := strconv.ParseUint(text(l[1]), 10, 8)
	if err != nil {
		return store.Status{}, fmt.Errorf("matchmaking: redis: the state of ticket %s: %w", k.ID, err)
	}
	waiting, _ := l[3].(int64)
	return store.Status{Ticket: k, State: store.State(state), Match: text(l[2]), Waiting: int(waiting)}, nil
}

// Add implements store.Tickets.
func (t *Tickets) Add(ctx context.Context, k store.Ticket) error {
	blob, err := encode(k)
	if err != nil {
		return err
	}
	var ready, others []any
	for i := range k.Members {
		if k.Members[i].Ready {
			ready = append(ready, k.Members[i].Player)
		} else {
			others = append(others, k.Members[i].Player)
		}
	}
	args := append([]any{k.ID, k.Queue, blob, flag(k.AllReady()), kept(&k), len(ready)}, ready...)
	v, err := t.write(ctx, addTicket, append(args, others...)...)
	if err != nil || v == "done" {
		return err
	}
	return queued(v)
}

// queued reads the answer that a player has a ticket already.
func queued(v any) error {
	l, err := parts(v, 2)
	if err != nil {
		return err
	}
	return &store.QueuedError{Player: text(l[0]), Ticket: text(l[1])}
}

// readyAttempts is how often Ready tries, when other members become ready meanwhile.
const readyAttempts = 100

// Ready implements store.Tickets.
func (t *Tickets) Ready(ctx context.Context, id string, m store.Member, now time.Time) (store.Status, error) {
	for range readyAttempts {
		v, err := t.read(ctx, getTicket, id)
		if err != nil {
			return store.Status{}, err
		}
		st, err := parseStatus(v)
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
		blob, err := encode(k)
		if err != nil {
			return store.Status{}, err
		}
		was := text(v.([]any)[0]) // parseStatus has looked
		v, err = t.write(ctx, readyTicket, id, was, blob, flag(k.AllReady()), kept(&k), m.Player)
		if err != nil {
			return store.Status{}, err
		}
		if l, ok := v.([]any); ok && len(l) == 2 {
			return store.Status{}, queued(v)
		}
		if v != "changed" {
			return parseStatus(v)
		}
	}
	return store.Status{}, fmt.Errorf("%w: ticket %s changes all the time", store.ErrUnavailable, id)
}

// Cancel implements store.Tickets.
func (t *Tickets) Cancel(ctx context.Context, id, player string) (store.Status, error) {
	v, err := t.write(ctx, cancelTicket, id, player)
	if err != nil {
		return store.Status{}, err
	}
	return parseStatus(v)
}

// Ticket implements store.Tickets.
func (t *Tickets) Ticket(ctx context.Context, id string) (store.Status, error) {
	v, err := t.read(ctx, getTicket, id)
	if err != nil {
		return store.Status{}, err
	}
	return parseStatus(v)
}

// Of implements store.Tickets.
func (t *Tickets) Of(ctx context.Context, player string) (string, error) {
	v, err := t.read(ctx, ofPlayer, player)
	if err != nil {
		return "", err
	}
	if v == "" {
		return "", store.ErrNoTicket
	}
	return text(v), nil
}

// Watch implements store.Tickets. It does not wait for Redis: when it is there,
// or there again, every channel gets a value.
func (t *Tickets) Watch(_ context.Context, id string) (<-chan struct{}, func(), error) {
	return t.watch.add(id)
}

// errClosed is what Watch gives after Close.
var errClosed = errors.New("matchmaking: redis: the store is closed")
