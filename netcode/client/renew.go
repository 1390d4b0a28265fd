package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// When tokens are renewed.
const (
	// renewLead is how long before its end a token is renewed; one that is good for
	// less than five times that, after four fifths of the time.
	renewLead = time.Minute
	// renewBase and renewMax bound the pause after an attempt that failed, which
	// doubles; it is cut by a random part, so that clients don't ask together.
	renewBase = time.Second
	renewMax  = 30 * time.Second
	// fetchLimit is how long a token may take to be fetched.
	fetchLimit = 20 * time.Second
)

// errSameToken is returned when there is no other token than the one that was refused.
var errSameToken = fmt.Errorf("%w: the source has only the one that the server has refused", ErrToken)

// renewer keeps a client's token fresh. One goroutine runs it; welcomed and heard are
// called by the one that receives, fetch and ready by those that connect.
type renewer struct {
	c      *Client
	source func(ctx context.Context) (string, error) // may be nil
	poked  chan struct{}                             // something has changed; holds one

	fetching sync.Mutex // held while the source is asked

	mu sync.Mutex
	// Guarded by mu. Times are by the client's clock.
	due      time.Duration // when a new token is wanted; 0: not at all
	last     time.Duration // when the newest one is no good any more; 0: never
	wall     time.Time     // the server's at the start of the client's clock, as of the welcome
	failures int           // in a row
	trouble  []error       // to be told; at most maxTrouble
}

// maxTrouble is how many errors may wait to be told; then further ones are dropped.
const maxTrouble = 8

func newRenewer(c *Client) *renewer {
	r := &renewer{c: c, source: c.opts.TokenSource, poked: make(chan struct{}, 1)}
	also := c.s.onAuth
	c.s.OnAuth(func(a Auth) {
		r.heard(a)
		if also != nil {
			also(a)
		}
	})
	return r
}

func (r *renewer) poke() {
	select {
	case r.poked <- struct{}{}:
	default:
	}
}

// welcomed notes when the token expires that a session was begun or taken up with.
func (r *renewer) welcomed() {
	w := r.c.s.Welcome()
	r.mu.Lock()
	r.failures = 0
	r.wall = time.UnixMicro(w.GetServerTimeUs()).Add(-r.c.now())
	r.expire(time.Duration(w.GetExpiresUs()-w.GetServerTimeUs())*time.Microsecond, w.GetExpiresUs() != 0)
	r.mu.Unlock()
	r.poke()
}

// expire sets when a token that is good for some time is to be renewed.
func (r *renewer) expire(left time.Duration, ever bool) {
	r.due, r.last = 0, 0
	if !ever {
		return
	}
	now := r.c.now()
	r.last = now + max(left, 1)
	r.due = now + max(left-min(renewLead, left/5), renewBase)
}

// heard takes over what the server says of the token.
func (r *renewer) heard(a Auth) {
	r.mu.Lock()
	defer r.poke()
	defer r.mu.Unlock()
	now, ok := r.c.ServerTime()
	if !ok {
		now = r.wall.Add(r.c.now())
	}
	r.expire(a.Expires.Sub(now), !a.Expires.IsZero())
	switch {
	case a.Refused != "":
		r.failed(fmt.Errorf("%w: the server refused the new one: %s", ErrToken, a.Refused))
	case a.Renew && r.source == nil:
		r.tell(fmt.Errorf("%w: it expires at %s, and there is no TokenSource: give the session a new one by SetToken", ErrToken, a.Expires.UTC().Format(time.RFC3339)))
	case a.Renew:
		r.due = r.c.now()
	default:
		r.failures = 0
	}
}

// failed notes an attempt that failed, and when to make the next one.
func (r *renewer) failed(err error) {
	limit := renewBase << min(r.failures, 10)
	r.failures++
	r.due = r.c.now() + renewBase + rand.N(min(limit, renewMax))
	r.tell(err)
}

func (r *renewer) tell(err error) {
	if len(r.trouble) < maxTrouble {
		r.trouble = append(r.trouble, err)
	}
}

// run renews tokens until ctx ends.
func (r *renewer) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		r.mu.Lock()
		due, trouble := r.due, r.trouble
		r.trouble = nil
		r.mu.Unlock()
		for _, err := range trouble {
			r.c.log.Warn("the token could not be renewed", "error", err)
			if fn := r.c.opts.OnTokenError; fn != nil {
				fn(err)
			}
		}
		wait := due - r.c.now()
		if due != 0 && r.source != nil && wait <= 0 {
			if r.fetch(ctx, "") == nil {
				r.c.wake()
			}
			continue
		}
		timer.Stop()
		if due != 0 && r.source != nil {
			timer.Reset(wait)
		}
		select {
		case <-timer.C:
		case <-r.poked:
		case <-ctx.Done():
		}
	}
}

// ready fetches another token before the client connects, if it has none, the one that it
// has expired or is the one that was refused.
func (r *renewer) ready(ctx context.Context, refused string) error {
	if r.source == nil {
		return nil
	}
	r.mu.Lock()
	stale := r.last != 0 && r.c.now() >= r.last
	r.mu.Unlock()
	token := r.c.s.token()
	if stale || token == "" || refused != "" && token == refused {
		return r.fetch(ctx, refused)
	}
	return nil
}

// fetch asks the source for a token other than the one that was refused, and hands it
// to the session.
func (r *renewer) fetch(ctx context.Context, refused string) error {
	r.fetching.Lock()
	defer r.fetching.Unlock()
	short, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	token, err := r.source(short)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: it could not be fetched: %w", ErrToken, err)
	case token == refused && refused != "":
		err = errSameToken
	default:
		err = r.c.s.SetToken(token)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		r.failed(err)
		r.poke()
	} else if err == nil {
		r.due, r.last = 0, 0 // until the server says
	}
	return err
}
