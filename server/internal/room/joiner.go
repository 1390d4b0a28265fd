package room

import (
	"hash/maphash"
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/world"
)

// RoleSpectator is the role of a seat to watch from.
const RoleSpectator = "spectator"

// Joiner is somebody who wants into a room: what was found out about a client before the
// room sees it.
type Joiner struct {
	// Hello is the client's, checked for form.
	Hello *tickroomv1.Hello
	// Identity is the client's. Of one that resumes a session without a token it is
	// zero.
	Identity identity.Identity
	// Addr is where the client is.
	Addr netip.Addr
	// Account is told of the first message that the client is sent; nil: nobody is.
	Account Account
	// Seat is the seat that the client came with, used up by now unless it resumes a
	// session; nil: none.
	Seat *seat.Seat
	// Options is what the joiner chose the room to be like, as the directory compares it;
	// empty: nothing, or it goes to a certain room.
	Options string
	// Unseat makes the seat good again that was used up; nil: none was. Whoever turns the
	// joiner away calls TurnedAway.
	Unseat func()
	// Back reports whether the player has a session in the room to do the same by, as far as
	// anybody knows, so that no place is reserved for it.
	Back bool
	// Reservation is what the directory keeps a place for the joiner with; without a name
	// it keeps none, as far as is known.
	Reservation Reservation
	// Led says where the joiner has been led on from; nil: it was nowhere before.
	Led *Led
	// Except are the rooms in which there was no place for the joiner, in order.
	Except []string
	// Made is true if the room was made for the joiner: no other is then.
	Made bool
}

// Account counts the first messages of connections, which can be long, against whoever they are
// sent to. It is called by the workers of a room.
type Account interface {
	// FirstSent counts a message of n bytes.
	FirstSent(n int)
	// FirstTaken notes that the network has taken it.
	FirstTaken()
}

// Reservation is a reservation in the directory, to play or to watch: its name, and when it
// was made, or later.
type Reservation struct {
	Name     string
	Spectate bool
	Made     time.Time
}

// SeatReservation returns the reservation that the matchmaker has made when it gave a seat.
func SeatReservation(s *seat.Seat) Reservation {
	return Reservation{Name: s.Player, Spectate: s.Role == RoleSpectator, Made: s.Issued}
}

// Led is what a joiner wants for whom a room had no place. It does not change.
type Led struct {
	// Kind and Mode are those of the rooms that will do.
	Kind, Mode string
	// Options are what clients chose those rooms to be like.
	Options map[string]string
	// Since is when the first of them had no place.
	Since time.Time
}

// Reserved reports whether a place is reserved for the joiner, which is free again if it
// takes none.
func (j *Joiner) Reserved() bool { return j.Hello.GetResume() == "" && !j.Back }

// TurnedAway gives back the seat of a joiner who is let in nowhere, before its client is
// told so.
func (j *Joiner) TurnedAway() {
	if unseat := j.Unseat; unseat != nil {
		j.Unseat = nil
		unseat()
	}
}

// Spectates reports whether the joiner is to watch: it asks for that, or its seat is to
// watch from. Who has a seat to play may ask for less.
func (j *Joiner) Spectates() bool {
	return j.Hello.GetSpectate() || j.Seat != nil && j.Seat.Role == RoleSpectator
}

func (j *Joiner) part() part { return partOf(j.Spectates()) }

// AnyRoom reports whether any room of the kind will do, so that the joiner may be led to
// another one: it names none, or has a seat that does not insist.
func (j *Joiner) AnyRoom() bool {
	if j.Seat != nil {
		return j.Seat.AnyRoom
	}
	return j.Hello.GetRoom() == ""
}

// name returns what the player is called: the name in its token comes before the one in its
// hello, and that before the one in its seat.
func (j *Joiner) name() string {
	if !j.Identity.Guest && j.Identity.Name != "" {
		return j.Identity.Name
	}
	if name := j.Hello.GetName(); name != "" || j.Seat == nil {
		return name
	}
	return j.Seat.Name
}

// networkSeed keeps anybody from working out addresses from world.Player.Network.
var networkSeed = maphash.MakeSeed()

// networkOf returns what stands for the network of an address, in this process.
func networkOf(a netip.Addr) uint64 {
	if !a.IsValid() {
		return 0
	}
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return 0
	}
	return maphash.Comparable(networkSeed, p)
}

// player makes the joiner's player, as the game sees it in a room of a show, if it is of one.
func (j *Joiner) player(w *world.World, id uint32, show string) *world.Player {
	p := &world.Player{
		Interest: world.NewInterest(w), ID: id, Name: j.name(), Spectator: j.Spectates(),
		PlayerID: j.Identity.Player, Roles: j.Identity.RolesIn(show).Names(), Network: networkOf(j.Addr),
	}
	if s := j.Seat; s != nil {
		p.Team, p.Role, p.InMatch = int(s.Team), s.Role, s.Mode != ""
	}
	return p
}
