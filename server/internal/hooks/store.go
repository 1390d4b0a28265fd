package hooks

import (
	"context"
	"fmt"
	"time"
)

// Bounds are those of a store.
type Bounds struct {
	// Waiting is how many letters wait for one webhook at most; the oldest becomes a dead one for
	// each beyond. Dead is how many dead letters of one there are at most; the oldest is lost for
	// each beyond.
	Waiting, Dead int
}

// Store keeps letters, for each webhook those that wait and the dead ones, each in an order. Its
// methods may be called from any goroutine. An error means that nobody knows whether a call had
// its effect; all may be repeated.
type Store interface {
	// Append puts letters behind those that wait, in their order. They are numbered by their
	// writer: first is the number of the first one. Those whose numbers are not above the last
	// one of the writer are there already, and are passed over. If the store lacks letters before the
	// first one, which it had, the error is a *ForgottenError, and none are put in. Without letters it is
	// looked whether that is so.
	Append(ctx context.Context, writer string, first uint64, letters []Letter) error
	// Waiting returns up to n letters that wait for a webhook behind a place, "" for the
	// beginning.
	Waiting(ctx context.Context, to string, after Place, n int) ([]Waiting, error)
	// Done forgets letters that wait. Those that do not are passed over.
	Done(ctx context.Context, to string, places []Place) error
	// Bury makes a letter that waits a dead one, and has no effect if it does not wait.
	Bury(ctx context.Context, to string, place Place, why string, at time.Time) error

	// Dead returns up to n dead letters behind a place, "" for the beginning.
	Dead(ctx context.Context, to string, after Place, n int) ([]Dead, error)
	// Retry puts dead letters behind those that wait, in the order of their places, and returns
	// how many there were. Forget forgets them.
	Retry(ctx context.Context, to string, places []Place) (int, error)
	Forget(ctx context.Context, to string, places []Place) (int, error)
	// Counts returns how many letters there are.
	Counts(ctx context.Context, to string) (Counts, error)
}

// ForgottenError is the error of a store that has forgotten the newest letters of a writer: a replica that has become
// Redis's master may never have had them.
type ForgottenError struct {
	Last uint64 // number of the last one that it has
}

func (e *ForgottenError) Error() string {
	return fmt.Sprintf("hooks: what keeps events has none after number %d of those that it had", e.Last)
}

// Overflow is why a letter is dead that has made place for another one.
const Overflow = "too many were waiting"
