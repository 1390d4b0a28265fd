package registry

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/shows"
	"github.com/tickroom/tickroom/world"
)

// houseOf returns the show that a room of the kind is a house of; nil: none.
func (k *kind) houseOf(options map[string]string) *shows.Show {
	if k.Show == nil {
		return nil
	}
	return &shows.Show{Kind: k.Show.Kind, Name: k.ShowName(options)}
}

// showTopics returns the topics by which a show may speak to its houses.
func (k *kind) showTopics(of *shows.Show) []string {
	if of == nil {
		return nil
	}
	return slices.Compact([]string{"show/" + k.Name + "/" + of.Name, "show/" + of.Kind + "/" + of.Name})
}

// checkShow returns what is wrong with what a kind says of shows, as far as it alone can tell.
func checkShow(k *world.Kind) error {
	if k.Show == nil {
		return nil
	}
	if !slices.ContainsFunc(k.Options, func(o world.Option) bool { return o.Name == k.Show.Option }) {
		return fmt.Errorf("Show.Option is %q, which is none of its options", k.Show.Option)
	}
	if err := world.CheckShowName(k.ShowName(nil)); err != nil {
		return fmt.Errorf("the default of option %s: %w", k.Show.Option, err)
	}
	return nil
}

// checkShows returns what is wrong with the kinds of shows.
func (r *Registry) checkShows() error {
	for _, name := range r.Kinds() {
		k := r.kinds[name]
		if k.Show == nil {
			continue
		}
		show := r.kinds[k.Show.Kind]
		if show == nil || !show.Backstage {
			return fmt.Errorf("kind %q: its shows are of kind %q, which is not registered, or not Backstage", name, k.Show.Kind)
		}
		for _, o := range []string{world.OptionShow, world.OptionEpoch} {
			if !slices.ContainsFunc(show.Options, func(have world.Option) bool { return have.Name == o }) {
				return fmt.Errorf("kind %q is of shows, and has no option %q", show.Name, o)
			}
		}
		if err := world.CheckShowName(k.ShowName(r.o.Config.Options(name))); err != nil {
			return fmt.Errorf("kind %q: %w", name, err)
		}
	}
	return nil
}

// showOf returns the name of the show that a joiner wants a house of; empty: the kind has none.
func (r *Registry) showOf(j *room.Joiner, kindName string) string {
	k := r.kinds[kindName]
	if k == nil || k.Show == nil {
		return ""
	}
	asked := j.Hello.GetOptions()
	if j.Led != nil {
		asked = j.Led.Options
	}
	return k.ShowName(r.options(k, asked))
}

// opensWait bounds how long a kind may think about whether a show is opened.
const opensWait = 2 * time.Second

// Opens returns a function for the matchmaker that returns why a client with some roles may not have a room of
// a kind made, with what it has chosen of its options; nil: all may.
func (r *Registry) Opens(kindName string) func(ctx context.Context, roles func(show string) []string, chosen map[string]string) error {
	k := r.kinds[kindName]
	if k.Show == nil {
		return nil
	}
	return func(ctx context.Context, roles func(show string) []string, chosen map[string]string) error {
		why, err := r.opens(ctx, k, roles, chosen)
		return cmp.Or(err, why)
	}
}

// mayOpen returns nil if a joiner may have a room made, else a *refusal.Refusal. Nothing is claimed or made for
// those who may not.
func (r *Registry) mayOpen(ctx context.Context, k *kind, j *room.Joiner, chosen map[string]string) error {
	why, err := r.opens(ctx, k, func(show string) []string { return j.Identity.RolesIn(show).Names() }, chosen)
	switch {
	case err != nil:
		return away(err)
	case why != nil:
		return refusal.New(closecode.NoSuchRoom, "%s", why).Because("show_not_opened").At(slog.LevelWarn)
	}
	return nil
}

// opens returns why a client may not have a house of a show opened, with what it has chosen of its options. It
// may if there are houses of the show already, somewhere. The error is that of the directory, if that can't say.
func (r *Registry) opens(ctx context.Context, k *kind, roles func(show string) []string, chosen map[string]string) (why, err error) {
	of := k.houseOf(r.options(k, chosen))
	if of == nil {
		return nil, nil
	}
	stage := r.kinds[of.Kind]
	if stage.Opens == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, opensWait)
	defer cancel()
	why = stage.Opens(ctx, &world.Opening{
		Show: of.Name, Usual: of.Name == k.ShowName(r.o.Config.Options(k.Name)), Roles: roles(of.Name),
		House: k.Filled(r.options(k, chosen)), Stage: stage.Filled(r.o.Config.Options(of.Kind)),
	})
	if why == nil || slices.ContainsFunc(r.Shows(), func(s shows.State) bool { return s.Show == *of && s.Houses > 0 }) {
		return nil, nil
	}
	n, err := r.o.Directory.Load(ctx, store.Want{Kind: k.Name, Options: store.OptionsText(chosen)})
	if err != nil || n.Rooms > 0 {
		return nil, err
	}
	return why, nil
}

// makeShow makes the room of a show whose claim is here; see shows.Options.
func (r *Registry) makeShow(ctx context.Context, s shows.Show, epoch uint64) (shows.Stage, error) {
	k := r.kinds[s.Kind]
	unlock, err := k.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	options := maps.Clone(r.o.Config.Options(s.Kind))
	options[world.OptionShow], options[world.OptionEpoch] = s.Name, strconv.FormatUint(epoch, 10)
	e, err := r.make(ctx, plan{kind: k, options: options, show: &shows.State{Show: s, Epoch: epoch}})
	if err != nil {
		return nil, refusal.Of(err)
	}
	return e, nil
}

// ShowID implements shows.Stage.
func (e *Entry) ShowID() string { return e.ID }

// EndShow implements shows.Stage.
func (e *Entry) EndShow(why string) { e.Stop(closecode.RoomClosed, why) }

// Shows returns the shows that run here, or have houses here, by kind and name.
func (r *Registry) Shows() []shows.State { return r.shows.States() }

// Show returns which show a room is, or is a house of, with the epoch of a show; ok reports whether it
// is either.
func (e *Entry) Show() (s shows.State, house, ok bool) {
	switch {
	case e.is != nil:
		return *e.is, false, true
	case e.of != nil:
		return shows.State{Show: *e.of}, true, true
	}
	return shows.State{}, false, false
}

// ShowByDefault returns the name of the show that houses of a kind belong to which say nothing else; empty: its
// rooms are no houses.
func (r *Registry) ShowByDefault(kind string) string {
	k := r.kinds[kind]
	if k == nil {
		return ""
	}
	return k.ShowName(r.o.Config.Options(kind))
}

// OfShow reports whether rooms of a kind are houses of another one, or its shows.
func (r *Registry) OfShow(kind, house string) bool {
	k := r.kinds[house]
	return kind == house || k != nil && k.Show != nil && kind == k.Show.Kind
}

// held is how long a show is kept that is made for what a backend has posted, so that it knows by then that
// there is no house to ask, and has done it.
const held = 20 * time.Second

// HoldShow has the show made that houses of a kind have, if it is not there: a backend has posted something to it.
func (r *Registry) HoldShow(house, name string) {
	if k := r.kinds[house]; k != nil && k.Show != nil {
		r.shows.Hold(shows.Show{Kind: k.Show.Kind, Name: name}, held)
	}
}

// HasShow reports whether this server runs a show, or has houses of it.
func (r *Registry) HasShow(house, name string) bool {
	return slices.ContainsFunc(r.Shows(), func(s shows.State) bool { return s.Name == name && r.OfShow(s.Kind, house) })
}
