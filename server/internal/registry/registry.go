// Package registry holds the rooms that run on this server, one Entry each, and finds or
// makes the one that a player goes to.
//
// It stands between three parties. A joiner asks it for a room: Join, or Resume for one
// that has a session. The directory is where all servers' rooms are listed, and where a place
// is reserved before anybody is sent to a room; the registry tells it how its rooms are, again
// and again. The rooms' loops say who joins and leaves, and when they end. They decide in the
// end: what the directory promises is as of the last report.
//
//	registry.go  the Registry, and what is asked about its rooms
//	entry.go     a room, from its listing to its end
//	kinds.go     the kinds of rooms
//	join.go      which room a joiner goes to who has no seat
//	seated.go    the room of a seat; of a match, opened when the first of its players comes
//	make.go      the making of a room
//	restore.go   rooms that go on when the server is started again
//	listing.go   what the directory is told of a room
//	telling.go   when it is told
//	closing.go   the end of rooms that nobody is in
//	elsewhere.go those whom a room hands back, to be led to another one
//	players.go   which rooms a player has sessions in
//
// The lock of the entries is never held while the directory is asked. That of a kind is,
// by which one room of it is made at a time.
package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/async"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/reporter"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/shows"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

// Options of a Registry. All but Matches are to be set.
type Options struct {
	// Config is what the server was told.
	Config *config.Config
	// Node is the name of this server in the directory.
	Node string
	// Directory lists the rooms of all servers.
	Directory store.Directory
	// Matches knows the matches whose rooms are opened here. nil: there are none, and
	// seats are good for rooms that are there.
	Matches Matches
	// Pool runs the rooms' chunks of work.
	Pool *room.Pool
	// Metrics count.
	Metrics *metrics.Metrics
	// Guard bounds the rooms of a player.
	Guard *limits.Guard
	// Short reports whether the server is short of memory, so that no rooms are made; nil: it never is.
	Short func() bool
	// Bans are asked when a joiner is let in, and about all players after a ban.
	Bans limits.Bans
	// Renew checks tokens that come within sessions; see room.LoopConfig.
	Renew func(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool
	// Claims say which server has which show.
	Claims claim.Claims
	// Refusals hears of those whom a room turns away.
	Refusals *refusal.Journal
	// Bus carries the rooms' messages, and Async does work beside them. nil: nobody does.
	Bus   bus.Bus
	Async *async.Runner
	// Hooks tell backends what happens in the rooms. nil: nobody is told.
	Hooks *hooks.Hooks
	// BlackBox keeps the newest part of a room's journal; it must not block. nil: none is kept.
	BlackBox func(room.BlackBox)
	// Journals keeps the rooms' journals in files, so that they go on when the server is started again. nil:
	// they don't. Build tells programs apart that may simulate otherwise.
	Journals *journalfile.Store
	Build    string
	// Press has work done elsewhere, and reports whether it will be. nil: what is in memory of the rooms' journals
	// is not compressed.
	Press  func(work func()) bool
	Logger *slog.Logger
}

// Matches knows the matches that the matchmaker has made. A store.Matches is one.
type Matches interface {
	// Match returns a match by its id, which is its room's too. The error is
	// store.ErrNoRoom if there is none.
	Match(ctx context.Context, id, code string) (store.Match, error)
}

// Registry holds the rooms that run here. Its methods may be called from any goroutine,
// but for Register, PlaceBy and ReportTo, which come before all others.
type Registry struct {
	// Fixed before the first room.
	o        Options
	start    time.Time
	kinds    map[string]*kind
	reporter *reporter.Reporter // told of the rooms of matches; nil: nobody is
	owner    string             // of claims: this server, in this life
	placed   Placed             // nil: rooms are opened here

	// Of each its own lock.
	clients  atomic.Int64             // in rooms, or about to be
	players  players                  // who is in which room
	telling  telling                  // what the directory is told
	closings *workqueue.Queue[*Entry] // empty rooms that ask whether they may end
	quiet    atomic.Int64             // until when the directory is not asked by those who can do without, in nanoseconds since 1970: it has failed
	moves    *workqueue.Queue[move]
	shows    *shows.Keeper // of the houses here
	ahead    ahead

	mu      sync.Mutex
	entries map[string]*Entry // by id
	made    uint64            // rooms, since the start
	closed  bool              // no more are made
}

// New returns a registry without rooms.
func New(o Options) *Registry {
	r := &Registry{o: o, start: time.Now(), kinds: map[string]*kind{}, entries: map[string]*Entry{}, players: newPlayers(), telling: newTelling()}
	r.closings, r.moves = r.newClosings(), r.newMoves(r.Join)
	r.ahead, r.owner = newAhead(), o.Node+"/"+strings.ToLower(rand.Text()[:10])
	r.shows = shows.New(shows.Options{
		Claims: o.Claims, Owner: r.owner, Lease: o.Config.Shows.Lease, Linger: o.Config.Shows.Linger, Make: r.makeShow, Count: o.Metrics.Show, Logger: o.Logger,
	})
	return r
}

// Placed has a room of a kind opened on the server that has the most to spare, for whoever comes, with
// options that clients chose.
type Placed func(ctx context.Context, kind string, options map[string]string) error

// PlaceBy has rooms that are opened before others are full placed on any server.
func (r *Registry) PlaceBy(place Placed) { r.placed = place }

// ReportTo has a reporter told of the rooms of matches.
func (r *Registry) ReportTo(rep *reporter.Reporter) { r.reporter = rep }

// Run does what the rooms' loops must not wait for, until ctx is done. That is to be after
// Close has returned, so that nothing is forgotten that the rooms' ends have brought.
func (r *Registry) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { r.tell(ctx) })
	wg.Go(func() { r.closings.Run(ctx) })
	wg.Go(func() { r.moves.Run(ctx) })
	wg.Go(func() { r.shows.Run(ctx) })
	wg.Go(func() { r.openAhead(ctx) })
	wg.Wait()
}

// Close ends all rooms, telling their clients that the server goes away, and waits for
// them. No room is made any more.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.shows.Close(ctx) // other servers take them over at once
	all := r.Entries()
	for _, e := range all {
		e.Suspend(closecode.GoingAway, "the server is going away")
	}
	for _, e := range all {
		if err := e.Wait(ctx); err != nil {
			return fmt.Errorf("server: room %s did not end: %w", e.ID, err)
		}
	}
	return nil
}

// Get returns the room with an id, nil if it does not run here.
func (r *Registry) Get(id string) *Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[id]
}

// Entries returns the rooms that run, in any order.
func (r *Registry) Entries() []*Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Entry, 0, len(r.entries))
	for _, e := range r.entries {
		out = append(out, e)
	}
	return out
}

// List returns how the rooms are doing, by id.
func (r *Registry) List() []room.Info {
	all := r.Entries()
	infos := make([]room.Info, len(all))
	for i, e := range all {
		infos[i] = e.Info()
	}
	slices.SortFunc(infos, func(a, b room.Info) int { return cmp.Compare(a.ID, b.ID) })
	return infos
}

// Of returns the rooms that a player has sessions in, the newest session first.
func (r *Registry) Of(player string) []*Entry { return r.players.of(player) }

// Private reports whether a room is one of a match that lets in those alone who have
// seats.
func (r *Registry) Private(id string) bool {
	e := r.Get(id)
	return e != nil && e.Private()
}

// Clients returns how many clients are in the rooms, or about to be, those away included.
func (r *Registry) Clients() int { return int(r.clients.Load()) }

// Expel has each room put those out who are banned by now, with its next tick. A joiner is
// asked about once more when it is let in, so that none slips through.
func (r *Registry) Expel() {
	for _, e := range r.Entries() {
		e.Expel()
	}
}
