package store

import (
	"context"
	"net/url"
	"time"
)

// Listing is what a directory knows of a room: what it was made as, what its node has
// reported last, and which places are reserved.
type Listing struct {
	ID   string
	Kind string
	// Mode is the name of the mode that it was made for; empty: none.
	Mode string
	// Options is what clients chose it to be like, as OptionsText has it; empty: nothing.
	Options string
	// Secret are the names of those options that are shown to nobody.
	Secret []string
	// Node is the server that runs it, URL where clients reach that server, Region where it is.
	Node, URL, Region string
	// Created is when it was made.
	Created time.Time
	// Spread rooms are filled evenly: players are sent to the one with the most free places. Of
	// others they are sent to the fullest, so that these fill up one after another.
	Spread bool
	// Show is the name of the show that it is a house of; empty: it is none.
	Show string

	Occupancy `json:"-"`
	// ReservedPlayers and ReservedSpectators count the reservations that are open, of those
	// who want to play and to watch.
	ReservedPlayers, ReservedSpectators int `json:"-"`
	// Revision is that of the report that Occupancy is from; 0: its node has not reported it,
	// since nobody has come there yet.
	Revision uint64 `json:"-"`
}

// Occupancy is who is in a room and who may come, as the room's node knows it.
type Occupancy struct {
	// Players are those who play, MaxPlayers the places for them; Spectators those who watch,
	// MaxSpectators the places to watch from. Those whose connection is lost and whose session
	// is held are among them. There may be more than places, which may become fewer.
	Players, MaxPlayers, Spectators, MaxSpectators int
	// Locked rooms take no new players for now, as their game wants it. Closed ones take
	// nobody any more. Private ones are found by their id alone.
	Locked, Closed, Private bool
	// Labels are what the room's game says of it, by their names: float64, string or bool.
	// They are not to be changed.
	Labels map[string]any
}

// Free returns how many places to play are neither occupied nor reserved; 0 at least.
func (l *Listing) Free() int { return max(0, l.MaxPlayers-l.Players-l.ReservedPlayers) }

// FreeToWatch returns how many places to watch from are neither occupied nor reserved; 0 at
// least.
func (l *Listing) FreeToWatch() int { return max(0, l.MaxSpectators-l.Spectators-l.ReservedSpectators) }

// Taken returns how many places to play are occupied or reserved.
func (l *Listing) Taken() int { return l.Players + l.ReservedPlayers }

// Rank orders the rooms that will do for somebody who wants to play, or to spectate: one is sent
// to the room with the highest. It is the number of free places of rooms that are Spread, and else
// that of the places to play that are taken.
func (l *Listing) Rank(spectate bool) int {
	switch {
	case l.Spread && spectate:
		return l.FreeToWatch()
	case l.Spread:
		return l.Free()
	}
	return l.Taken()
}

// Load is how full rooms are that are alike.
type Load struct {
	// Rooms counts them; Places are the places to play in them, Taken those that are occupied or
	// reserved.
	Rooms, Places, Taken int
}

// Add adds a room, if players are sent to it.
func (n *Load) Add(l *Listing) {
	if !l.Spread || l.Closed || l.Private || l.Locked {
		return
	}
	n.Rooms, n.Places, n.Taken = n.Rooms+1, n.Places+l.MaxPlayers, n.Taken+l.Taken()
}

// Want is what a place is asked for with.
type Want struct {
	// Kind is the kind of the room. With an ID it may be empty: any.
	Kind string
	// Mode is the mode of the room. With an ID, empty means any; without one, rooms of no
	// mode.
	Mode string
	// Options is what clients chose the room to be like; empty as with Mode.
	Options string
	// Region is where the room is, Node the server that runs it; empty: any.
	Region, Node string
	// ID is the room; empty: the best one that is open to all, and not in Except.
	ID     string
	Except []string
	// Spectate asks for a place to watch from, otherwise it is one to play.
	Spectate bool
	// Reservation names whom the place is reserved for, Made is when. It is reserved until
	// Until; if that has passed, the place is free again at once.
	Reservation string
	Made, Until time.Time
}

// OptionsText returns options in the one way in which they can be compared; empty for none.
func OptionsText(options map[string]string) string {
	q := url.Values{}
	for name, value := range options {
		q.Set(name, value)
	}
	return q.Encode()
}

// Shown returns the options of a room that may be shown; nil for none.
func (l *Listing) Shown() map[string]string {
	all := OptionsOf(l.Options)
	for _, name := range l.Secret {
		delete(all, name)
	}
	return all
}

// OptionsOf returns the options that OptionsText has made a text of; nil for none.
func OptionsOf(text string) map[string]string {
	q, err := url.ParseQuery(text)
	if err != nil || len(q) == 0 {
		return nil
	}
	options := make(map[string]string, len(q))
	for name := range q {
		options[name] = q.Get(name)
	}
	return options
}

// Reservation says which reservation is meant: the one with the name, to play or to watch, if
// it was made no later than Made, to the millisecond.
type Reservation struct {
	Name     string
	Spectate bool
	Made     time.Time
}

// Report is what a node tells of a room. All of it is absolute, so that one report mends
// what went wrong before.
type Report struct {
	// Listing is the room; what is reserved in it is left out.
	Listing
	// Settled are the reservations whose holders have come in or were turned away: those who
	// came in are counted in Occupancy.
	Settled []Reservation
}

// Directory lists all servers' rooms and reserves places in them. Each call is atomic, those
// that concern several rooms for each room. All calls may be repeated, and may arrive late or
// in another order: they do no harm then. So whoever gets an error that is not one of this
// package's, or ErrUnavailable, and does not know whether the call had its effect, repeats it,
// or leaves it: reservations end by themselves, and reports follow.
//
// The node that runs a room knows best who is in it. The directory has what that node has
// reported last, and beside it reservations, for those who are on their way. A place is free
// if it is neither occupied nor reserved. A reservation ends when the node settles it, when
// it is cancelled, and at Want.Until, exactly then, by the directory's clock.
type Directory interface {
	// Reserve reserves a place: in the room with the ID, or, if that is empty, in the one with the
	// highest Rank that fits and is neither closed, locked (to play) nor private. The error is ErrNoRoom if there is none; ErrFull if the room with the
	// ID has no free place, or is locked. If the room has the reservation already, even if it
	// is full or closed by now, Reserve returns the room, and the reservation ends at the
	// later time; when it was made stays as it was. Without an ID that goes for the room
	// reserved last for the name, as long as it fits.
	Reserve(ctx context.Context, w Want) (Listing, error)
	// Load returns how full the rooms are that are Spread and neither closed, locked nor private:
	// those of a Kind, Mode and Options, and of a Node, or else a Region. No more of w is looked at.
	Load(ctx context.Context, w Want) (Load, error)
	// Cancel ends a reservation in a room.
	Cancel(ctx context.Context, room string, r Reservation) error
	// Report takes in what a node says of rooms that it runs, and returns how many rooms are
	// listed under the node then. Rooms that are not listed are listed. A report whose
	// Revision is not greater than the one before settles reservations, and changes nothing
	// else. Revision 0 lists a room that the node does not run yet.
	Report(ctx context.Context, node string, rooms []Report) (listed int, err error)
	// Close takes a report in, and keeps everybody out of the room if no reservation in it is
	// open. It reports whether nobody will be sent to the room: not if a newer report has come
	// before. A room that is not listed counts as closed. A later report opens it again.
	Close(ctx context.Context, r Report) (bool, error)
	// Remove takes a room off the list if its Revision is not greater. It has no effect on a
	// room that is not listed.
	Remove(ctx context.Context, room string, revision uint64) error
	// RemoveNode takes all rooms of a node off the list, and returns how many there were: for a
	// node that has died and can't do it itself. After an error some rooms may be removed; the
	// number is theirs.
	RemoveNode(ctx context.Context, node string) (int, error)
	// Owners returns the nodes that have rooms, in the order of their names.
	Owners(ctx context.Context) ([]string, error)
	// Rooms returns the rooms of a kind and a node, in the order of their ids. Empty: of all.
	// Those that are closed, full or private are among them.
	Rooms(ctx context.Context, kind, node string) ([]Listing, error)
}
