package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/reporter"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// rooms is the registry of this server's rooms: it finds or makes the one that a
// player goes to.
type rooms struct {
	cfg      *config.Config
	log      *slog.Logger
	dir      store.Directory
	pool     *room.Pool
	metrics  *metrics.Metrics
	start    time.Time
	gone     func() // told of each seat that is free again
	node     string
	guard    *limits.Guard
	matches  Matches            // nil: there are none
	reporter *reporter.Reporter // told of the matches that run; nil: nobody is
	returns  *returns
	anew     func(conn socket.Conn, j room.Joiner)
	people   *people
	banned   func(player string, addr netip.Addr) (reason string, banned bool)
	renew    func(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool

	mu      sync.Mutex
	kinds   map[string]*kind
	running map[string]*room.Loop
	played  map[string]*store.Match         // those of the running rooms that have one
	listed  map[string]store.Listing        // the running rooms as they were put on the list
	leavers map[string]map[string]time.Time // by room of a match: who has left it for good, and when
	made    uint64
	closed  bool
}

type kind struct {
	world.Kind
	making sync.Mutex // one room of a kind is made at a time
}

// plan says which room to make.
type plan struct {
	kind *kind
	// id is the room's; empty: a new one.
	id      string
	options map[string]string
	// match is what the room is for; nil: for whoever comes.
	match *store.Match
	// owner is the player for whom the room is made; empty: nobody.
	owner string
	// taken are the places that are taken at once.
	taken int
}

// players counts the places of the match's players.
func (p *plan) players() (n int) {
	if p.match != nil {
		for _, t := range p.match.Teams {
			n += len(t.Slots)
		}
	}
	return n
}

func (rs *rooms) register(k world.Kind) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if k.Name == "" || k.New == nil || k.Schema == nil {
		return fmt.Errorf("server: kind %q: Name, Schema and New must be set", k.Name)
	}
	if rs.kinds[k.Name] != nil {
		return fmt.Errorf("server: kind %q is registered already", k.Name)
	}
	rs.kinds[k.Name] = &kind{Kind: k}
	return nil
}

// check makes and drops a room of each kind that has options set, so that a
// wrong option is found at the start and not when the first player comes.
func (rs *rooms) check() error {
	for name := range rs.cfg.KindOptions {
		k := rs.kinds[name]
		if k == nil {
			return fmt.Errorf("server: options for kind %q, which is not there; the kinds are: %s", name, strings.Join(rs.names(), ", "))
		}
		if _, _, err := world.NewRoom(k.Kind, 1, rs.cfg.Options(name), rs.log); err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	return nil
}

func (rs *rooms) names() []string {
	var names []string
	for n := range rs.kinds {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func closeError(code tickroomv1.CloseCode, format string, args ...any) error {
	return &socket.CloseError{Code: int(code), Reason: fmt.Sprintf(format, args...)}
}

// join finds the room that a player's hello asks for, or makes one, with a seat
// reserved in it.
func (rs *rooms) join(ctx context.Context, player, kindName, id string) (*room.Loop, error) {
	rs.mu.Lock()
	k := rs.kinds[kindName]
	rs.mu.Unlock()
	if k == nil {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "there is no kind %.20q; there are: %s", kindName, strings.Join(rs.names(), ", "))
	}
	if rs.closedTo(id) {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "the room is for those with a seat from the matchmaker")
	}
	if l, err := rs.reserve(ctx, kindName, id); l != nil || err != nil {
		return l, err
	}
	if id != "" {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "there is no room %.40q of kind %.20q", id, kindName)
	}
	k.making.Lock()
	defer k.making.Unlock()
	// Somebody else may have made one meanwhile.
	if l, err := rs.reserve(ctx, kindName, ""); l != nil || err != nil {
		return l, err
	}
	return rs.make(ctx, plan{kind: k, options: rs.cfg.Options(kindName), owner: player, taken: 1})
}

// resume finds the room in which a session is to be resumed.
func (rs *rooms) resume(kindName, id string) (*room.Loop, error) {
	l := rs.find(id)
	if l == nil || l.Info().Kind != kindName {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE, "the room of the session is not there any more")
	}
	return l, nil
}

// reserve takes a seat in a room that is there, or gives nil.
func (rs *rooms) reserve(ctx context.Context, kindName, id string) (*room.Loop, error) {
	for {
		r, err := rs.dir.Reserve(ctx, store.Want{Kind: kindName, ID: id})
		switch {
		case errors.Is(err, store.ErrNoRoom):
			return nil, nil
		case errors.Is(err, store.ErrFull):
			return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "the room is full")
		case err != nil:
			return nil, rs.away(err)
		}
		rs.mu.Lock()
		l := rs.running[r.ID]
		rs.mu.Unlock()
		if l != nil {
			return l, nil
		}
		if r.Node != rs.node {
			if err := rs.dir.Release(ctx, r.ID); err != nil {
				return nil, rs.away(err)
			}
			if id == "" {
				return rs.reserveHere(ctx, kindName)
			}
			return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, "the room is on another server, %.60s", r.Node)
		}
		// It is one of a match to which nobody has come yet; or it has ended, and is about
		// to be taken off the list.
		if l, err = rs.open(ctx, r.ID); err == nil {
			if rs.closedTo(r.ID) {
				if err := rs.dir.Release(ctx, r.ID); err != nil {
					return nil, rs.away(err)
				}
				return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "the room is for those with a seat from the matchmaker")
			}
			return l, nil
		}
		var why *socket.CloseError
		if !errors.As(err, &why) || why.Code != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED) {
			// It is to be opened, and can't be now.
			return nil, errors.Join(err, rs.dir.Release(ctx, r.ID))
		}
		if err := rs.dir.Remove(ctx, r.ID); err != nil {
			return nil, rs.away(err)
		}
	}
}

// reserveHere takes a seat in the fullest room of this server that is open to all, or
// gives nil: the client has come here, and can't be led to another server.
func (rs *rooms) reserveHere(ctx context.Context, kindName string) (*room.Loop, error) {
	rs.mu.Lock()
	var fit []*room.Loop
	for id, l := range rs.running {
		if m := rs.played[id]; l.Info().Kind == kindName && (m == nil || m.Open && m.Mode == "") {
			fit = append(fit, l)
		}
	}
	rs.mu.Unlock()
	taken := func(l *room.Loop) int { i := l.Info(); return i.Clients + i.Held }
	slices.SortFunc(fit, func(a, b *room.Loop) int { return cmp.Compare(taken(b), taken(a)) })
	for _, l := range fit {
		i := l.Info()
		if i.Clients+i.Held >= i.Capacity {
			continue
		}
		_, err := rs.dir.Reserve(ctx, store.Want{Kind: kindName, ID: i.ID})
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, store.ErrNoRoom) && !errors.Is(err, store.ErrFull) {
			return nil, rs.away(err)
		}
	}
	return nil, nil
}

// make makes a room.
func (rs *rooms) make(ctx context.Context, p plan) (_ *room.Loop, err error) {
	k := p.kind
	rs.mu.Lock()
	n, closed := len(rs.running), rs.closed
	rs.made++
	made := rs.made
	rs.mu.Unlock()
	if closed {
		return nil, &socket.CloseError{Code: socket.CodeGoingAway, Reason: "the server is going away"}
	}
	if n >= rs.cfg.MaxRooms {
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SERVER_FULL, "the server has no room for another room")
	}
	seed := rs.cfg.Seed
	if seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		seed = binary.LittleEndian.Uint64(b[:])
	} else {
		seed += made
	}
	id := p.id
	if id == "" {
		id = k.Name + "-" + strings.ToLower(rand.Text()[:10])
	}
	disown := func() {}
	if p.owner != "" {
		if disown, err = rs.guard.OpenRoom(p.owner); err != nil {
			return nil, closeDenied(err)
		}
	}
	began := false
	defer func() {
		if !began {
			disown()
		}
	}()
	r, err := room.New(id, k.Kind, seed, p.options, room.Config{
		ForPlayers: p.players(),
		AckWindow:  rs.cfg.AckWindow, IdleTimeout: rs.cfg.IdleTimeout, Hold: rs.cfg.Hold, MaxOutbox: rs.cfg.MaxOutbox, MaxMessage: rs.cfg.MaxMessage,
		MessagesPerSecond: rs.cfg.Limits.Messages, MessageBurst: float64(rs.cfg.Limits.MessageBurst),
		BytesPerSecond: rs.cfg.Limits.Bytes, ByteBurst: float64(rs.cfg.Limits.ByteBurst),
		SecondDevice: rs.cfg.SecondDevice, Banned: rs.banned,
		CommandsPerSecond: rs.cfg.Limits.Commands, CommandBurst: float64(rs.cfg.Limits.CommandBurst),
	}, rs.log)
	if err != nil {
		rs.log.Error("a room could not be made", "kind", k.Name, "error", err)
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, "the room could not be made")
	}
	dt := time.Duration(float64(time.Second) / r.World().TickRate)
	rs.mu.Lock()
	if rs.closed {
		rs.mu.Unlock()
		return nil, &socket.CloseError{Code: socket.CodeGoingAway, Reason: "the server is going away"}
	}
	var l *room.Loop // the functions below are called once it has clients, which is later
	l = room.StartLoop(r, rs.pool, room.LoopConfig{
		MaxCatchUp: rs.cfg.MaxCatchUp, EmptyRoomLinger: rs.cfg.EmptyRoomLinger,
		Phase:      phase(time.Since(rs.start), dt, made),
		Metrics:    rs.metrics.Kind(k.Name),
		Gone:       func() { rs.release(id) },
		CloseEmpty: rs.closeEmpty(id),
		Joined: func(pl *world.Player) {
			rs.people.joined(pl.PlayerID, l)
			if p.match != nil && !pl.Spectator {
				rs.reporter.Joined(id, pl.PlayerID)
			}
		},
		Left: func(pl *world.Player) {
			rs.people.left(pl.PlayerID, l)
			if p.match != nil && !pl.Spectator {
				rs.leaves(id, pl.PlayerID)
				rs.reporter.Left(id, pl.PlayerID)
			}
		},
		Result: func(r *world.Result) {
			if p.match != nil {
				rs.reporter.Result(id, r)
			}
		},
		Renew: rs.renew, Anew: rs.anew,
		Ended: func() {
			disown()
			rs.ended(id)
			if p.match != nil {
				rs.reporter.Ended(id)
			}
		},
	})
	began = true
	rs.running[id] = l
	listed := store.Listing{
		ID: id, Kind: k.Name, Node: rs.node, URL: rs.cfg.Matchmaking.URL, Region: rs.cfg.Matchmaking.Region,
		Capacity: r.Capacity(), Taken: p.taken, Spectators: k.Spectators, Created: time.Now(),
	}
	if m := p.match; m != nil {
		rs.played[id] = m
		rs.reporter.Opened(m)
		listed.Mode, listed.Private, listed.URL, listed.Region = m.Mode, !m.Open, m.URL, m.Region
	}
	rs.listed[id] = listed
	rs.mu.Unlock()
	err = rs.dir.Add(ctx, listed)
	if errors.Is(err, store.ErrExists) && p.match != nil {
		err = nil // the matchmaker has listed it
	}
	if err != nil {
		l.Stop(int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED), "the room could not be listed")
		return nil, rs.away(err)
	}
	rs.log.Info("room made", "room", id, "kind", k.Name)
	return l, nil
}

// closeRetry is how long a room that could not be closed waits until it asks again.
const closeRetry = 5 * time.Second

// closeEmpty gives what a room asks that nobody is in. It waits for the directory for a
// moment, which costs nobody anything, but not with each tick.
func (rs *rooms) closeEmpty(id string) func() bool {
	var again time.Time
	return func() bool {
		if time.Now().Before(again) {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		ok, err := rs.dir.Close(ctx, id, 0)
		if err != nil {
			again = time.Now().Add(closeRetry)
		}
		return ok && err == nil
	}
}

// phase gives how long a room waits for its first tick, so that the rooms' ticks
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

func (rs *rooms) release(id string) {
	rs.gone()
	rs.returns.give(id)
}

// away makes of an error of the directory what a client is told.
func (rs *rooms) away(err error) error {
	rs.log.Warn("the directory of rooms does not answer", "error", err)
	return &socket.CloseError{Code: socket.CodeTryAgain, Reason: "the rooms can't be looked up now"}
}

func (rs *rooms) ended(id string) {
	rs.mu.Lock()
	delete(rs.running, id)
	delete(rs.played, id)
	delete(rs.listed, id)
	delete(rs.leavers, id)
	rs.mu.Unlock()
	if err := rs.dir.Remove(context.Background(), id); err != nil {
		rs.log.Error("a room could not be taken off the directory", "room", id, "error", err)
	}
	rs.log.Info("room ended", "room", id)
}

// list gives the rooms by id.
func (rs *rooms) list() []room.Info {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	infos := make([]room.Info, 0, len(rs.running))
	for _, l := range rs.running {
		infos = append(infos, l.Info())
	}
	slices.SortFunc(infos, func(a, b room.Info) int { return cmp.Compare(a.ID, b.ID) })
	return infos
}

// find gives a room by its id, or nil.
func (rs *rooms) find(id string) *room.Loop {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.running[id]
}

// close ends all rooms, telling their clients that the server goes away, and
// waits for them.
func (rs *rooms) close(ctx context.Context) error {
	rs.mu.Lock()
	rs.closed = true
	loops := make([]*room.Loop, 0, len(rs.running))
	for _, l := range rs.running {
		loops = append(loops, l)
	}
	rs.mu.Unlock()
	for _, l := range loops {
		l.Stop(socket.CodeGoingAway, "the server is going away")
	}
	for _, l := range loops {
		if err := l.Wait(ctx); err != nil {
			return fmt.Errorf("server: room %s did not end: %w", l.Info().ID, err)
		}
	}
	return nil
}
