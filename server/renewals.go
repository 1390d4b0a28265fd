package server

import (
	"context"
	"sync"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/internal/metrics"
)

const (
	renewWorkers = 4
	renewQueue   = 4096 // tokens that wait; beyond it clients are told to try again
	// renewTimeout bounds one check, a key set that is fetched for it included.
	renewTimeout = 10 * time.Second
)

// renewals check the tokens that come within sessions, away from the rooms' goroutines:
// a signature takes tens of microseconds, and a key set that must be fetched takes
// seconds.
type renewals struct {
	check   func(ctx context.Context, session identity.Identity, token identity.Token) (identity.Identity, error)
	metrics *metrics.Metrics
	jobs    chan renewal
}

type renewal struct {
	token   identity.Token
	session identity.Identity
	done    func(identity.Identity, error)
}

func newRenewals(w *who, m *metrics.Metrics) *renewals {
	return &renewals{check: w.Renew, metrics: m, jobs: make(chan renewal, renewQueue)}
}

// Renew has a token checked, as room.LoopConfig.Renew says.
func (q *renewals) Renew(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool {
	select {
	case q.jobs <- renewal{token, session, done}:
		return true
	default:
		q.metrics.TokenRenewed("busy")
		return false
	}
}

// run checks tokens until ctx is done. What waits then is forgotten.
func (q *renewals) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range renewWorkers {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case r := <-q.jobs:
					q.one(ctx, r)
				}
			}
		})
	}
}

func (q *renewals) one(ctx context.Context, r renewal) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	id, err := q.check(ctx, r.session, r.token)
	result := "renewed"
	if err != nil {
		if result = identity.ClassOf(err).String(); identity.ClassOf(err) == 0 {
			result = "failed"
		}
	}
	q.metrics.TokenRenewed(result)
	r.done(id, err)
}
