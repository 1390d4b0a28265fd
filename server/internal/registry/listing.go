package registry

import (
	"context"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
)

// told is what the directory is to know of a room. All of it is absolute and is told again
// and again, so that nothing that gets lost on the way stays wrong for long.
type told struct {
	mu      sync.Mutex
	listing store.Listing // Occupancy is as of the room's last tick, Revision that of the newest report
	settled map[holder]settled
	closing closing
}

// holder is whom a place was reserved for, and to do what.
type holder struct {
	name     string
	spectate bool
}

// settled is a reservation whose holder has come in or was turned away.
type settled struct {
	made  time.Time
	until time.Time // when the directory has certainly forgotten it
	told  bool      // a report with it has arrived
}

// settledGrace is for how long after the end of a reservation its settlement is still told:
// a call to reserve it may have been late.
const settledGrace = 10 * time.Second

// newTold returns what there is to be told of a room that is about to begin.
func (r *Registry) newTold(p *plan, engine *room.Engine) told {
	l := store.Listing{
		ID: p.id, Kind: p.kind.Name, Options: store.OptionsText(p.chosen), Node: r.o.Node, URL: r.o.Config.Matchmaking.URL, Region: r.o.Config.Matchmaking.Region, Created: time.Now(),
		// A room that has the id of one before it, as that of a match may, is told of by
		// newer reports.
		Revision: uint64(time.Now().UnixMicro()),
	}
	if m := p.match; m != nil {
		l.Mode, l.URL, l.Region = m.Mode, m.URL, m.Region
	}
	l.Occupancy, l.Labels = occupancy(engine.Places()), engine.Labels()
	l.Spread, l.Show, l.Secret = p.kind.Spread, p.kind.ShowName(p.options), p.kind.SecretOptions()
	if l.Private = p.match != nil && !p.match.Open || p.kind.Backstage; p.show != nil {
		l.Show = p.show.Name
	}
	return told{listing: l, settled: map[holder]settled{}}
}

func occupancy(p room.Places) store.Occupancy {
	return store.Occupancy{
		Players: p.Players, MaxPlayers: p.MaxPlayers, Spectators: p.Spectators, MaxSpectators: p.MaxSpectators, Locked: p.Locked,
	}
}

// note takes in who is in the room by now, and reports whether the room was locked, or is no
// more.
func (t *told) note(p room.Places) (turned bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	turned = t.listing.Locked != p.Locked
	was := t.listing.Occupancy
	t.listing.Occupancy = occupancy(p)
	t.listing.Private, t.listing.Labels = was.Private, was.Labels
	if p.Players+p.Spectators > 0 {
		t.closing = closing{asking: t.closing.asking}
	} else {
		t.listing.Closed = t.closing.may
	}
	return turned
}

// label takes in what the game says of the room by now.
func (t *told) label(labels map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listing.Labels = labels
}

// settle takes in which reservations have had their time; they were good for reserved at most.
func (t *told) settle(done []room.Reservation, reserved time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range done {
		who := holder{s.Name, s.Spectate}
		if was := t.settled[who]; was.made.Before(s.Made) || was.until.IsZero() {
			t.settled[who] = settled{made: s.Made, until: time.Now().Add(reserved + settledGrace)}
		}
	}
}

// report returns what to tell the directory now. With all, it is told all that it may have
// lost, else what is new.
func (t *told) report(all bool) store.Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listing.Revision++
	n := store.Report{Listing: t.listing}
	now := time.Now()
	for who, s := range t.settled {
		if now.After(s.until) {
			delete(t.settled, who)
		} else if all || !s.told {
			n.Settled = append(n.Settled, store.Reservation{Name: who.name, Spectate: who.spectate, Made: s.made})
		}
	}
	return n
}

// arrived notes that a report has arrived.
func (t *told) arrived(n *store.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range n.Settled {
		who := holder{r.Name, r.Spectate}
		if s := t.settled[who]; s.made.Equal(r.Made) && !s.until.IsZero() {
			s.told = true
			t.settled[who] = s
		}
	}
}

// last returns the revision of the newest report.
func (t *told) last() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.listing.Revision
}

// unlist takes a room off the directory that should be here and is not, and for which
// there is no match any more: the server had the same name before and has died, say. If
// it stayed there, players would be sent to it again and again.
func (r *Registry) unlist(ctx context.Context, id string, why error) {
	if refusal.Of(why).Code != closecode.RoomClosed {
		return
	}
	if err := r.o.Directory.Remove(ctx, id, uint64(time.Now().UnixMicro())); err != nil {
		r.o.Logger.Warn("a room that is gone stays in the directory", "room", id, "error", err)
	}
}
