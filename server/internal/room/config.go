package room

import (
	"math"
	"net/netip"
	"time"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Config bounds what a room does for its clients. Zero values mean the defaults.
type Config struct {
	// AckWindow is how many ticks a client may leave unacknowledged before it is
	// skipped. Default: those of half a second, at least 10.
	AckWindow int
	// IdleTimeout is how long a client may be silent. Default 30 s.
	IdleTimeout time.Duration
	// MaxOutbox bounds the bytes of answers that wait for a client. Default 64 KB.
	MaxOutbox int
	// MaxMessage is the longest message that clients may send, in bytes, as the welcome
	// tells them. Default 8 KB.
	MaxMessage int
	// MessagesPerSecond and MessageBurst bound a client's messages. Default: 2
	// per tick, but at least 120, and three seconds' worth.
	MessagesPerSecond, MessageBurst float64
	// BytesPerSecond and ByteBurst bound what a client sends, all in all. Default: 64 KiB
	// or eight of the longest messages, and three seconds' worth.
	BytesPerSecond, ByteBurst float64
	// CommandsPerSecond and CommandBurst bound a client's commands; those above are
	// answered with LIMITED. Default 20 and 40.
	CommandsPerSecond, CommandBurst float64
	// Hold is how long a session is held when its connection is lost. 0: as long as the
	// kind says; less: not at all.
	Hold time.Duration
	// HoldLeast is how long a session is held however short its player's stay was; beyond that it is
	// held for as long as the player was connected, up to Hold. Default 10 s.
	HoldLeast time.Duration
	// MayHold counts a session that is to be held against a player and an address, until release is
	// called; false: they have too many already, and the session ends. nil: all are held.
	MayHold func(player string, addr netip.Addr) (release func(), ok bool)
	// SecondDevice is RefuseDevice if a player who is in the room and comes from elsewhere
	// is refused. Otherwise the new connection takes over the session.
	SecondDevice string
	// ShowTopics are the topics by which a show speaks to the room, its house. None: it is no
	// house.
	ShowTopics []string
	// Banned reports whether a player, or an address, is banned, and what to tell it. nil:
	// nobody is.
	Banned func(player string, addr netip.Addr) (reason string, banned bool)
	// Ring is how many bytes of the room's journal are kept in memory. 0: there is none.
	Ring int
	// Press has work done elsewhere, and reports whether it will be: what is in memory of the journal is
	// compressed so. nil: it is not.
	Press func(work func()) bool
	// Keep keeps the room's journal beyond the life of the server, so that the room goes on when it is started
	// again. nil: nobody does. Known is what is kept beside what the game does.
	Keep  Keep
	Known *tickroomv1.JournalRoom
	// Checkpoint is how often a room is kept as it is, so that what was before need not be played
	// again, if its game is a world.Saver, and KeepBytes how long the journal of a room may become.
	Checkpoint time.Duration
	KeepBytes  int64
	// KeepRetry is how long after a loss another journal is begun at the earliest. Default 5 s.
	KeepRetry time.Duration
	// Build tells programs apart that may simulate otherwise. Empty: journal.Build.
	Build string
	// MaxAsync is how much work a room may have under way beside it. Default 16.
	MaxAsync int
	// Unwatched is why nobody may watch the room, whatever its kind says; empty: its kind
	// decides.
	Unwatched string
	// Omitted is told what the game seems to have left out (world.Room.Omissions), the same
	// again with each player who joins. nil: nobody is.
	Omitted func(what []string)
}

// RefuseDevice is the Config.SecondDevice with which a player's first connection stays.
const RefuseDevice = "refuse"

func (c Config) withDefaults(rate float64) Config {
	if c.AckWindow <= 0 {
		c.AckWindow = max(10, int(math.Ceil(rate/2)))
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 30 * time.Second
	}
	if c.HoldLeast <= 0 {
		c.HoldLeast = 10 * time.Second
	}
	if c.MaxOutbox <= 0 {
		c.MaxOutbox = 64 << 10
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 8 << 10
	}
	if c.MessagesPerSecond <= 0 {
		c.MessagesPerSecond = max(120, 2*rate)
	}
	if c.MessageBurst <= 0 {
		c.MessageBurst = 3 * c.MessagesPerSecond
	}
	if c.BytesPerSecond <= 0 {
		c.BytesPerSecond = max(64<<10, 8*float64(c.MaxMessage))
	}
	if c.ByteBurst <= 0 {
		c.ByteBurst = 3 * c.BytesPerSecond
	}
	if c.CommandsPerSecond <= 0 {
		c.CommandsPerSecond = 20
	}
	if c.CommandBurst <= 0 {
		c.CommandBurst = 40
	}
	if c.Checkpoint <= 0 {
		c.Checkpoint = 5 * time.Minute
	}
	if c.KeepRetry <= 0 {
		c.KeepRetry = 5 * time.Second
	}
	if c.KeepBytes <= 0 {
		c.KeepBytes = 64 << 20
	}
	return c
}
