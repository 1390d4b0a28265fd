// Package claim keeps who has what of which there is one at a time, whatever the number of servers:
// the show of a name, for one. Whoever has a claim renews it, and has lost it when somebody else has
// it. Each time that a claim is taken it has a higher epoch, by which others tell its owners apart:
// what an owner says with an epoch that is lower than one that they know of is not believed, however
// late that owner learns that it is none any more.
//
// Memory keeps claims of one process; package redisclaim those of several.
package claim

import (
	"context"
	"time"
)

// Claim is who has something.
type Claim struct {
	// Name is what it is.
	Name string
	// Owner has it; empty: nobody.
	Owner string
	// Epoch is the number of the claim. Whenever it is taken the epoch is higher than all of the same
	// name before. 0: it was never taken, as far as is known.
	Epoch uint64
	// Note is what the owner says of it, such as where it is to be found; empty: nothing yet.
	Note string
	// Left is for how long it is good without being renewed, from when it was asked for. Not above 0:
	// anybody may take it.
	Left time.Duration
	// Idle is how long nobody has wanted it.
	Idle time.Duration
}

// Held reports whether somebody has it.
func (c *Claim) Held() bool { return c.Owner != "" && c.Left > 0 }

// Wanted is a claim that somebody wants to be held.
type Wanted struct {
	Name string
	// Take has it taken, if nobody has it, for whoever asks. Else it is only noted that it is wanted.
	Take bool
	// Above is the highest epoch of it that whoever asks knows of. What is taken has a higher one,
	// also where that was forgotten.
	Above uint64
}

// Claims keeps claims. All calls may be repeated, and arrive late: a claim that is taken by a call
// of which nobody hears ends by itself. Errors that are not of ctx mean that nobody knows whether a
// call had its effect.
//
// An owner is one life of one process: one that begins anew has another name.
type Claims interface {
	// Want takes claims that are wanted and that nobody has, for so long, and returns how all of
	// them are then, in the same order.
	Want(ctx context.Context, owner string, lease time.Duration, wanted []Wanted) ([]Claim, error)
	// Renew prolongs claims of an owner, with their Epoch and Note, to so long from now, and returns
	// how they are then, in the same order. One that has run out is prolonged if nobody has taken it
	// since, as is one that was forgotten. Of one that is lost Owner or Epoch are another.
	Renew(ctx context.Context, lease time.Duration, held []Claim) ([]Claim, error)
	// Release gives a claim back, so that another owner may have it at once. It does nothing if
	// another one has it already.
	Release(ctx context.Context, held Claim) error
}

const (
	// Forgotten is how long after its end a claim is forgotten. An owner that was away for longer
	// might renew it, with its old epoch.
	Forgotten = 24 * time.Hour
	// CallTimeout bounds a call.
	CallTimeout = time.Second
)
