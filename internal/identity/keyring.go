package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// loadTimeout bounds one reading of all sources.
const loadTimeout = 5 * time.Second

// keyring holds the keys of all sources, and reads them again: now and then, and
// when a token names a key that is not there. A source that fails keeps the keys
// that it had.
type keyring struct {
	log      *slog.Logger
	now      func() time.Time
	refresh  time.Duration
	refetch  time.Duration
	maxStale time.Duration
	sources  []source
	fixed    bool // reading again can bring nothing new

	current atomic.Pointer[loaded] // what is there now; never nil

	// busy is held, by a value in it, while sources are read.
	busy  chan struct{}
	tried time.Time // the last reading; guarded by busy

	// A reading goes on when the client that asked for it has left.
	ctx      context.Context
	cancel   context.CancelFunc
	mu       sync.Mutex
	closed   bool           // guarded by mu
	readings sync.WaitGroup // added to under mu, while not closed

	loads, failures atomic.Uint64
}

// loaded is what one reading came to. It does not change.
type loaded struct {
	sources []sourceKeys
}

type sourceKeys struct {
	keys []key
	at   time.Time // of the last success
	err  error     // of the last reading
}

func newKeyring(cfg Config, o Options) (*keyring, error) {
	r := &keyring{log: o.Logger, now: o.Now, refresh: cfg.Refresh, refetch: cfg.Refetch, maxStale: cfg.MaxStale,
		busy: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if cfg.Secret != "" {
		s, err := parseSecret([]byte(cfg.Secret))
		if err != nil {
			return nil, err
		}
		r.sources = append(r.sources, givenSecret(s))
	}
	r.fixed = len(cfg.SecretFiles)+len(cfg.KeyFiles) == 0 && cfg.JWKS == ""
	for _, f := range cfg.SecretFiles {
		r.sources = append(r.sources, fileSource{f, parseSecretFile})
	}
	for _, f := range cfg.KeyFiles {
		r.sources = append(r.sources, fileSource{f, parsePEM})
	}
	if cfg.JWKS != "" {
		s, err := jwksSource(cfg.JWKS.Reveal(), o.Transport)
		if err != nil {
			return nil, err
		}
		r.sources = append(r.sources, s)
	}
	r.current.Store(&loaded{sources: make([]sourceKeys, len(r.sources))})
	return r, nil
}

// start reads the keys for the first time. A needed source must be there.
func (r *keyring) start(ctx context.Context) error {
	now := r.reload(ctx, r.current.Load())
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("identity: the keys were not read in time: %w", err)
	}
	var errs []error
	for i, s := range now.sources {
		if s.err != nil && r.sources[i].needed() {
			errs = append(errs, fmt.Errorf("identity: the keys can't be read: %w", s.err))
		}
	}
	return errors.Join(errs...)
}

func (r *keyring) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.readings.Wait()
}

// keys returns all keys of l that may still be used, and why there may be more.
func (r *keyring) keys(l *loaded) (keys []key, missing error) {
	now := r.now()
	for _, s := range l.sources {
		if s.err != nil {
			missing = s.err
			if r.maxStale > 0 && now.Sub(s.at) > r.maxStale {
				continue
			}
		}
		keys = append(keys, s.keys...)
	}
	return keys, missing
}

// reload reads the sources, unless that was done since seen was current, or within
// the last refetch; then it returns what is there. It waits for a reading that is
// under way.
func (r *keyring) reload(ctx context.Context, seen *loaded) *loaded {
	select {
	case r.busy <- struct{}{}:
	case <-ctx.Done():
		return r.current.Load()
	}
	now := r.now()
	if r.current.Load() != seen || !r.tried.IsZero() && (r.fixed || now.Sub(r.tried) < r.refetch) {
		<-r.busy
		return r.current.Load()
	}
	done := r.read(now)
	select {
	case <-done:
	case <-ctx.Done():
	}
	return r.current.Load()
}

// read begins to read the sources. busy is held, and let go at the end.
func (r *keyring) read(now time.Time) (done <-chan struct{}) {
	r.tried = now
	end := make(chan struct{})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		<-r.busy
		close(end)
		return end
	}
	r.readings.Go(func() {
		defer close(end)
		defer func() { <-r.busy }()
		r.readNow(now)
	})
	return end
}

func (r *keyring) readNow(now time.Time) {
	r.loads.Add(1)
	ctx, cancel := context.WithTimeout(r.ctx, loadTimeout)
	defer cancel()
	old := r.current.Load()
	l := &loaded{sources: make([]sourceKeys, len(r.sources))}
	for i, src := range r.sources {
		was := old.sources[i]
		keys, err := src.load(ctx)
		if err != nil {
			r.failures.Add(1)
			l.sources[i] = sourceKeys{keys: was.keys, at: was.at, err: err}
			r.log.Warn("keys for tokens can't be read", "source", src.name(), "kept", len(was.keys), "error", err)
			continue
		}
		l.sources[i] = sourceKeys{keys: keys, at: now}
		if !reflect.DeepEqual(keys, was.keys) && !was.at.IsZero() {
			r.log.Info("keys for tokens have changed", "source", src.name(), "keys", len(keys))
		}
	}
	r.current.Store(l)
}

// run reads the sources again and again until ctx is done.
func (r *keyring) run(ctx context.Context) {
	if r.fixed {
		<-ctx.Done()
		return
	}
	for {
		pause := r.refresh
		if _, missing := r.keys(r.current.Load()); missing != nil {
			pause = min(pause, r.refetch)
		}
		// Up to a tenth less, so that the nodes of a cluster spread out.
		pause -= rand.N(pause/10 + 1)
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		select {
		case <-ctx.Done():
			return
		case r.busy <- struct{}{}:
		}
		select {
		case <-r.read(r.now()):
		case <-ctx.Done():
			return
		}
	}
}

// KeyStats says how the keys are doing.
type KeyStats struct {
	// Keys that are there.
	Keys int
	// Loads counts readings of the sources, Failures those of one source that failed.
	Loads, Failures uint64
	// Oldest is when the source was last read that has not been for longest; zero:
	// one never was.
	Oldest time.Time
}

func (r *keyring) stats() KeyStats {
	l := r.current.Load()
	keys, _ := r.keys(l)
	s := KeyStats{Keys: len(keys), Loads: r.loads.Load(), Failures: r.failures.Load()}
	for i, src := range l.sources {
		if i == 0 || src.at.Before(s.Oldest) {
			s.Oldest = src.at
		}
	}
	return s
}
