package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/world"
)

// Chosen returns those of some options of a kind that differ from what its rooms would have anyway.
// Unlike those that clients choose they may be any of the kind. The error says which one is none.
func (r *Registry) Chosen(kindName string, options map[string]string) (map[string]string, error) {
	k := r.kinds[kindName]
	if k == nil {
		return nil, noKind(kindName, r.Kinds())
	}
	if len(options) > maxOptions {
		return nil, fmt.Errorf("%d options; there can be %d", len(options), maxOptions)
	}
	chosen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		i := slices.IndexFunc(k.Options, func(o world.Option) bool { return o.Name == name })
		if i < 0 {
			var names []string
			for _, o := range k.Options {
				names = append(names, o.Name)
			}
			return nil, fmt.Errorf("rooms of kind %s have no option %.40q; they have: %s", kindName, name, strings.Join(names, ", "))
		}
		value, o := options[name], k.Options[i]
		if o.Clients && o.Check != nil {
			if err := o.Check(value); err != nil {
				return nil, fmt.Errorf("option %s=%.80q: %w", name, value, err)
			}
		}
		usual, set := r.o.Config.Options(kindName)[name]
		if !set {
			usual = o.Default
		}
		if value != usual {
			chosen[name] = value
		}
	}
	return chosen, nil
}

func noKind(name string, kinds []string) error {
	return fmt.Errorf("there is no kind %.40q; there are: %s", name, strings.Join(kinds, ", "))
}

// Try makes and drops a room of a kind with options that were chosen, and returns what is wrong with
// them and else how many players and spectators it takes.
func (r *Registry) Try(kindName string, chosen map[string]string) (players, spectators int, err error) {
	k := r.kinds[kindName]
	if k == nil {
		return 0, 0, noKind(kindName, r.Kinds())
	}
	return r.Probe(&k.Kind, r.options(k, chosen))
}

// Open opens the room of a match that is kept, or finds it, and keeps it for so long while nobody is
// in it. It reports whether the room has run before. The error is, or wraps, a *refusal.Refusal.
func (r *Registry) Open(ctx context.Context, id string, keep time.Duration) (e *Entry, ran bool, err error) {
	if e := r.Get(id); e != nil {
		return e, true, nil
	}
	e, err = r.openKept(ctx, id, false, netip.Addr{}, keep)
	return e, false, err
}

// Options returns all options of the room: those that it was given, and the defaults of the others.
func (e *Entry) Options() map[string]string {
	out := map[string]string{}
	if k := e.registry.kinds[e.Kind]; k != nil {
		for _, o := range k.Options {
			out[o.Name] = o.Default
		}
	}
	maps.Copy(out, e.options)
	return out
}

// Listing returns the room as the directory is told of it.
func (e *Entry) Listing() store.Listing {
	e.told.mu.Lock()
	defer e.told.mu.Unlock()
	return e.told.listing
}

// Close ends the room, whose clients are told why.
func (e *Entry) Close(reason string) { e.Stop(closecode.RoomClosed, reason) }

// Gone reports whether an error says that there is no such room.
func Gone(err error) bool {
	var r *refusal.Refusal
	return errors.As(err, &r) && (r.Code == closecode.RoomClosed || r.Code == closecode.NoSuchRoom)
}
