package redisdb

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/redis/go-redis/v9"
)

// hub tells those who watch tickets of this program what one subscription hears. All
// tickets have one channel: a match of ten is one message, and each program gets a few
// hundred a second when thousands of tickets come.
type hub struct {
	c       redis.UniversalClient
	channel string
	// ctx ends with close.
	ctx    context.Context
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu       sync.Mutex
	begun    bool                                  // there was somebody to watch, so it listens
	watchers map[string]map[chan struct{}]struct{} // by ticket; a channel holds one value
}

func (h *hub) init(c redis.UniversalClient, channel string) {
	h.c, h.channel = c, channel
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.watchers = map[string]map[chan struct{}]struct{}{}
}

func (h *hub) add(id string) (<-chan struct{}, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return nil, nil, errClosed
	}
	c := make(chan struct{}, 1)
	if h.watchers[id] == nil {
		h.watchers[id] = map[chan struct{}]struct{}{}
	}
	h.watchers[id][c] = struct{}{}
	if !h.begun {
		h.begun = true
		h.ended.Go(h.listen)
	}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[id], c)
		if len(h.watchers[id]) == 0 {
			delete(h.watchers, id)
		}
	}, nil
}

// listen hears until close. The client connects again by itself, and looks every few
// seconds whether a silent connection is alive.
func (h *hub) listen() {
	sub := h.c.Subscribe(h.ctx, h.channel)
	defer func() { _ = sub.Close() }()
	heard := sub.ChannelWithSubscriptions()
	for {
		select {
		case <-h.ctx.Done():
			return
		case m, ok := <-heard:
			if !ok {
				return
			}
			switch m := m.(type) {
			case *redis.Subscription:
				// What happened before this was not heard.
				h.wake(nil)
			case *redis.Message:
				var ids []string
				if json.Unmarshal([]byte(m.Payload), &ids) == nil && len(ids) > 0 {
					h.wake(ids)
				}
			}
		}
	}
}

// wake tells those who watch some tickets, or all.
func (h *hub) wake(ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ids == nil {
		for id := range h.watchers {
			h.wakeOne(id)
		}
	}
	for _, id := range ids {
		h.wakeOne(id)
	}
}

func (h *hub) wakeOne(id string) {
	for c := range h.watchers[id] {
		select {
		case c <- struct{}{}:
		default: // a value lies in it
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	h.cancel()
	h.mu.Unlock()
	h.ended.Wait()
}
