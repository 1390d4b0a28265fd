// Package backend opens what a server keeps outside of its rooms: the directory of rooms,
// tickets, matches, ratings and nodes, the bans, the seats that were used, the bus. It is kept in
// Redis, for several servers, or in memory, for one on its own.
package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/redisbans"
	"github.com/tickroom/tickroom/server/internal/redisbus"
	"github.com/tickroom/tickroom/server/internal/redisclaim"
	"github.com/tickroom/tickroom/server/internal/redisused"
	"github.com/tickroom/tickroom/server/internal/seat"
)

const (
	// maxBans bounds the bans.
	maxBans = 100_000
	// readTimeout bounds what is read of Redis at the start.
	readTimeout = 5 * time.Second
)

// Given is what the caller has opened itself; what is nil is opened.
type Given struct {
	Stores *store.Stores
	Bans   limits.Bans
	Used   seat.Used
}

// Backend is what a server keeps.
type Backend struct {
	Stores store.Stores
	Bans   limits.Bans
	Used   seat.Used // seats
	Claims claim.Claims
	Bus    bus.Bus
	// Redis is the client of the Redis that servers share; nil: there is none.
	Redis redis.UniversalClient

	once    sync.Once
	closers []func() error // in the order of their making
}

// Open opens what is not given: in Redis if the configuration names one, else in memory.
// The caller calls Close.
func Open(cfg *config.Config, given Given, m *metrics.Metrics, log *slog.Logger) (_ *Backend, err error) {
	b := &Backend{Bans: given.Bans, Used: given.Used}
	if given.Stores != nil {
		b.Stores = *given.Stores
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if cfg.Redis.Enabled() {
		err = errors.Join(b.openRedis(cfg, given.Stores == nil, log), b.openBus(cfg, m, log))
	} else if given.Stores == nil {
		b.Stores = matchmaking.OpenMemory()
	}
	if err != nil {
		return nil, err
	}
	if b.Bus == nil {
		b.Bus = bus.NewMemory(keep(cfg))
		m.BusUp(true)
	}
	if b.Bans == nil {
		b.Bans = limits.NewMemoryBans(maxBans, nil)
	}
	if b.Claims == nil {
		b.Claims = claim.NewMemory(time.Now)
	}
	if b.Used == nil {
		if b.Used, err = seat.NewMemory(cfg.Seats.MaxUsed, nil); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Backend) openRedis(cfg *config.Config, stores bool, log *slog.Logger) error {
	if len(cfg.Seats.SecretFiles) == 0 {
		return errors.New("server: servers that share a Redis must share a secret too, or none would accept a seat that another one gives; " +
			"set seats.secret_files (`tickroom token --new-key FILE --alg HS256` makes a secret)")
	}
	c, err := redisclient.New(redisclient.Config(cfg.Redis))
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	b.closers = append(b.closers, c.Close)
	b.Redis = c
	prefix := cfg.Redis.Prefix
	if stores {
		st, closeStores := matchmaking.OpenRedis(c, prefix, cfg.Redis.Replicas, cfg.Redis.ReadTimeout/2)
		b.closers = append(b.closers, func() error { closeStores(); return nil })
		b.Stores = st
	}
	b.Claims = redisclaim.New(c, prefix)
	if b.Used == nil {
		b.Used = redisused.New(c, prefix)
	}
	if b.Bans != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	bans, err := redisbans.Open(ctx, c, redisbans.Options{Prefix: prefix, Size: maxBans, Log: log})
	if err != nil {
		return fmt.Errorf("server: the bans can't be read: %w", err)
	}
	b.closers = append(b.closers, func() error { bans.Close(); return nil })
	b.Bans = bans
	return nil
}

// openBus opens the bus in Redis. Its calls wait, so that it has connections of its own.
func (b *Backend) openBus(cfg *config.Config, m *metrics.Metrics, log *slog.Logger) error {
	rc := redisclient.Config(cfg.Redis)
	rc.Pool = redisbus.Connections
	c, err := redisclient.New(rc)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	b.closers = append(b.closers, c.Close)
	b.Bus = redisbus.New(c, redisbus.Options{
		Prefix: cfg.Redis.Prefix, Keep: keep(cfg), Queue: cfg.Bus.Queue, QueueBytes: cfg.Bus.QueueBytes,
		Replicas: cfg.Redis.Replicas, ReplicaWait: cfg.Redis.ReadTimeout / 2, Timeout: cfg.Redis.ReadTimeout, Metrics: m, Log: log,
	})
	return nil
}

// keep returns what the bus keeps.
func keep(cfg *config.Config) bus.Keep {
	return bus.Keep{Age: cfg.Bus.Keep, Messages: cfg.Bus.KeepMessages, Bytes: cfg.Bus.KeepBytes, Keys: cfg.Bus.Keys}
}

// Close closes what Open has opened, in the reverse order. It may be called twice.
func (b *Backend) Close() (err error) {
	b.once.Do(func() {
		for _, f := range slices.Backward(b.closers) {
			err = errors.Join(err, f())
		}
	})
	return err
}
