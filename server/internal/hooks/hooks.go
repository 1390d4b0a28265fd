package hooks

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/server/internal/claim"
)

// Receiver is where a webhook goes.
type Receiver struct {
	Name, URL string
	Secrets   []webhook.Secret // there is one at least
}

// Metrics counts. Its methods must not block.
type Metrics interface {
	// Event counts an event of a type that a room has handed in, Lost one for which there was no
	// place in memory.
	Event(typ string)
	Lost(typ string)
	// Delivered counts a letter that has arrived, so long after its event; Failed an attempt that
	// has failed, Buried a letter that was given up.
	Delivered(webhook string, after time.Duration)
	Failed(webhook string)
	Buried(webhook string)
	// Sender sets whether this server sends a webhook's letters, Waiting how many there are, as it
	// knows then.
	Sender(webhook string, is bool)
	Waiting(webhook string, waiting, dead int, lost uint64)
}

// Options of Hooks. Those without a default have to be set.
type Options struct {
	// Store keeps the letters.
	Store Store
	// Claims say which server sends the letters of a webhook, and Owner is what this process is
	// called there.
	Claims claim.Claims
	Owner  string
	// Node is the name of this server.
	Node string
	// Version is that of the server, for receivers to see.
	Version string
	// Receivers are the webhooks; their names differ.
	Receivers []Receiver
	// Events are the types of events that are told, and WebhookEvents those that webhooks are
	// sent; "room.*" stands for all that begin so. None: all.
	Events, WebhookEvents []string
	// Stream: the store has a stream of all events as well.
	Stream bool
	// Message returns the full name of a message of a kind, by its id, and the message in JSON.
	Message func(kind string, id uint32, data []byte) (name string, body json.RawMessage, err error)

	// What settings of the section hooks say.
	AllowPrivate                  bool
	Timeout, RetryFor, MaxBackoff time.Duration
	Concurrency, Buffer           int

	// TLS is how receivers are known. Nil: as usual.
	TLS *tls.Config
	// Poll is how often the store is looked at for letters that other servers have put there. By
	// default 500 ms.
	Poll    time.Duration
	Metrics Metrics
	Logger  *slog.Logger
}

// Hooks tell of what happens in the rooms of a server.
type Hooks struct {
	o       Options
	buffer  *buffer
	senders []*sender
	names   []string // of the webhooks
	put     put      // move's own
}

const (
	// maxBatch is how many events are moved to the store at once.
	maxBatch = 256
	// lastCall bounds what is done at the end: what is in memory then gets lost.
	lastCall = 2 * time.Second
	// moveTimeout bounds one call that puts events into the store.
	moveTimeout = 5 * time.Second
)

// New returns hooks that do nothing before Run.
func New(o Options) *Hooks {
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	h := &Hooks{o: o}
	h.buffer = newBuffer(o.Buffer, o.Metrics.Lost)
	h.put = newPut(&h.o)
	for _, r := range o.Receivers {
		h.senders = append(h.senders, newSender(r, &h.o))
		h.names = append(h.names, r.Name)
	}
	return h
}

// Room returns what a room of a kind hands its events in by. Nil Hooks tell nobody.
func (h *Hooks) Room(id, kind string) *Events {
	if h == nil {
		return nil
	}
	return &Events{hooks: h, id: id, kind: kind, life: strings.ToLower(rand.Text()[:16])}
}

// wanted reports whether events of a type are told.
func (h *Hooks) wanted(typ string) bool { return matches(h.o.Events, typ) }

// matches reports whether a type is one of those listed.
func matches(list []string, typ string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(p string) bool {
		head, all := strings.CutSuffix(p, "*")
		return p == typ || all && strings.HasPrefix(typ, head)
	})
}

// Run moves events to the store, and sends webhooks, until ctx is done. It is to end after all rooms
// have: what they have handed in until then is moved to the store yet.
func (h *Hooks) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range h.senders {
		wg.Go(func() { s.run(ctx) })
	}
	h.move(ctx)
	wg.Wait()
}

// move moves events to the store.
func (h *Hooks) move(ctx context.Context) {
	failing := false
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-h.buffer.wake:
		case now := <-look.C:
			h.put.look(ctx, now)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
			defer cancel()
			for h.waits() && h.moveSome(last) == nil {
			}
			if n := h.buffer.len(); n > 0 {
				h.o.Logger.Error("events are lost: the server ends while what keeps them is away", "events", n)
			}
			return
		}
		for h.waits() && ctx.Err() == nil {
			err := h.moveSome(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				h.o.Logger.Warn("events for backends wait in memory: what keeps them is away", "error", err)
			} else if err == nil && failing {
				h.o.Logger.Info("events for backends are kept again")
			}
			if failing = err != nil; failing {
				pause(ctx, storeRetry)
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// waits reports whether there is something to be put into the store.
func (h *Hooks) waits() bool { return h.buffer.len()+len(h.put.again) > 0 }

// moveSome moves some events. After an error they are moved again, with the same numbers.
func (h *Hooks) moveSome(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, moveTimeout)
	defer cancel()
	if len(h.put.again) > 0 { // those that the store has forgotten come first
		return h.put.repeat(ctx)
	}
	events := h.buffer.peek(maxBatch)
	letters := make([]Letter, 0, len(events))
	for i := range events {
		l, err := h.letter(&events[i])
		if err != nil {
			h.o.Logger.Error("an event can't be written", "type", events[i].typ, "room", events[i].room.id, "error", err)
			continue
		}
		if len(l.To) > 0 || h.o.Stream {
			letters = append(letters, l)
		}
	}
	if err := h.put.append(ctx, letters); err != nil {
		return err
	}
	h.buffer.drop(len(events))
	for i := range letters {
		h.o.Metrics.Event(letters[i].Type)
	}
	for _, s := range h.senders {
		s.poke()
	}
	return nil
}

// letter writes an event down.
func (h *Hooks) letter(e *event) (Letter, error) {
	r := e.room
	data := e.data
	if e.told != nil {
		m := webhook.Message{Bytes: e.told.data}
		name, body, err := h.o.Message(r.kind, e.told.id, e.told.data)
		if m.Message = name; err == nil {
			m.Body, m.Bytes = body, nil
		}
		data = m
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return Letter{}, err
	}
	id := fmt.Sprintf("%s-%d", r.life, e.number)
	body, err := json.Marshal(webhook.Event{
		ID: id, Type: e.typ, Time: e.at.UTC(), Room: r.id, Kind: r.kind, Node: h.o.Node, Life: r.life, Number: e.number, Data: raw,
	})
	l := Letter{ID: id, Type: e.typ, Room: r.id, Kind: r.kind, Life: r.life, Time: e.at, Body: body}
	if matches(h.o.WebhookEvents, e.typ) {
		l.To = h.names
	}
	return l, err
}

// Buffered returns how many events are in memory, on their way to the store.
func (h *Hooks) Buffered() int { return h.buffer.len() }

// ErrNoWebhook is the error for a name that no webhook has.
var ErrNoWebhook = errors.New("there is no such webhook")

// Webhooks returns how the webhooks are doing.
func (h *Hooks) Webhooks() []Status {
	var out []Status
	for _, s := range h.senders {
		out = append(out, s.Status())
	}
	return out
}

// Counts returns how many letters a webhook has. The error may be ErrNoWebhook.
func (h *Hooks) Counts(ctx context.Context, name string) (Counts, error) {
	if h.sender(name) == nil {
		return Counts{}, ErrNoWebhook
	}
	return h.o.Store.Counts(ctx, name)
}

// Dead returns up to n dead letters of a webhook behind a place. The error may be ErrNoWebhook.
func (h *Hooks) Dead(ctx context.Context, name string, after Place, n int) ([]Dead, error) {
	if h.sender(name) == nil {
		return nil, ErrNoWebhook
	}
	return h.o.Store.Dead(ctx, name, after, n)
}

// Retry has dead letters of a webhook sent again, and returns how many there were; Forget forgets
// them. The error may be ErrNoWebhook.
func (h *Hooks) Retry(ctx context.Context, name string, places []Place) (int, error) {
	s := h.sender(name)
	if s == nil {
		return 0, ErrNoWebhook
	}
	n, err := h.o.Store.Retry(ctx, name, places)
	s.poke()
	return n, err
}

// Forget forgets dead letters; see Retry.
func (h *Hooks) Forget(ctx context.Context, name string, places []Place) (int, error) {
	if h.sender(name) == nil {
		return 0, ErrNoWebhook
	}
	return h.o.Store.Forget(ctx, name, places)
}

func (h *Hooks) sender(name string) *sender {
	for _, s := range h.senders {
		if s.name == name {
			return s
		}
	}
	return nil
}

// shownURL returns an address without what may be a secret.
func shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.RawQuery != "" {
		u.RawQuery = "redacted"
	}
	return u.Redacted()
}
