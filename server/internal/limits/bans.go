package limits

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickroom/tickroom/server/internal/networks"
)

const (
	maxSubject = 128
	minBits4   = 8 // a wider network is a slip of the hand
	minBits6   = 16
)

// MaxReason is the most bytes that the reason of a ban may have, so that it fits in a close
// frame after what is said first.
const MaxReason = 90

// ErrTooManyBans is returned by Bans that have no place for another one.
var ErrTooManyBans = errors.New("limits: too many bans")

// Ban keeps a player or a network out.
type Ban struct {
	// Player is the id of the player, if it is one's.
	Player string
	// Prefix is the network, if it is one's. An address is a network of itself.
	Prefix netip.Prefix
	// Until is when it ends; zero: never.
	Until time.Time
	// Reason is told to who is banned: at most 90 bytes.
	Reason string
	// By is who banned, for the operators; at most 128 bytes.
	By string
	// Since is when it began.
	Since time.Time
}

const playerSubject = "player:"

// Subject names what is banned: "player:ann" or "192.0.2.0/24". There is one ban of
// each subject.
func (b Ban) Subject() string {
	if b.Player != "" {
		return playerSubject + b.Player
	}
	return b.Prefix.String()
}

// ParseSubject returns the ban, with nothing else in it, of a subject: player:ID, an
// address, or a network.
func ParseSubject(s string) (Ban, error) {
	if id, ok := strings.CutPrefix(s, playerSubject); ok {
		return Ban{Player: id}.check()
	}
	p, err := networks.ParseOne(s)
	if err != nil {
		return Ban{}, fmt.Errorf("limits: %w; a player is written as player:ID", err)
	}
	return Ban{Prefix: p}.check()
}

// ParseSubject is the function ParseSubject as operators mean it: an address without a
// length stands for all that counts as one address with it, since whoever has one IPv6
// address has the rest of its /64 as well. One with a length, such as 2001:db8::1/128, is
// that network and no more.
func (m Masks) ParseSubject(s string) (Ban, error) {
	b, err := ParseSubject(s)
	if err != nil || b.Player != "" || strings.Contains(s, "/") {
		return b, err
	}
	bits := m.IPv6
	if b.Prefix.Addr().Is4() {
		bits = m.IPv4
	}
	b.Prefix = netip.PrefixFrom(b.Prefix.Addr(), bits)
	return b.check()
}

// Active reports whether the ban holds at a time.
func (b Ban) Active(now time.Time) bool { return b.Until.IsZero() || now.Before(b.Until) }

// Check returns the ban in the form in which it is kept, or says what is wrong with it.
// Every Bans does this with what is added.
func (b Ban) Check() (Ban, error) { return b.check() }

func (b Ban) check() (Ban, error) {
	switch {
	case (b.Player == "") == !b.Prefix.IsValid():
		return Ban{}, errors.New("limits: a ban is of a player or of a network, one of the two")
	case len(b.Player) > maxSubject || !printable(b.Player):
		return Ban{}, fmt.Errorf("limits: the player's id must have at most %d bytes, all printable", maxSubject)
	case len(b.Reason) > MaxReason || !printable(b.Reason):
		return Ban{}, fmt.Errorf("limits: the reason has %d bytes; it must have at most %d, all printable UTF-8", len(b.Reason), MaxReason)
	case len(b.By) > maxSubject || !printable(b.By):
		return Ban{}, fmt.Errorf("limits: who bans must have at most %d bytes, all printable", maxSubject)
	}
	if b.Player != "" {
		return b, nil
	}
	p, err := networks.Normal(b.Prefix)
	if err != nil {
		return Ban{}, fmt.Errorf("limits: %w", err)
	}
	least := minBits6
	if p.Addr().Is4() {
		least = minBits4
	}
	if p.Bits() < least {
		return Ban{}, fmt.Errorf("limits: %v is too wide; ban a /%d or less at a time", p, least)
	}
	b.Prefix = p
	return b, nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Bans keeps bans. Package limitstest holds the tests that all must pass. Its
// methods may be called from any goroutine.
type Bans interface {
	// Add adds a ban, in the place of one of the same subject if there is one. When
	// it returns, Check knows it here; in other programs that share the bans, soon.
	Add(ctx context.Context, b Ban) error
	// Remove ends the ban of a subject, as Ban.Subject returns it, and reports whether
	// there was one.
	Remove(ctx context.Context, subject string) (bool, error)
	// List returns the bans that hold, by subject.
	List(ctx context.Context) ([]Ban, error)
	// Check returns a ban that holds at the time for the player or for the address; of
	// several the one that ends last. An empty player, or a zero address, is nobody. It
	// is asked at each connection, and answers from memory.
	Check(player string, addr netip.Addr, now time.Time) (Ban, bool)
	// Watch calls fn with each ban that is added from now on, wherever, once Check
	// knows it, so that those who are inside can be put out. fn must not block, and not
	// call Watch. After stop it is not called any more, but for calls under way.
	Watch(fn func(Ban)) (stop func())
}

// MemoryBans keeps bans within one process.
type MemoryBans struct {
	size int
	now  func() time.Time

	mu       sync.RWMutex
	players  map[string]Ban
	prefixes map[netip.Prefix]Ban
	four     lengths // of the networks in prefixes
	six      lengths
	watchers map[int]func(Ban)
	nextID   int
}

// NewMemoryBans makes one with place for size bans. now may be nil.
func NewMemoryBans(size int, now func() time.Time) *MemoryBans {
	if now == nil {
		now = time.Now
	}
	return &MemoryBans{size: size, now: now, players: map[string]Ban{}, prefixes: map[netip.Prefix]Ban{}, watchers: map[int]func(Ban){}}
}

// Add adds a ban; see Bans. Since is now if it is zero. When there is no place, even
// after those that have ended are forgotten, it returns ErrTooManyBans.
func (m *MemoryBans) Add(_ context.Context, b Ban) error {
	b, err := b.check()
	if err != nil {
		return err
	}
	now := m.now()
	if b.Since.IsZero() {
		b.Since = now
	}
	m.mu.Lock()
	_, known := m.get(b)
	if !known && len(m.players)+len(m.prefixes) >= m.size {
		m.forgetEnded(now)
		if len(m.players)+len(m.prefixes) >= m.size {
			m.mu.Unlock()
			return ErrTooManyBans
		}
	}
	if b.Player != "" {
		m.players[b.Player] = b
	} else {
		if !known {
			m.lengths(b.Prefix).add(b.Prefix.Bits(), 1)
		}
		m.prefixes[b.Prefix] = b
	}
	watchers := slices.Collect(maps.Values(m.watchers))
	m.mu.Unlock()
	for _, fn := range watchers {
		fn(b)
	}
	return nil
}

func (m *MemoryBans) get(b Ban) (Ban, bool) {
	if b.Player != "" {
		old, ok := m.players[b.Player]
		return old, ok
	}
	old, ok := m.prefixes[b.Prefix]
	return old, ok
}

func (m *MemoryBans) forgetEnded(now time.Time) {
	maps.DeleteFunc(m.players, func(_ string, b Ban) bool { return !b.Active(now) })
	for p, b := range m.prefixes {
		if !b.Active(now) {
			delete(m.prefixes, p)
			m.lengths(p).add(p.Bits(), -1)
		}
	}
}

// lengths counts networks by their length, so that Check need try only those that
// there are.
type lengths struct {
	n   [129]int
	has []int // those with n above 0
}

func (l *lengths) add(bits, n int) {
	was := l.n[bits]
	l.n[bits] += n
	if (was > 0) == (l.n[bits] > 0) {
		return
	}
	l.has = l.has[:0]
	for bits, n := range l.n {
		if n > 0 {
			l.has = append(l.has, bits)
		}
	}
}

func (m *MemoryBans) lengths(p netip.Prefix) *lengths {
	if p.Addr().Is4() {
		return &m.four
	}
	return &m.six
}

// Remove ends a ban; see Bans.
func (m *MemoryBans) Remove(_ context.Context, subject string) (bool, error) {
	b, err := ParseSubject(subject)
	if err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, known := m.get(b)
	if b.Player != "" {
		delete(m.players, b.Player)
	} else if known {
		delete(m.prefixes, b.Prefix)
		m.lengths(b.Prefix).add(b.Prefix.Bits(), -1)
	}
	return known && old.Active(m.now()), nil
}

// List returns the bans that hold, by subject.
func (m *MemoryBans) List(context.Context) ([]Ban, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetEnded(now)
	list := slices.AppendSeq(slices.Collect(maps.Values(m.players)), maps.Values(m.prefixes))
	slices.SortFunc(list, func(a, b Ban) int { return strings.Compare(a.Subject(), b.Subject()) })
	return list, nil
}

// Check returns a ban that holds; see Bans.
func (m *MemoryBans) Check(player string, addr netip.Addr, now time.Time) (ban Ban, banned bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	try := func(b Ban, ok bool) {
		if ok && b.Active(now) && (!banned || b.Until.IsZero() || !ban.Until.IsZero() && b.Until.After(ban.Until)) {
			ban, banned = b, true
		}
	}
	if player != "" && len(m.players) > 0 {
		b, ok := m.players[player]
		try(b, ok)
	}
	if !addr.IsValid() || len(m.prefixes) == 0 {
		return ban, banned
	}
	addr = networks.Plain(addr)
	l := &m.six
	if addr.Is4() {
		l = &m.four
	}
	for _, n := range l.has {
		p, err := addr.Prefix(n)
		if err != nil {
			continue // the length is of this kind of addresses
		}
		b, ok := m.prefixes[p]
		try(b, ok)
	}
	return ban, banned
}

// Watch calls fn with each ban that is added; see Bans.
func (m *MemoryBans) Watch(fn func(Ban)) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.nextID
	m.nextID++
	m.watchers[id] = fn
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, id)
	}
}
