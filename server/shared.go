package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/redisbans"
	"github.com/tickroom/tickroom/server/internal/redisused"
)

// sharedTimeout bounds what is read of Redis at the start.
const sharedTimeout = 5 * time.Second

// shared is what this server has in common with others.
type shared struct {
	once    sync.Once
	closers []func() error // in the order of their making
}

// close lets go of it. It may be called twice.
func (s *shared) close() (err error) {
	s.once.Do(func() {
		for i := len(s.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, s.closers[i]())
		}
	})
	return err
}

// share makes the stores, the bans and the list of used seats that nobody has given:
// in Redis if there is one, else in memory.
func share(cfg *config.Config, o *options) (*shared, error) {
	s := &shared{}
	if !cfg.Redis.Enabled() {
		if o.stores == nil {
			st := matchmaking.OpenMemory()
			o.stores = &st
		}
		return s, nil
	}
	if len(cfg.Seats.SecretFiles) == 0 {
		return nil, errors.New("server: servers that share a Redis must share a secret too, or none would accept a seat that another one gives; " +
			"set seats.secret_files (`tickroom token --new-key FILE --alg HS256` makes a secret)")
	}
	c, err := redisclient.New(redisclient.Config(cfg.Redis))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.closers = append(s.closers, c.Close)
	prefix := cfg.Redis.Prefix
	if o.stores == nil {
		st, closeStores := matchmaking.OpenRedis(c, prefix, cfg.Redis.Replicas, cfg.Redis.ReadTimeout/2)
		s.closers = append(s.closers, func() error { closeStores(); return nil })
		o.stores = &st
	}
	if o.used == nil {
		o.used = redisused.New(c, prefix)
	}
	if o.bans == nil {
		ctx, cancel := context.WithTimeout(context.Background(), sharedTimeout)
		defer cancel()
		b, err := redisbans.Open(ctx, c, redisbans.Options{Prefix: prefix, Size: maxBans, Log: o.log})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("server: the bans can't be read: %w", err), s.close())
		}
		s.closers = append(s.closers, func() error { b.Close(); return nil })
		o.bans = b
	}
	return s, nil
}
