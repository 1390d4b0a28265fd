// Package shows keeps the shows of this server's houses. A show is a room that clients never join,
// one for each name in the whole fleet; its houses are rooms that they do join, on any server.
//
// The servers that have houses of a show compete for it: one has the claim (package claim), with an
// epoch, and makes the show's room. It renews the claim, and tells by that where the show is. When it
// dies another server with houses has the claim after its lease, with a higher epoch, and makes the
// show anew. A server that learns that it has lost the claim ends its room of the show; what that has
// said meanwhile has the old epoch, and the houses do not believe it.
//
// While the claims can't be asked nobody can take one, so the show's room goes on; its houses are
// told that they do not hear it once the lease is over. When they can be asked again nobody takes one
// for as long as a lease, so that those who have them come first.
//
// keeper.go has what is known of the shows, turn.go what is done about it, run.go when.
package shows

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/claim"
)

// Show is which show it is.
type Show struct {
	Kind string // of its room
	Name string
}

// claim returns the name of the right to make the show.
func (s Show) claim() string { return "show/" + s.Kind + "/" + s.Name }

// House is a room whose clients see a show.
type House interface {
	// Shown tells the house which epoch of its show is there; 0: none. It is called when that
	// changes, one call at a time, and must not block.
	Shown(epoch uint64)
}

// Stage is a show's room, which runs here.
type Stage interface {
	// ShowID returns the room's id.
	ShowID() string
	// EndShow has the room end, and does not wait for it. It may be called again.
	EndShow(why string)
	// Done returns a channel that is closed when the room has ended.
	Done() <-chan struct{}
}

// Options of a Keeper. All are to be set.
type Options struct {
	Claims claim.Claims
	// Owner is this server, in this life of its process: its name, a slash, something random.
	Owner string
	// Lease is how long a claim is good without being renewed. It is renewed four times as often.
	Lease time.Duration
	// Linger is how long a show is kept of which no house is there.
	Linger time.Duration
	// Make makes a show's room. It is called by a goroutine of its own.
	Make func(ctx context.Context, s Show, epoch uint64) (Stage, error)
	// Count hears what becomes of shows here: begun, ended, failed or lost.
	Count  func(what string)
	Logger *slog.Logger
}

// Keeper keeps the shows. Its methods may be called from any goroutine.
type Keeper struct {
	o    Options
	wake chan struct{} // holds one: there is something to do before the next beat

	making  sync.WaitGroup // rooms, and those who wait for their ends
	turning chan struct{}  // holds one while there is a turn

	mu      sync.Mutex
	shows   map[Show]*show
	closing bool      // no show is made any more
	failing bool      // the claims can't be asked
	patient time.Time // until when no claim is taken
	begun   uint64    // shows, so far
}

// show is what is known of one. The keeper's mu guards it.
type show struct {
	Show
	houses map[House]uint64 // those that run here, and what they were told
	held   time.Time        // until then the show is wanted though there may be no house here

	// The claim as it was known last, and when that was.
	known claim.Claim
	asked time.Time

	// What is here of it.
	phase phase
	owner string // of the claim, as which this server has it
	room  Stage
	began time.Time // when the room was made
	gone  bool      // the claim is another's

	failures int       // one after another
	again    time.Time // when it may be made again
}

// phase is how far the show is on this server.
type phase uint8

const (
	elsewhere phase = iota // or nowhere
	making                 // the claim is here, and the room is being made
	running                // the room is here
	ending                 // it is told to end
	over                   // it has ended, and the claim is to be given back
)

// New returns a keeper without shows.
func New(o Options) *Keeper {
	return &Keeper{o: o, wake: make(chan struct{}, 1), turning: make(chan struct{}, 1), shows: map[Show]*show{}}
}

// owner returns as whom claims are taken. That is another one after each show that has begun: a claim
// whose release is lost is not taken for one that was taken anew, so that no epoch is there twice.
func (k *Keeper) owner() string { return k.o.Owner + "/" + strconv.FormatUint(k.begun, 10) }

// soon has the next turn come at once.
func (k *Keeper) soon() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Opened notes that a house of a show runs here from now on. It is told of the show if that is there
// already, and what becomes of it later.
func (k *Keeper) Opened(s Show, h House) {
	k.mu.Lock()
	defer k.mu.Unlock()
	sh := k.show(s)
	sh.houses[h] = 0
	sh.tell(time.Now())
	k.soon()
}

// Hold has a show made if it is not there, and kept for so long at least, though nobody may watch.
func (k *Keeper) Hold(s Show, d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closing {
		return
	}
	now := time.Now()
	sh := k.show(s)
	if !now.Before(sh.held) {
		k.soon()
	}
	sh.held = now.Add(d)
}

// show returns what is known of a show, which is known from now on. The caller holds mu.
func (k *Keeper) show(s Show) *show {
	sh := k.shows[s]
	if sh == nil {
		sh = &show{Show: s, houses: map[House]uint64{}}
		k.shows[s] = sh
	}
	return sh
}

// wanted reports whether the show is to be there, for what is here.
func (sh *show) wanted(now time.Time) bool { return len(sh.houses) > 0 || now.Before(sh.held) }

// Closed notes that a house has ended.
func (k *Keeper) Closed(s Show, h House) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if sh := k.shows[s]; sh != nil {
		delete(sh.houses, h)
		k.forget(sh)
	}
}

// forget forgets a show of which nothing is here.
func (k *Keeper) forget(sh *show) {
	if !sh.wanted(time.Now()) && sh.phase == elsewhere {
		delete(k.shows, sh.Show)
	}
}

// tell tells the houses which epoch of the show is there.
func (sh *show) tell(now time.Time) {
	there := sh.there(now)
	for h, told := range sh.houses {
		if told != there {
			sh.houses[h] = there
			h.Shown(there)
		}
	}
}

// there returns the epoch of the show that is there, as far as is known; 0: none.
func (sh *show) there(now time.Time) uint64 {
	c := &sh.known
	if c.Owner == "" || c.Note == "" || now.Sub(sh.asked) >= c.Left {
		return 0
	}
	return c.Epoch
}

// learn takes in how a claim was, when it was asked for at a time.
func (sh *show) learn(c claim.Claim, asked time.Time) {
	if c.Epoch >= sh.known.Epoch {
		sh.known, sh.asked = c, asked
	}
}

// State is how a show is, as this server knows it.
type State struct {
	Show
	// Epoch is the newest that is known, Owner the server that has it; 0 and empty: nobody.
	Epoch uint64
	Owner string
	// Room is the id of its room; empty: it is not there now.
	Room string
	// Here is true if the room runs on this server.
	Here bool
	// Houses is how many houses of it run here.
	Houses int
}

// States returns the shows that have something here, by kind and name.
func (k *Keeper) States() []State {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	out := make([]State, 0, len(k.shows))
	for _, sh := range k.shows {
		owner, _, _ := strings.Cut(sh.known.Owner, "/")
		st := State{Show: sh.Show, Epoch: sh.known.Epoch, Owner: owner, Here: sh.phase == running, Houses: len(sh.houses)}
		if sh.there(now) != 0 {
			st.Room = sh.known.Note
		}
		out = append(out, st)
	}
	slices.SortFunc(out, func(a, b State) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name)) })
	return out
}
