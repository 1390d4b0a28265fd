package auth

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

const (
	// maxRenewals bounds the tokens that wait to be checked. When there are as many, the
	// client of a further one is told to try again.
	maxRenewals  = 4096
	renewWorkers = 4
	// renewTimeout bounds one check, a key set that is fetched for it included.
	renewTimeout = 10 * time.Second
)

// Renewals checks the tokens that come within sessions, away from the rooms' goroutines: a
// signature takes tens of microseconds, and a key set that must be fetched seconds.
type Renewals struct {
	check func(ctx context.Context, session identity.Identity, token identity.Token) (identity.Identity, error)
	count Counter
	queue *workqueue.Queue[renewal]
}

type renewal struct {
	token   identity.Token
	session identity.Identity
	done    func(identity.Identity, error)
}

// NewRenewals returns the renewals of an authenticator. Nothing is checked before Run is
// called.
func NewRenewals(a *Authenticator) *Renewals {
	r := &Renewals{check: a.verifier.Renew, count: a.count}
	r.queue = workqueue.New(workqueue.Options[renewal]{
		Size: maxRenewals, Workers: renewWorkers, Timeout: renewTimeout, Do: r.one,
		// At the end the rooms are gone, and nobody waits for an answer.
	})
	return r
}

// Renew has a token checked that the client of a session has sent to prolong it, and done
// called with the session's identity from now on, or an *identity.Error. It does not
// block, and reports false if too many wait.
func (r *Renewals) Renew(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool {
	if r.queue.Add(renewal{token, session, done}) {
		return true
	}
	r.count.TokenRenewed("busy")
	return false
}

// Run checks tokens until ctx is done. What waits then is forgotten.
func (r *Renewals) Run(ctx context.Context) { r.queue.Run(ctx) }

func (r *Renewals) one(ctx context.Context, n renewal) error {
	id, err := r.check(ctx, n.session, n.token)
	result := "renewed"
	if err != nil {
		if result = identity.ClassOf(err).String(); identity.ClassOf(err) == 0 {
			result = "failed"
		}
	}
	r.count.TokenRenewed(result)
	n.done(id, err)
	return nil
}
