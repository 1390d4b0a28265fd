// Package redisbans keeps bans in Redis, for servers of many nodes.
//
// Each node has all of them in memory, and answers from there. It hears of changes by
// Redis's publish and subscribe, which may lose some, or look healthy and deliver
// nothing; so it compares versions now and then, and reads everything if it has missed
// something. While Redis is away the bans that are known hold on, none can be added or
// removed, and Err returns why.
package redisbans

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/limits"
)

// Options are those of Open. The zero value of a field means its default.
type Options struct {
	// Prefix begins the names of all keys, such as "tickroom:".
	Prefix string
	// Size bounds the bans. Default 100,000.
	Size int
	// Every is how often versions are compared: the longest that a ban may take to be
	// heard of when the subscription delivers nothing. Default 5 s.
	Every time.Duration
	// Log records when Redis goes away and comes back. Default: it is discarded.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

const (
	// scanPage is how many bans one command reads, about: it must not keep Redis for long.
	scanPage = 1000
	// queue is how many changes may wait that were told. Those beyond are dropped by the
	// subscription, and then everything is read.
	queue = 1000
)

// Bans is a limits.Bans in Redis. It may be used from any goroutine.
type Bans struct {
	c      redis.UniversalClient
	o      Options
	mirror *mirror

	syncing sync.Mutex    // held while versions are compared and all is read
	kick    chan struct{} // holds a value when that is to be done at once

	mu   sync.Mutex
	err  error // of the last contact
	away time.Time

	stop func()
	done sync.WaitGroup
}

var _ limits.Bans = (*Bans)(nil)

//go:embed bans.lua
var bansLua string

var script = redisdata.Bans.Script(bansLua)

// Open reads the bans, and follows them until Close. It fails when Redis is away: a
// node that knows of no bans would let everybody in.
func Open(ctx context.Context, c redis.UniversalClient, o Options) (*Bans, error) {
	if o.Size == 0 {
		o.Size = 100_000
	}
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Bans{c: c, o: o, mirror: newMirror(o.Size, o.Now), kick: make(chan struct{}, 1)}
	if err := b.Sync(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = cancel
	b.done.Go(func() { b.follow(ctx) })
	b.done.Go(func() { b.check(ctx) })
	return b, nil
}

// Close ends following. What is known holds on. It may be called more than once.
func (b *Bans) Close() {
	b.stop()
	b.done.Wait()
}

// Err returns why nothing is heard from Redis, and since when, as of the last attempt, or
// nil if all is well.
func (b *Bans) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		return nil
	}
	return fmt.Errorf("limits: no word of bans from Redis since %s: %w", b.away.UTC().Format(time.RFC3339), b.err)
}

// contact notes how an attempt to reach Redis went.
func (b *Bans) contact(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err != nil && b.err == nil:
		b.away = b.o.Now()
		b.o.Log.Warn("bans: Redis is away; those that are known hold on, others are not heard of", "error", err)
	case err == nil && b.err != nil:
		b.o.Log.Info("bans: Redis is back", "away", b.o.Now().Sub(b.away).String())
	}
	b.err = err
}

func (b *Bans) key(name string) string { return redisdata.Bans.Key(b.o.Prefix, name) }

// call calls a function of the script, whose first argument is an epoch.
func (b *Bans) call(ctx context.Context, fn string, args ...any) ([]string, error) {
	keys, argv := redisdata.Call(redisdata.Bans.Prefix(b.o.Prefix), fn, append([]any{rand.Text()}, args...))
	v, err := script.Run(ctx, b.c, keys, argv...).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("limits: redis: %w", err)
	}
	return v, nil
}

// Add adds a ban; see limits.Bans. After an error of Redis nobody knows whether it was added.
func (b *Bans) Add(ctx context.Context, ban limits.Ban) error {
	ban, err := ban.Check()
	if err != nil {
		return err
	}
	if ban.Since.IsZero() {
		ban.Since = b.o.Now()
	}
	ban.Until, ban.Since = ban.Until.UTC(), ban.Since.UTC()
	text, err := redisdata.Encode(ban)
	if err != nil {
		return err
	}
	until := ""
	if !ban.Until.IsZero() {
		until = strconv.FormatInt(ban.Until.UnixMilli()+1, 10)
	}
	v, err := b.call(ctx, "add", b.o.Size, ban.Subject(), text, until)
	if err != nil {
		return err
	}
	if v[0] == "full" {
		return limits.ErrTooManyBans
	}
	return b.own(ctx, v, change{subject: ban.Subject(), ban: ban})
}

// Remove ends a ban; see limits.Bans. After an error of Redis nobody knows whether it was
// removed.
func (b *Bans) Remove(ctx context.Context, subject string) (bool, error) {
	of, err := limits.ParseSubject(subject)
	if err != nil {
		return false, err
	}
	subject = of.Subject()
	v, err := b.call(ctx, "remove", subject)
	if err != nil || v[0] == "none" {
		return false, err
	}
	if err := b.own(ctx, v, change{subject: subject, removed: true}); err != nil {
		return false, err
	}
	_, old, err := decodeItem(v[3])
	return err == nil && old.Active(b.o.Now()), err
}

// own takes in a change that was made here, with the script's answer.
func (b *Bans) own(ctx context.Context, v []string, c change) error {
	var err error
	if c.version, err = strconv.ParseInt(v[2], 10, 64); err != nil {
		return fmt.Errorf("limits: redis: %w", err)
	}
	if c.epoch = v[1]; !b.mirror.knows(c.epoch) {
		return b.Sync(ctx) // Redis was emptied meanwhile, or this is its first ban
	}
	return b.mirror.own(c)
}

// List returns the bans that hold, by subject, as they are in Redis now.
func (b *Bans) List(ctx context.Context) ([]limits.Ban, error) {
	if err := b.Sync(ctx); err != nil {
		return nil, err
	}
	return b.mirror.bans.List(ctx)
}

// Check returns a ban that holds; see limits.Bans.
func (b *Bans) Check(player string, addr netip.Addr, now time.Time) (limits.Ban, bool) {
	return b.mirror.bans.Check(player, addr, now)
}

// Watch calls fn with each ban that is added; see limits.Bans. fn must not add or
// remove any.
func (b *Bans) Watch(fn func(limits.Ban)) (stop func()) { return b.mirror.bans.Watch(fn) }

// Sync returns when Check knows all that was in Redis when it was called.
func (b *Bans) Sync(ctx context.Context) error {
	b.syncing.Lock()
	defer b.syncing.Unlock()
	err := b.sync(ctx)
	if err == nil || ctx.Err() == nil {
		b.contact(err)
	}
	return err
}

func (b *Bans) sync(ctx context.Context) error {
	epoch, version, err := b.version(ctx)
	if err != nil {
		return err
	}
	if b.mirror.current(epoch, version) {
		return nil
	}
	if b.mirror.begin(epoch, version) {
		b.o.Log.Warn("bans: Redis has lost bans that it had; those that it has not hold no more")
	}
	read, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	return b.mirror.merge(version, read)
}

// version returns the epoch and the version; before the first ban there is neither.
func (b *Bans) version(ctx context.Context) (epoch string, version int64, err error) {
	v, err := b.c.HMGet(ctx, b.key("meta"), "epoch", "version").Result()
	if err != nil {
		return "", 0, fmt.Errorf("limits: redis: %w", err)
	}
	epoch, _ = v[0].(string)
	if s, ok := v[1].(string); ok {
		if version, err = strconv.ParseInt(s, 10, 64); err != nil {
			return "", 0, fmt.Errorf("limits: redis: version of the bans: %w", err)
		}
	}
	return epoch, version, nil
}

// readAll reads all bans, page by page. What is in the whole time is among them; what
// comes or goes meanwhile may be.
func (b *Bans) readAll(ctx context.Context) (map[string]item, error) {
	read := map[string]item{}
	var cursor uint64
	for {
		page, next, err := b.c.HScan(ctx, b.key("all"), cursor, "", scanPage).Result()
		if err != nil {
			return nil, fmt.Errorf("limits: redis: %w", err)
		}
		for i := 0; i+1 < len(page); i += 2 {
			version, ban, err := decodeItem(page[i+1])
			if err != nil {
				// One that can't be read must not keep the others from being known.
				b.o.Log.Error("bans: one in Redis can't be read", "subject", page[i], "error", err)
				continue
			}
			// It may come twice; the later one is the newer.
			read[page[i]] = item{version, ban}
		}
		if cursor = next; cursor == 0 {
			return read, nil
		}
	}
}

// follow takes in what is told on the channel.
func (b *Bans) follow(ctx context.Context) {
	ps := b.c.Subscribe(ctx, b.key("changes"))
	defer func() { _ = ps.Close() }()
	// It connects again by itself. What was told meanwhile shows as a gap, or when
	// versions are compared.
	ch := ps.Channel(redis.WithChannelSize(queue))
	for {
		select {
		case <-ctx.Done():
			return
		case msg, ok := <-ch:
			if !ok {
				return
			}
			c, err := decodeChange(msg.Payload)
			gap := err != nil
			if err == nil {
				gap, err = b.mirror.told(c)
			}
			if err != nil {
				b.o.Log.Error("bans: a change can't be taken in", "error", err)
			}
			if gap {
				select {
				case b.kick <- struct{}{}:
				default:
				}
			}
		}
	}
}

// check compares versions now and then, and when something is missing.
func (b *Bans) check(ctx context.Context) {
	for {
		// Nodes that were started together need not ask together.
		wait := time.NewTimer(b.o.Every*3/4 + mathrand.N(b.o.Every/4+1))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		case <-b.kick:
			wait.Stop()
		}
		if err := b.Sync(ctx); err != nil && !errors.Is(err, context.Canceled) {
			b.o.Log.Debug("bans: versions can't be compared", "error", err)
		}
	}
}
