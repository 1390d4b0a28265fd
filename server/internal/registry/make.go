package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/shows"
)

// plan says which room to make.
type plan struct {
	kind *kind
	// id is the room's; empty: a new one.
	id      string
	options map[string]string
	// chosen is what clients chose of the options.
	chosen map[string]string
	// match is what the room is for; nil: for whoever comes.
	match *store.Match
	// show is which show the room is to be, by which claim; nil: none.
	show *shows.State
	// owner is the player for whom the room is made; empty: nobody. from is the address of whoever
	// has it made; zero: nobody's.
	owner string
	from  netip.Addr
	// linger is how long it is kept while nobody is in it; 0: as the server says.
	linger time.Duration
}

// make makes a room and lists it. The caller has locked the making of the kind.
func (r *Registry) make(ctx context.Context, p plan) (*Entry, error) {
	made, err := r.number()
	if err != nil {
		return nil, err
	}
	if p.id == "" {
		p.id = p.kind.Name + "-" + strings.ToLower(rand.Text()[:10])
	}
	disown, err := r.own(&p)
	if err != nil {
		return nil, err
	}
	e, err := r.begin(&p, made, disown)
	if err != nil {
		disown()
		return nil, err
	}
	if _, err := r.report(ctx, []*Entry{e}, false); err != nil {
		e.Stop(closecode.RoomFailed, "the room could not be listed")
		return nil, away(err)
	}
	r.o.Logger.Info("room made", "room", e.ID, "kind", e.Kind, "durable", e.Info().Durable)
	return e, nil
}

// own counts a room that is about to be made among those of whoever has it made, until disown is called. One who has
// named a show has opened that, too.
func (r *Registry) own(p *plan) (disown func(), err error) {
	closeShow := func() {}
	if p.kind.Show != nil && len(p.chosen) > 0 {
		if closeShow, err = r.o.Guard.OpenShow(p.from); err != nil {
			return nil, refusal.Denied(err)
		}
	}
	closeRoom, err := r.o.Guard.OpenRoom(p.owner, p.from)
	if err != nil {
		closeShow()
		return nil, refusal.Denied(err)
	}
	return func() { closeRoom(); closeShow() }, nil
}

// number returns the number of a room that is about to be made, if there may be another
// one.
func (r *Registry) number() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, refusal.GoingAway()
	}
	if r.o.Short != nil && r.o.Short() {
		return 0, refusal.New(closecode.TryLater, "the server is short of memory").Because("memory").At(slog.LevelWarn)
	}
	r.made++
	if len(r.entries) >= r.o.Config.MaxRooms {
		return 0, refusal.New(closecode.ServerFull, "the server has no room for another room").Because("max_rooms")
	}
	return r.made, nil
}

// begin makes the room with a number, and starts its loop.
func (r *Registry) begin(p *plan, made uint64, disown func()) (*Entry, error) {
	cfg := r.configOf(p)
	if r.o.Journals != nil && p.show == nil {
		known, err := p.known()
		if err != nil {
			return nil, refusal.New(closecode.RoomFailed, "the room could not be made").CausedBy(err).At(slog.LevelError)
		}
		cfg.Keep, cfg.Known = r.o.Journals.Begin(p.id), known
	}
	engine, err := room.New(p.id, p.kind.Kind, r.seed(made), p.options, cfg, r.o.Logger)
	switch {
	case err != nil && len(p.chosen) > 0 && !errors.Is(err, room.ErrFailed):
		return nil, badOptions(err)
	case err != nil:
		return nil, refusal.New(closecode.RoomFailed, "the room could not be made").CausedBy(err).At(slog.LevelError)
	}
	return r.run(p, engine, made, disown, false)
}

// configOf returns how the room of a plan is run.
func (r *Registry) configOf(p *plan) room.Config {
	cfg := r.roomConfig()
	if !p.kind.Backstage { // what clients could do does not matter
		cfg.Omitted = r.omits(p.kind)
	}
	cfg.ShowTopics = p.kind.showTopics(p.kind.houseOf(p.options))
	if r.watchers(p.match) == nobody {
		cfg.Unwatched = matchNotWatched
	}
	return cfg
}

// run starts the loop of a room that was made, or made again.
func (r *Registry) run(p *plan, engine *room.Engine, made uint64, disown func(), again bool) (*Entry, error) {
	of := p.kind.houseOf(p.options)
	e := &Entry{ID: p.id, Kind: p.kind.Name, registry: r, match: p.match, chosen: p.chosen, alike: store.OptionsText(p.chosen), options: p.options, told: r.newTold(p, engine), disown: disown,
		of: of, is: p.show, spread: p.kind.Spread, hidden: p.kind.Backstage}
	dt := time.Duration(float64(time.Second) / engine.World().TickRate)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, refusal.GoingAway()
	}
	e.made(!again)
	if again {
		r.seatAgain(e, engine)
	}
	e.Loop = room.StartLoop(engine, r.o.Pool, room.LoopConfig{
		MaxCatchUp: r.o.Config.MaxCatchUp, EmptyRoomLinger: cmp.Or(p.linger, r.o.Config.EmptyRoomLinger),
		Phase:      phase(time.Since(r.start), dt, made),
		Metrics:    r.o.Metrics.Kind(e.Kind),
		Line:       r.line(p.id),
		Async:      r.o.Async,
		CloseEmpty: e.closeEmpty, Places: e.places, Labels: e.labels,
		PlaceFree: e.placeFree, Joined: e.joined, Left: e.leaves, Result: e.result, Ended: e.ended, Suspended: e.suspended,
		Told: e.tells(), BlackBox: r.o.BlackBox, LateTick: r.o.Config.Journal.LateTick,
		Refused: e.refused, PutOut: e.putOut, Renew: r.o.Renew, Elsewhere: e.elsewhere,
	})
	r.entries[e.ID] = e
	if of != nil {
		r.shows.Opened(*of, e)
	}
	if p.match != nil {
		r.reporter.Opened(p.match, func() bool { p := e.Info().Places; return p.Open() })
		if again {
			for _, p := range e.again {
				r.reporter.Joined(e.ID, p)
			}
		}
	}
	return e, nil
}

// line returns the end of the bus for a room; nil: there is no bus.
func (r *Registry) line(id string) *bus.Line {
	if r.o.Bus == nil {
		return nil
	}
	return bus.NewLine(r.o.Bus, id)
}

// seed returns the seed of the random numbers of the room with a number.
func (r *Registry) seed(made uint64) uint64 {
	if seed := r.o.Config.Seed; seed != 0 {
		return seed + made
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // it ends the program rather than fail
	return binary.LittleEndian.Uint64(b[:])
}

func (r *Registry) roomConfig() room.Config {
	cfg := r.o.Config
	return room.Config{
		AckWindow: cfg.AckWindow, IdleTimeout: cfg.IdleTimeout, Hold: cfg.Hold, HoldLeast: cfg.HoldLeast, MayHold: r.mayHold, MaxOutbox: cfg.MaxOutbox, MaxMessage: cfg.MaxMessage,
		MessagesPerSecond: cfg.Limits.Messages, MessageBurst: float64(cfg.Limits.MessageBurst),
		BytesPerSecond: cfg.BytesPerSecond(), ByteBurst: float64(cfg.Limits.ByteBurst),
		SecondDevice: cfg.SecondDevice, Banned: r.banned, MaxAsync: cfg.Async.PerRoom,
		Ring: cfg.Journal.Ring, Press: r.o.Press, Build: r.o.Build, Checkpoint: cfg.Journal.Checkpoint, KeepBytes: int64(cfg.Journal.RoomBytes),
		CommandsPerSecond: cfg.Limits.Commands, CommandBurst: float64(cfg.Limits.CommandBurst),
	}
}

// mayHold counts a session that is to be held; see room.Config.
func (r *Registry) mayHold(player string, addr netip.Addr) (release func(), ok bool) {
	release, err := r.o.Guard.Hold(player, addr)
	if err != nil {
		r.o.Refusals.Record(refusal.Session, refusal.Denied(err), refusal.Subject{Player: player, Client: addr})
		return nil, false
	}
	return release, true
}

// banned reports whether a player or an address is banned, and what to tell it.
func (r *Registry) banned(player string, addr netip.Addr) (reason string, banned bool) {
	b, banned := r.o.Bans.Check(player, addr, time.Now())
	if !banned {
		return "", false
	}
	return (&limits.Denied{Reason: limits.BannedPlayer, Ban: b}).Error(), true
}

// phase returns how long a room waits for its first tick, so that the rooms' ticks
// are spread evenly over the period, however many rooms there are and whenever
// they were made: each room's are a golden-ratio step after those of the one made
// before it, counted from the server's start.
func phase(since, dt time.Duration, made uint64) time.Duration {
	_, step := math.Modf(float64(made) * 0.6180339887498949)
	wait := time.Duration(step*float64(dt)) - since%dt
	if wait < 0 {
		wait += dt
	}
	return wait
}
