package registry

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/claim"
)

// Rooms that are spread are opened before those that are like them are full, and closed when these
// are not needed any more, with so much between that none is opened and closed in turns.
const (
	// openAt is how much of the places to play is taken, in percent, when the next room is opened,
	// keepAt above how much an empty one stays.
	openAt = 90
	keepAt = 75
	// opening is for how long one server alone may open a room, whether it can or not.
	opening = 3 * time.Second
)

// ahead opens the next room of those that are spread, away from the rooms' goroutines. It needs no
// bound: of rooms that are alike there is one in it.
type ahead struct {
	wake chan struct{} // holds one

	mu      sync.Mutex
	changed map[alike]map[string]string // with what clients chose
}

// alike is what rooms have in common among which those who come are spread.
type alike struct{ kind, options string }

func newAhead() ahead {
	return ahead{wake: make(chan struct{}, 1), changed: map[alike]map[string]string{}}
}

// soon has it looked, for a room in which the places have changed, whether the next one is to be
// opened.
func (a *ahead) soon(e *Entry) {
	a.mu.Lock()
	a.changed[alike{e.Kind, e.alike}] = e.chosen
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *ahead) take() map[alike]map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	changed := a.changed
	a.changed = map[alike]map[string]string{}
	return changed
}

// openAhead opens rooms until ctx is done.
func (r *Registry) openAhead(ctx context.Context) {
	for {
		select {
		case <-r.ahead.wake:
		case <-ctx.Done():
			return
		}
		for key, chosen := range r.ahead.take() {
			if err := r.openNext(ctx, key, chosen); err != nil && ctx.Err() == nil {
				r.o.Logger.Warn("the next room can't be opened before the others are full", "kind", key.kind, "options", key.options, "error", err)
			}
		}
	}
}

// load returns how full the rooms are among which those who come are spread.
func (r *Registry) load(ctx context.Context, key alike) (store.Load, error) {
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	return r.o.Directory.Load(ctx, store.Want{Kind: key.kind, Options: key.options, Region: r.o.Config.Matchmaking.Region})
}

// openNext opens another room if those that are there are nearly full. One server at a time does.
func (r *Registry) openNext(ctx context.Context, key alike, chosen map[string]string) error {
	if full, err := r.nearlyFull(ctx, key); err != nil || !full {
		return nil //nolint:nilerr // it is looked again when somebody comes
	}
	name := strings.Join([]string{"next", r.o.Config.Matchmaking.Region, key.kind, key.options}, "/")
	held, err := r.o.Claims.Want(ctx, r.owner, opening, []claim.Wanted{{Name: name, Take: true}})
	if err != nil || held[0].Owner != r.owner {
		return err
	}
	if full, err := r.nearlyFull(ctx, key); err == nil && full { // nobody was faster
		if err := r.openOne(ctx, key.kind, chosen); err != nil {
			return err // the claim ends later: there is no use in trying at once
		}
		r.o.Metrics.OpenedAhead(key.kind)
	}
	return r.o.Claims.Release(ctx, held[0])
}

func (r *Registry) nearlyFull(ctx context.Context, key alike) (bool, error) {
	n, err := r.load(ctx, key)
	return n.Rooms > 0 && 100*n.Taken >= openAt*n.Places, err
}

// openOne opens a room: on the server that has the most to spare, if the servers place rooms, else
// here.
func (r *Registry) openOne(ctx context.Context, kindName string, chosen map[string]string) error {
	if r.placed != nil {
		return r.placed(ctx, kindName, chosen)
	}
	k := r.kinds[kindName]
	unlock, err := k.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = r.make(ctx, plan{kind: k, options: r.options(k, chosen), chosen: chosen})
	return err
}

// needed reports whether an empty room is to stay, since the others are well filled among which
// those who come are spread.
func (e *Entry) needed(ctx context.Context) bool {
	if !e.spread || e.mode() != "" {
		return false
	}
	n, err := e.registry.load(ctx, alike{e.Kind, e.alike})
	if err != nil {
		return false
	}
	if p := e.Info().Places; !p.Locked {
		n.Places -= p.MaxPlayers
	}
	return 100*n.Taken > keepAt*n.Places && n.Places > 0
}
