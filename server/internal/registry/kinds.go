package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/world"
)

type kind struct {
	world.Kind
	making  chan struct{} // holds one: a room of the kind is being made
	omitted sync.Map      // what its author was told that it leaves out; bounded by its schema
}

// makeWait is how long a joiner waits for those who make rooms of the same kind.
const makeWait = 3 * time.Second

// lock waits until no room of the kind is being made, and keeps others from making one until
// unlock is called. The error is a *refusal.Refusal.
func (k *kind) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, makeWait)
	defer cancel()
	select {
	case k.making <- struct{}{}:
		return func() { <-k.making }, nil
	case <-ctx.Done():
		return nil, refusal.TryLater(ctx.Err(), "others are making rooms").Because("rooms_made")
	}
}

// omits tells the kind's author, in the log, what its game seems to have left out: each thing once,
// however many rooms there are.
func (r *Registry) omits(k *kind) func(what []string) {
	return func(what []string) {
		for _, w := range what {
			if _, told := k.omitted.LoadOrStore(w, true); !told {
				r.o.Logger.Warn("the game may have left something out", "kind", k.Name, "what", w)
			}
		}
	}
}

// Register adds a kind of rooms.
func (r *Registry) Register(k world.Kind) error {
	if k.Name == "" || k.New == nil || k.Schema == nil {
		return fmt.Errorf("server: kind %q: Name, Schema and New must be set", k.Name)
	}
	if err := checkShow(&k); err != nil {
		return fmt.Errorf("server: kind %q: %w", k.Name, err)
	}
	if r.kinds[k.Name] != nil {
		return fmt.Errorf("server: kind %q is registered already", k.Name)
	}
	r.kinds[k.Name] = &kind{Kind: k, making: make(chan struct{}, 1)}
	return nil
}

// Kinds returns the names of the kinds, in order.
func (r *Registry) Kinds() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Public returns the names of the kinds that clients may know of, in order.
func (r *Registry) Public() []string {
	return slices.DeleteFunc(r.Kinds(), func(name string) bool { return r.kinds[name].Backstage })
}

// Kind returns a kind by its name, nil if there is none.
func (r *Registry) Kind(name string) *world.Kind {
	if k := r.kinds[name]; k != nil {
		return &k.Kind
	}
	return nil
}

// Check makes and drops a room of each kind that has options set, so that a wrong option
// is found at the start and not when the first player comes.
func (r *Registry) Check() error {
	if err := r.checkShows(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	for name := range r.o.Config.KindOptions {
		k := r.Kind(name)
		if k == nil {
			return fmt.Errorf("server: options for kind %q, which is not there; the kinds are: %s", name, strings.Join(r.Kinds(), ", "))
		}
		if _, _, err := r.Probe(k, r.o.Config.Options(name)); err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	return nil
}

// Probe makes and drops a room of a kind, and returns how many players and spectators it
// takes.
func (r *Registry) Probe(k *world.Kind, options map[string]string) (players, spectators int, err error) {
	made, _, err := world.NewRoom(*k, world.Setup{Seed: 1, Options: options, Log: r.o.Logger})
	if err != nil {
		return 0, 0, err
	}
	if k.Spectators {
		spectators = made.MaxSpectators
	}
	return made.MaxPlayers, spectators, nil
}

// Shown returns options of a room of a kind without those that must not be shown. Those of a kind that is not
// known are not.
func (r *Registry) Shown(kind string, options map[string]string) map[string]string {
	k := r.kinds[kind]
	if k == nil {
		return map[string]string{}
	}
	return k.Shown(options)
}
