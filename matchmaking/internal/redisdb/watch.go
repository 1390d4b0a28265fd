package redisdb

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/internal/watch"
)

// errClosed is what Watch returns after Close.
var errClosed = errors.New("matchmaking: redis: the store is closed")

// listener wakes those who watch tickets of this program when one subscription hears of
// them. All tickets have one channel: a match of ten is one message, and each program gets a
// few hundred a second when thousands of tickets come.
type listener struct {
	c       redis.UniversalClient
	channel string
	hub     watch.Hub
	// ctx ends with close.
	ctx    context.Context
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu    sync.Mutex
	begun bool // there was somebody to watch, so it listens
}

func (l *listener) init(c redis.UniversalClient, channel string) {
	l.c, l.channel = c, channel
	l.ctx, l.cancel = context.WithCancel(context.Background())
}

func (l *listener) add(id string) (<-chan struct{}, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, nil, errClosed
	}
	if !l.begun {
		l.begun = true
		l.ended.Go(l.listen)
	}
	changed, stop := l.hub.Add(id)
	return changed, stop, nil
}

// listen hears until close. The client connects again by itself, and looks every few seconds
// whether a silent connection is alive.
func (l *listener) listen() {
	sub := l.c.Subscribe(l.ctx, l.channel)
	defer func() { _ = sub.Close() }()
	heard := sub.ChannelWithSubscriptions()
	for {
		select {
		case <-l.ctx.Done():
			return
		case m, ok := <-heard:
			if !ok {
				return
			}
			switch m := m.(type) {
			case *redis.Subscription:
				l.hub.WakeAll() // what happened before this was not heard
			case *redis.Message:
				var ids []string
				if json.Unmarshal([]byte(m.Payload), &ids) == nil {
					l.hub.Wake(ids...)
				}
			}
		}
	}
}

func (l *listener) close() {
	l.mu.Lock()
	l.cancel()
	l.mu.Unlock()
	l.ended.Wait()
}
