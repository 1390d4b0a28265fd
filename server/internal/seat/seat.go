package seat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Bounds.
const (
	// MaxText bounds each of a seat's texts, in bytes.
	MaxText = 128
	// MaxTTL bounds how long a seat may be good for, and so what a Used store holds.
	MaxTTL = 10 * time.Minute
	// MaxToken bounds a seat's token, in bytes.
	MaxToken = (maxRaw*8 + 5) / 6
)

const (
	version  = 2
	macBytes = 32
	fixed    = 1 + keyIDBytes + 16 + 8 + 4 + 1 + 1
	maxRaw   = fixed + 6*(1+MaxText) + macBytes
	minRaw   = fixed + 5 + macBytes
)

// Why a seat is refused. The texts can be shown to the client.
var (
	// ErrMalformed: it is no seat.
	ErrMalformed = errors.New("the seat can't be read")
	// ErrKeyUnknown: it was made with a key that is not, or no longer, in use.
	ErrKeyUnknown = errors.New("the seat was made with a key that is not in use")
	// ErrForged: it was not made with the key, or was changed since.
	ErrForged = errors.New("the seat is not genuine")
	// ErrExpired: it was good once.
	ErrExpired = errors.New("the seat has expired")
	// ErrFromFuture: the maker's clock is ahead of ours by more than the leeway.
	ErrFromFuture = errors.New("the seat is not valid yet")
	// ErrWrongNode: it is a seat at another node.
	ErrWrongNode = errors.New("the seat is at another node")
	// ErrWrongRoom: it is a seat in another room.
	ErrWrongRoom = errors.New("the seat is in another room")
	// ErrWrongPlayer: it is another player's.
	ErrWrongPlayer = errors.New("the seat is another player's")
	// ErrUsed: somebody has come with it before.
	ErrUsed = errors.New("the seat has been used already")
	// ErrUnavailable: whether it has been used can't be found out.
	ErrUnavailable = errors.New("seats can't be checked now")
)

var labels = []struct {
	err   error
	label string
}{
	{ErrMalformed, "malformed"}, {ErrKeyUnknown, "key_unknown"}, {ErrForged, "forged"}, {ErrExpired, "expired"},
	{ErrFromFuture, "from_future"}, {ErrWrongNode, "wrong_node"}, {ErrWrongRoom, "wrong_room"},
	{ErrWrongPlayer, "wrong_player"}, {ErrUsed, "used"}, {ErrUnavailable, "unavailable"},
}

// Label returns the kind of an error of this package, fit for a metric; "" for other
// errors.
func Label(err error) string {
	for _, l := range labels {
		if errors.Is(err, l.err) {
			return l.label
		}
	}
	return ""
}

// ID is a seat's id.
type ID [16]byte

// String returns the id in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Token is a seat as it travels. It prints, logs and marshals as its length alone;
// string(t) is the text.
type Token string

// String hides the token.
func (t Token) String() string { return fmt.Sprintf("(seat of %d bytes)", len(t)) }

// GoString hides the token.
func (t Token) GoString() string { return t.String() }

// MarshalText hides the token.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue hides the token.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Seat is a place in a room for a player.
type Seat struct {
	// ID is random, and different for each seat. Issue makes it.
	ID ID
	// Player is the id of the player that it is for.
	Player string
	// Room is the room's id.
	Room string
	// Node is the node that holds the room.
	Node string
	// Mode is the matchmaking mode; it may be empty.
	Mode string
	// Team is the player's team, in modes with teams.
	Team uint8
	// Role is what the player is in the room; it may be empty.
	Role string
	// Name is what the player wants to be called; it may be empty.
	Name string
	// AnyRoom: if the room has no place in the end, another one of the kind and mode will do.
	AnyRoom bool
	// Issued and Expires bound the time in which it is good. Issue makes them.
	Issued, Expires time.Time
}

// Issuer makes seats. It may be used from any goroutine.
type Issuer struct {
	keys *Keys
	ttl  time.Duration
	now  func() time.Time
}

// NewIssuer makes an issuer of seats that are good for ttl. now may be nil.
func NewIssuer(keys *Keys, ttl time.Duration, now func() time.Time) (*Issuer, error) {
	if ttl < time.Millisecond || ttl > MaxTTL {
		return nil, fmt.Errorf("seat: seats good for %v; it must be %v at most, and more than nothing", ttl, MaxTTL)
	}
	if now == nil {
		now = time.Now
	}
	return &Issuer{keys, ttl, now}, nil
}

// Issue makes a seat of s, with a new ID, from now on. It fails if Player, Room or
// Node is empty or a text is too long.
func (i *Issuer) Issue(s Seat) (Token, Seat, error) {
	for _, f := range []struct {
		name, value string
		needed      bool
	}{{"player", s.Player, true}, {"room", s.Room, true}, {"node", s.Node, true}, {"mode", s.Mode, false}, {"role", s.Role, false}, {"name", s.Name, false}} {
		if f.needed && f.value == "" {
			return "", Seat{}, fmt.Errorf("seat: a seat without a %s would be good for any", f.name)
		}
		if len(f.value) > MaxText {
			return "", Seat{}, fmt.Errorf("seat: the %s has %d bytes; at most %d fit", f.name, len(f.value), MaxText)
		}
	}
	_, _ = rand.Read(s.ID[:]) // it ends the program rather than fail
	s.Issued = time.UnixMilli(i.now().UnixMilli())
	s.Expires = s.Issued.Add(i.ttl.Truncate(time.Millisecond))
	return encode(s, i.keys.current()), s, nil
}

func encode(s Seat, k derived) Token {
	b := make([]byte, 0, maxRaw)
	b = append(b, version)
	b = append(b, k.id[:]...)
	b = append(b, s.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Issued.UnixMilli()))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Expires.Sub(s.Issued).Milliseconds()))
	b = append(b, s.Team, flag(s.AnyRoom))
	for _, text := range []string{s.Player, s.Room, s.Node, s.Mode, s.Role} {
		b = append(b, byte(len(text)))
		b = append(b, text...)
	}
	if s.Name != "" {
		b = append(b, byte(len(s.Name)))
		b = append(b, s.Name...)
	}
	b = k.mac(b, b)
	return Token(base64.RawURLEncoding.EncodeToString(b))
}

func flag(is bool) byte {
	if is {
		return 1
	}
	return 0
}

// Gate lets players take the seats of one node. It may be used from any goroutine.
type Gate struct {
	node   string
	keys   *Keys
	used   Used
	leeway time.Duration
	now    func() time.Time

	// Of its own lock.
	returned returned
}

// NewGate makes the gate of a node. leeway is how far the matchmaker's clock may be
// from ours. now may be nil.
func NewGate(node string, keys *Keys, used Used, leeway time.Duration, now func() time.Time) *Gate {
	if now == nil {
		now = time.Now
	}
	return &Gate{node: node, keys: keys, used: used, leeway: leeway, now: now}
}

// Redeem checks a seat that player has come with to get into room, and uses it up.
// A seat that is refused for any other reason than ErrUsed stays as it was: whoever
// shows a stolen seat does not take it from its owner. Of errors of the store, which
// are ErrUnavailable, the cause is wrapped.
func (g *Gate) Redeem(ctx context.Context, token Token, player, room string) (Seat, error) {
	s, err := g.Verify(token, player, room)
	if err != nil {
		return Seat{}, err
	}
	if g.returned.take(s.ID) {
		return s, nil
	}
	err = g.used.Take(ctx, s.ID, s.Expires.Add(g.leeway))
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, ErrUsed):
		return Seat{}, ErrUsed
	case errors.Is(err, ErrExpired):
		return Seat{}, ErrExpired
	}
	return Seat{}, unavailable{err}
}

// GiveBack makes a seat good again that Redeem has returned, since its player was turned
// away: it is to be called once at most for each call of Redeem, and never when the player
// got in, or may still. It does not block.
func (g *Gate) GiveBack(s *Seat) {
	g.returned.put(s.ID, s.Expires.Add(g.leeway), g.now())
}

// unavailable is ErrUnavailable with a cause that the client is not told.
type unavailable struct{ cause error }

func (unavailable) Error() string     { return ErrUnavailable.Error() }
func (u unavailable) Unwrap() []error { return []error{ErrUnavailable, u.cause} }

// Verify checks a seat without using it up.
func (g *Gate) Verify(token Token, player, room string) (Seat, error) {
	s, err := g.open(token)
	if err != nil {
		return Seat{}, err
	}
	now := g.now()
	switch {
	case s.Issued.After(now.Add(g.leeway)):
		return Seat{}, ErrFromFuture
	case !now.Before(s.Expires.Add(g.leeway)):
		return Seat{}, ErrExpired
	case s.Node != g.node:
		return Seat{}, ErrWrongNode
	case s.Player != player:
		return Seat{}, ErrWrongPlayer
	case s.Room != room:
		return Seat{}, ErrWrongRoom
	}
	return s, nil
}

// Room returns the room that a genuine seat is in, for a client that names none. It
// says nothing about whether the seat may be used.
func (g *Gate) Room(token Token) (string, error) {
	s, err := g.open(token)
	return s.Room, err
}

// Peek returns what a genuine seat says. It says nothing about whether it may be used.
func (g *Gate) Peek(token Token) (Seat, error) { return g.open(token) }

// open decodes a genuine seat.
func (g *Gate) open(token Token) (Seat, error) {
	// The decoder passes over line ends, which would be another way to write a seat.
	if len(token) > MaxToken || strings.ContainsAny(string(token), "\r\n") {
		return Seat{}, ErrMalformed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(token))
	if err != nil || len(b) < minRaw || b[0] != version {
		return Seat{}, ErrMalformed
	}
	if err := g.keys.check(b); err != nil {
		return Seat{}, err
	}
	return decode(b[1+keyIDBytes : len(b)-macBytes])
}

// decode reads what is between the key's id and the MAC, which has been checked.
func decode(b []byte) (s Seat, err error) {
	copy(s.ID[:], b)
	b = b[16:]
	ms, ttl := binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	s.Team, s.AnyRoom = b[12], b[13] == 1
	if b[13] > 1 {
		return Seat{}, ErrMalformed
	}
	b = b[14:]
	if ms > 1<<53 || time.Duration(ttl)*time.Millisecond > MaxTTL {
		return Seat{}, ErrMalformed
	}
	s.Issued = time.UnixMilli(int64(ms))
	s.Expires = s.Issued.Add(time.Duration(ttl) * time.Millisecond)
	for _, text := range []*string{&s.Player, &s.Room, &s.Node, &s.Mode, &s.Role, &s.Name} {
		if len(b) == 0 && text == &s.Name {
			return s, nil // there is none
		}
		if len(b) == 0 || int(b[0]) > MaxText || len(b)-1 < int(b[0]) {
			return Seat{}, ErrMalformed
		}
		n := 1 + int(b[0])
		*text = string(b[1:n])
		b = b[n:]
	}
	if len(b) > 0 || s.Name == "" { // no name is written in one way alone
		return Seat{}, ErrMalformed
	}
	return s, nil
}
