package room

import (
	"net/netip"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// RoleSpectator is the role of a seat to watch from.
const RoleSpectator = "spectator"

// Joiner is who wants into a room: what was found out about a client before the room
// sees it.
type Joiner struct {
	// Hello is the client's, checked for form.
	Hello *tickroomv1.Hello
	// Who the client is. Of one that resumes a session without a token: nobody.
	Who identity.Identity
	// Addr is where the client is.
	Addr netip.Addr
	// Seat is the seat that the client came with, used up by now; nil: none.
	Seat *seat.Seat
	// Back tells that the player has a session in the room, as far as anybody knows, so
	// that no place is reserved for it.
	Back bool
}

// Reserved tells whether a place is reserved for the joiner, which is given back if it
// takes none.
func (j *Joiner) Reserved() bool { return j.Hello.GetResume() == "" && !j.Back }

func (j *Joiner) spectates() bool {
	return j.Hello.GetSpectate() || j.Seat != nil && j.Seat.Role == RoleSpectator
}

// name gives what the player is called: the token's word comes before its own.
func (j *Joiner) name() string {
	if !j.Who.Guest && j.Who.Name != "" {
		return j.Who.Name
	}
	return j.Hello.GetName()
}

// player makes the joiner's player, as the game sees it.
func (j *Joiner) player(w *world.World, id uint32) *world.Player {
	p := &world.Player{
		Interest: world.NewInterest(w), ID: id, Name: j.name(), Spectator: j.spectates(),
		PlayerID: j.Who.Player, Roles: j.Who.Roles.Names(),
	}
	if s := j.Seat; s != nil {
		p.Team, p.Role, p.InMatch = int(s.Team), s.Role, s.Mode != ""
	}
	return p
}

// Playing are the roles of which one is needed to take part.
const Playing = identity.Player | identity.Host | identity.Moderator | identity.Admin

// mayPlay tells whether somebody may do more than watch. Whoever is nobody yet may.
func mayPlay(who *identity.Identity) bool { return who.Roles == 0 || who.Roles&Playing != 0 }

// WatchOnly is what is said to those who may only watch, and want to play.
const WatchOnly = "the token lets its holder watch, and no more"

// errSessionGone is for those who come back to a session that has ended.
var errSessionGone = closeError(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE, "the player's session is not there any more")

// Admission is how a joiner got in.
type Admission struct {
	Client *Client
	// Session tells that the session was there before: it was resumed, or taken over.
	Session bool
	// Away tells that it had no connection.
	Away bool
}

// Admit lets a joiner in: into the session that it resumes, that which its player has
// here, or a new one. An error says with which close code the connection is to be
// turned away; it is left open.
func (e *Engine) Admit(conn socket.Conn, j *Joiner) (a Admission, err error) {
	if reason, banned := e.banned(j.Who.Player, j.Addr); banned {
		return a, closeError(tickroomv1.CloseCode_CLOSE_CODE_BANNED, reason)
	}
	if j.Hello.GetResume() != "" {
		a.Session = true
		a.Client, a.Away, err = e.Resume(conn, j)
		return a, err
	}
	if c := e.players[j.Who.Player]; c != nil {
		a.Session = true
		a.Client, a.Away, err = e.takeOver(c, conn, j)
		return a, err
	}
	if j.Back {
		return a, errSessionGone
	}
	a.Client, err = e.Join(conn, j)
	return a, err
}

// banned asks whether somebody is banned.
func (e *Engine) banned(player string, addr netip.Addr) (reason string, banned bool) {
	if e.cfg.Banned == nil {
		return "", false
	}
	return e.cfg.Banned(player, addr)
}
