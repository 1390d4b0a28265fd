package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// returnsMost bounds the seats that wait to be given back. Beyond it they stay
	// taken until their room ends: as many leave at once only when rooms end.
	returnsMost = 64 << 10
	// returnsPause is the time between two attempts while the directory is away.
	returnsPause = 200 * time.Millisecond
)

// returns gives seats back to the directory, away from the rooms' goroutines, which
// must not wait for it.
type returns struct {
	dir   store.Directory
	log   *slog.Logger
	rooms chan string
}

func newReturns(dir store.Directory, log *slog.Logger) *returns {
	return &returns{dir: dir, log: log, rooms: make(chan string, returnsMost)}
}

// give gives a seat of a room back, soon.
func (r *returns) give(room string) {
	select {
	case r.rooms <- room:
	default:
		r.log.Error("a seat could not be given back: too many wait", "room", room)
	}
}

// run gives seats back until ctx is done; then those that wait, unless that fails.
func (r *returns) run(ctx context.Context) {
	for {
		select {
		case room := <-r.rooms:
			if !r.insist(ctx, room) {
				return
			}
		case <-ctx.Done():
			r.rest(context.WithoutCancel(ctx))
			return
		}
	}
}

// insist gives a seat back, however often it takes. It tells whether it could before
// ctx was done.
func (r *returns) insist(ctx context.Context, room string) bool {
	told := false
	for {
		err := r.one(ctx, room)
		if err == nil {
			return true
		}
		if !told && ctx.Err() == nil {
			told = true
			r.log.Warn("a seat can't be given back; it is tried again", "room", room, "error", err)
		}
		select {
		case <-time.After(returnsPause):
		case <-ctx.Done():
			return false
		}
	}
}

func (r *returns) rest(ctx context.Context) {
	for {
		select {
		case room := <-r.rooms:
			if r.one(ctx, room) != nil {
				return // the rooms have ended anyway
			}
		default:
			return
		}
	}
}

func (r *returns) one(ctx context.Context, room string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return r.dir.Release(ctx, room)
}
