// Package holdings computes what one address, one player and all together can hold of a server at
// most, from its configuration.
package holdings

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/tickroom/tickroom/server/config"
)

// Holding is the most that somebody can have of something.
type Holding struct {
	Who, What string
	// Most is how much; 0: there is no limit.
	Most float64
	Unit string
	// By are the settings that say so.
	By string
}

// What things cost a server, in seconds of a core, to an order of magnitude: as make attack
// and the benchmarks of server/internal/room have it. A game's own work for a command comes on top.
const (
	handshakeCost    = 150e-6
	handshakeTLSCost = 1e-3
	callCost         = 300e-6
	messageCost      = 3e-6
)

// tlsMost is what TLS may keep for a connection whose client makes it keep much, in bytes: a record of the longest kind, and a
// handshake's messages. For others it is a tenth of that.
const tlsMost = 72 << 10

const ofACore = "% of a core"

// Of returns what there is to hold, and how much of it, by who holds it.
func Of(c *config.Config) []Holding {
	a, connections := &c.Access, float64(c.Access.ConnectionsPerAddress)
	all := float64(c.MaxConnections + c.MaxPending)
	// What a connection holds: what waits for it, here and in the kernel, which doubles its buffer, and a message that it sends.
	each := float64(c.MaxOutbox + 2*c.SendBuffer + c.MaxMessage)
	if c.TLS.Enabled() {
		each += tlsMost
	}
	const byEach = "max_outbox, send_buffer, max_message"
	out := []Holding{
		{"an address", "descriptors: connections at once", connections, "", "access.connections_per_address"},
		{"an address", "goroutines: HTTP requests at once", connections, "", "access.connections_per_address"},
		{"an address", "memory of connections", connections * each, "bytes", "access.connections_per_address, " + byEach},
		{"an address", "connections begun", a.Handshakes, "a second", "access.handshakes"},
		{"an address", "connections begun at once", 0, "", "access.handshake_burst"},
		{"an address", "rooms", float64(a.RoomsPerAddress), "", "access.rooms_per_address"},
		{"an address", "rooms asked for", c.Matchmaking.Rooms, "a second", "matchmaking.rooms"},
		{"an address", "rooms asked for at once", float64(c.Matchmaking.RoomBurst), "", "matchmaking.room_burst"},
		{"an address", "sessions held without connections", float64(a.HeldPerAddress), "", "access.held_per_address"},
		{"an address", "calls of matchmaking", c.Matchmaking.Calls, "a second", "matchmaking.calls"},
		{"an address", "calls at once", float64(c.Matchmaking.CallBurst), "", "matchmaking.call_burst"},
		{"an address", "bytes to rooms", connections * c.BytesPerSecond(), "bytes a second", "access.connections_per_address, limits.bytes"},
		{"an address", "commands to games", connections * c.Limits.Commands, "a second", "access.connections_per_address, limits.commands"},
		{"a player", "connections at once", float64(a.ConnectionsPerPlayer), "", "access.connections_per_player"},
		{"a player", "rooms", float64(a.RoomsPerPlayer), "", "access.rooms_per_player"},
		{"a player", "sessions held without connections", float64(a.HeldPerPlayer), "", "access.held_per_player"},
		{"a player", "memory of connections", float64(a.ConnectionsPerPlayer) * each, "bytes", "access.connections_per_player, " + byEach},
		{"a player", "commands to games", float64(a.ConnectionsPerPlayer) * c.Limits.Commands, "a second", "access.connections_per_player, limits.commands"},
		{"all", "descriptors: connections of clients", all, "", "max_connections, max_pending"},
		{"all", "rooms", float64(c.MaxRooms), "", "max_rooms"},
		{"all", "memory of connections", all * each, "bytes", "max_connections, max_pending, " + byEach},
	}
	if a.Handshakes > 0 {
		out[4].Most = float64(a.HandshakesAtOnce())
	}
	// Without a limit of what costs there is none of what it costs.
	cpu := func(who, what string, rate, cost float64, by string) Holding {
		return Holding{who, "CPU of " + what, 100 * rate * cost, ofACore, by}
	}
	handshake := handshakeCost
	if c.TLS.Enabled() {
		handshake = handshakeTLSCost
	}
	out = append(out,
		cpu("an address", "connections begun", a.Handshakes, handshake, "access.handshakes"),
		cpu("an address", "calls of matchmaking", c.Matchmaking.Calls, callCost, "matchmaking.calls"),
		cpu("an address", "commands and inputs", connections*c.MessagesOf(0), messageCost, "access.connections_per_address, limits.messages"),
		cpu("a player", "commands and inputs", float64(a.ConnectionsPerPlayer)*c.MessagesOf(0), messageCost, "access.connections_per_player, limits.messages"),
	)
	order := []string{"an address", "a player", "all"}
	slices.SortStableFunc(out, func(a, b Holding) int { return slices.Index(order, a.Who) - slices.Index(order, b.Who) })
	return out
}

// amount tells how much for people.
func (h *Holding) amount() string {
	switch {
	case h.Most == 0:
		return "NO LIMIT"
	case h.Unit == ofACore:
		return fmt.Sprintf("%.1f %s", h.Most, h.Unit)
	case h.Unit != "bytes" && h.Unit != "bytes a second":
		return fmt.Sprintf("%.0f %s", h.Most, h.Unit)
	}
	text := fmt.Sprintf("%.1f MB", h.Most/(1<<20))
	if h.Most >= 1<<30 {
		text = fmt.Sprintf("%.2f GB", h.Most/(1<<30))
	}
	if h.Unit == "bytes a second" {
		text += " a second"
	}
	return text
}

// Write writes a table of what there is to hold, with a warning for what has no limit.
func Write(out io.Writer, c *config.Config) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	who := ""
	all := Of(c)
	for i := range all {
		h := &all[i]
		if h.Who != who {
			who = h.Who
			fmt.Fprintf(w, "%s can have at most\t\tby\n", who)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", h.What, h.amount(), h.By)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range all {
		if h := &all[i]; h.Most == 0 {
			if _, err := fmt.Fprintf(out, "warning: %s can have any number of: %s; set %s\n", h.Who, h.What, h.By); err != nil {
				return err
			}
		}
	}
	for _, e := range c.Access.Exempt {
		if _, err := fmt.Fprintf(out, "note: no limit of an address is for %s (access.exempt)\n", e); err != nil {
			return err
		}
	}
	return nil
}
