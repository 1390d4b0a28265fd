package redisdb

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Directory is a store.Directory.
//
// Want.Until is taken as so much time from now by the clock here, so that it does not matter
// how far the clocks are apart.
type Directory struct{ db }

var _ store.Directory = (*Directory)(nil)

// NewDirectory returns the directory; see Open.
func NewDirectory(c redis.UniversalClient, prefix string) *Directory {
	return &Directory{newDB(c, roomScript, redisdata.Rooms.Prefix(prefix), nil)}
}

// How many rooms one script lists, removes or takes reports of: it must not keep Redis for
// long.
const (
	roomPage   = 500
	removePage = 100
	reportPage = 100
)

// listing reads a room that a script has answered with.
func listing(a answer) (l store.Listing, err error) {
	if err = errors.Join(redisdata.Decode(a.text(0), &l), redisdata.Decode(a.text(1), &l.Occupancy)); err != nil {
		return store.Listing{}, err
	}
	l.ReservedPlayers, l.ReservedSpectators, l.Closed = a.int(2), a.int(3), a.int(4) == 1
	l.Revision, err = strconv.ParseUint(a.text(5), 10, 64)
	return l, err
}

// role is how scripts tell those who play from those who watch.
func role(spectate bool) string {
	if spectate {
		return "s"
	}
	return "p"
}

// purpose is what scripts take for the mode: it stands for the options as well, by which rooms are
// told apart in the same way. Rooms of a mode have none that clients chose.
func purpose(mode, options string) string {
	if options != "" {
		return mode + "?" + options // no mode has such a name
	}
	return mode
}

// Reserve implements store.Directory.
func (d *Directory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	for {
		hold := max(0, time.Until(w.Until).Milliseconds())
		args := []any{role(w.Spectate), w.Kind, purpose(w.Mode, w.Options), w.Region, w.Node, w.ID, w.Reservation, w.Made.UnixMilli(), hold}
		a, err := d.write(ctx, "reserve", list(args, w.Except)...)
		if err != nil {
			return store.Listing{}, err
		}
		if len(a) > 0 { // else very many reservations have ended, and some places are free by now
			return listing(a)
		}
	}
}

// Load implements store.Directory.
func (d *Directory) Load(ctx context.Context, w store.Want) (store.Load, error) {
	for {
		a, err := d.read(ctx, "load", w.Kind, purpose(w.Mode, w.Options), w.Region, w.Node)
		if err != nil {
			return store.Load{}, err
		}
		if len(a) > 0 { // else very many reservations have ended, and some places are free by now
			return store.Load{Rooms: a.int(0), Places: a.int(1), Taken: a.int(2)}, nil
		}
	}
}

// Cancel implements store.Directory.
func (d *Directory) Cancel(ctx context.Context, room string, r store.Reservation) error {
	_, err := d.write(ctx, "cancel", room, role(r.Spectate), r.Name, r.Made.UnixMilli())
	return err
}

// report is a store.Report as scripts read it.
type report struct {
	ID      string    `json:"id"`
	Rev     uint64    `json:"rev"`
	Static  string    `json:"b"`
	Now     string    `json:"o"`
	Kind    string    `json:"kind"`
	Mode    string    `json:"mode"`
	Node    string    `json:"node"`
	Region  string    `json:"region"`
	Spread  bool      `json:"spread,omitempty"`
	Settled []settled `json:"settled,omitempty"`
}

type settled struct {
	Role string `json:"role"`
	Name string `json:"name"`
	Made int64  `json:"made"`
}

func encodeReport(r *store.Report) (string, error) {
	static, err := redisdata.Encode(&r.Listing)
	if err != nil {
		return "", err
	}
	now, err := redisdata.Encode(&r.Occupancy)
	if err != nil {
		return "", err
	}
	out := report{ID: r.ID, Rev: r.Revision, Static: static, Now: now, Kind: r.Kind, Mode: purpose(r.Mode, r.Options), Node: r.Node, Region: r.Region, Spread: r.Spread}
	for _, s := range r.Settled {
		out.Settled = append(out.Settled, settled{role(s.Spectate), s.Name, s.Made.UnixMilli()})
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// Report implements store.Directory.
func (d *Directory) Report(ctx context.Context, node string, rooms []store.Report) (listed int, err error) {
	for first := true; first || len(rooms) > 0; first = false {
		page := rooms[:min(len(rooms), reportPage)]
		rooms = rooms[len(page):]
		args := []any{node}
		for i := range page {
			text, err := encodeReport(&page[i])
			if err != nil {
				return 0, err
			}
			args = append(args, text)
		}
		a, err := d.write(ctx, "report", args...)
		if err != nil {
			return 0, err
		}
		listed = a.int(0)
	}
	return listed, nil
}

// Close implements store.Directory.
func (d *Directory) Close(ctx context.Context, r store.Report) (bool, error) {
	text, err := encodeReport(&r)
	if err != nil {
		return false, err
	}
	a, err := d.write(ctx, "close", text)
	return a.int(0) == 1, err
}

// Remove implements store.Directory.
func (d *Directory) Remove(ctx context.Context, room string, revision uint64) error {
	_, err := d.write(ctx, "remove", room, revision)
	return err
}

// RemoveNode implements store.Directory.
func (d *Directory) RemoveNode(ctx context.Context, node string) (removed int, err error) {
	for {
		a, err := d.write(ctx, "removeNode", node, removePage)
		removed += a.int(0)
		if err != nil || a.int(0) < removePage {
			return removed, err
		}
	}
}

// Owners implements store.Directory.
func (d *Directory) Owners(ctx context.Context) ([]string, error) {
	a, err := d.read(ctx, "owners")
	nodes := a.texts()
	slices.Sort(nodes)
	return nodes, err
}

// Rooms implements store.Directory. Rooms that come or go meanwhile may be among them or
// not.
func (d *Directory) Rooms(ctx context.Context, kind, node string) ([]store.Listing, error) {
	var out []store.Listing
	for from := "-"; ; {
		a, err := d.read(ctx, "rooms", node, from, roomPage)
		if err != nil {
			return nil, err
		}
		for i := range a {
			id := a.list(i).text(0)
			from = "(" + id
			l, err := listing(a.list(i).list(1))
			if err != nil {
				unreadable("room "+id, err)
				continue
			}
			if kind == "" || l.Kind == kind {
				out = append(out, l)
			}
		}
		if len(a) < roomPage {
			return out, nil
		}
	}
}
