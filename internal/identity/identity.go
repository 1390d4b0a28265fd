package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tickroom/tickroom/text"
)

// Bounds of what a token holds.
const (
	MaxPlayer = 128 // bytes of a player's id
	MaxName   = 64  // bytes of a name, as of Hello.name
)

// GuestPrefix begins the ids of guests, and of nobody else.
const GuestPrefix = "guest:"

// Token is a token as it came. It prints, logs and marshals as its length alone;
// string(t) is the text.
type Token string

// String hides the token.
func (t Token) String() string {
	if t == "" {
		return "(no token)"
	}
	return fmt.Sprintf("(token of %d bytes)", len(t))
}

// GoString hides the token.
func (t Token) GoString() string { return t.String() }

// MarshalText hides the token.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue hides the token.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Identity is who a client is.
type Identity struct {
	// Player is the player's id, the same in all sessions; a guest's is random.
	Player string
	// Name is the player's name, for others. It may be empty; it is not unique.
	Name string
	// Roles are what the player may do. There is at least one.
	Roles Roles
	// Shows are the names of the shows in which Host, Moderator and Admin count, with spaces between
	// and around; empty: everywhere. RolesIn says which roles the player has where.
	Shows string
	// Guest: nobody vouches for the player.
	Guest bool
	// Issued is when the token was made; zero if that is not in it.
	Issued time.Time
	// Expires is when the identity ends unless it is renewed; zero: never.
	Expires time.Time
	// Grace is how long after Expires a session may go on, so that a late renewal
	// does not end a game: Config.Leeway and Config.Grace.
	Grace time.Duration
	// TokenID is the token's own id, if it has one.
	TokenID string
}

// RolesIn returns the roles that the player has in the rooms of a show, or elsewhere if that is empty.
func (i Identity) RolesIn(show string) Roles {
	if i.Shows == "" || show != "" && strings.Contains(i.Shows, " "+show+" ") {
		return i.Roles
	}
	if rest := i.Roles &^ (Host | Moderator | Admin); rest != 0 {
		return rest
	}
	return Player
}

// Deadline returns the time at which a session of the identity must end; zero: never.
func (i Identity) Deadline() time.Time {
	if i.Expires.IsZero() {
		return time.Time{}
	}
	return i.Expires.Add(i.Grace)
}

// LogValue leaves out the name, which is the player's own words.
func (i Identity) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("player", i.Player), slog.String("roles", i.Roles.String())}
	if !i.Expires.IsZero() {
		attrs = append(attrs, slog.Time("expires", i.Expires))
	}
	return slog.GroupValue(attrs...)
}

// Roles is a set of roles.
type Roles uint8

// The roles.
const (
	// Player takes part.
	Player Roles = 1 << iota
	// Spectator watches.
	Spectator
	// Host runs a room's show: asks the quiz's questions, for one.
	Host
	// Moderator keeps order in rooms.
	Moderator
	// Admin may do everything.
	Admin
	// Follower, Member and Subscriber are what somebody is to whoever runs a room: they take part,
	// and may be let do more than others.
	Follower
	Member
	Subscriber
)

var roleNames = []struct {
	role Roles
	name string
}{{Player, "player"}, {Spectator, "spectator"}, {Host, "host"}, {Moderator, "moderator"}, {Admin, "admin"},
	{Follower, "follower"}, {Member, "member"}, {Subscriber, "subscriber"}}

// ParseRole returns the role of a name, and whether there is one.
func ParseRole(name string) (Roles, bool) {
	for _, r := range roleNames {
		if r.name == name {
			return r.role, true
		}
	}
	return 0, false
}

// RoleNames lists the names of all roles.
func RoleNames() []string {
	var out []string
	for _, r := range roleNames {
		out = append(out, r.name)
	}
	return out
}

// Has reports whether the set holds all of the given roles.
func (r Roles) Has(all Roles) bool { return r&all == all }

// Names lists the roles' names.
func (r Roles) Names() []string {
	var out []string
	for _, n := range roleNames {
		if r.Has(n.role) {
			out = append(out, n.name)
		}
	}
	return out
}

// String returns the roles' names with commas between them.
func (r Roles) String() string { return strings.Join(r.Names(), ",") }

// CheckPlayer returns an error that says what is wrong with a player's id, if anything is.
func CheckPlayer(id string) error {
	switch {
	case id == "":
		return errors.New("the player's id is empty")
	case len(id) > MaxPlayer:
		return fmt.Errorf("the player's id is longer than %d bytes", MaxPlayer)
	case strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the player's id has characters other than printable ASCII without spaces")
	}
	return nil
}

// CheckName returns a name in the form in which it is kept (see text.Name), or an error
// that says what is wrong with it.
func CheckName(name string) (string, error) {
	if len(name) > MaxName {
		return "", fmt.Errorf("the name is longer than %d bytes: it has %d", MaxName, len(name))
	}
	name, err := text.Name(name, MaxName)
	return text.CutBytes(name, MaxName), err // the usual form may be longer
}

// cleanName makes a name of what a token says: one that is long or odd should keep nobody out.
func cleanName(name string) string {
	return strings.TrimSpace(text.CutBytes(text.CleanName(name, MaxName), MaxName))
}
