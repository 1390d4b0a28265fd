package config

import (
	"fmt"

	"github.com/tickroom/tickroom/server/internal/networks"
)

// Headers that a proxy may tell the client's address in.
const (
	XForwardedFor = "x-forwarded-for" // addresses with commas between them
	Forwarded     = "forwarded"       // RFC 7239
)

// Access bounds what one address and one player may take. A school or a phone company
// may share one address, so that the limits by address are wide.
type Access struct {
	// ConnectionsPerAddress is the most connections of one address at once. 0: any
	// number.
	ConnectionsPerAddress int `yaml:"connections_per_address" default:"256" min:"0" max:"10000000"`
	// ConnectionsPerPlayer is the most connections of one player at once. 0: any number.
	ConnectionsPerPlayer int `yaml:"connections_per_player" default:"4" min:"0" max:"10000000"`
	// Handshakes is how many connections one address may begin per second. 0: any number.
	Handshakes float64 `yaml:"handshakes" default:"20" min:"0" max:"1000000"`
	// HandshakeBurst is how many connections one address may begin at once. 0: five
	// seconds' worth, or twice connections_per_address if that is more, for all of them
	// come back at once after a restart.
	HandshakeBurst int `yaml:"handshake_burst" default:"0" min:"0" max:"1000000"`
	// FirstBytes is how many bytes of first messages one address may be sent at once: the state
	// of a room for who joins it, and what somebody missed who comes back. A thirty-second
	// of it comes back each second, and half of it may wait for the address to take it. 0: any
	// number.
	FirstBytes int `yaml:"first_bytes" default:"33554432" min:"0" max:"1073741824"`
	// RoomsPerPlayer is the most rooms that one player has made and that still are. 0:
	// any number.
	RoomsPerPlayer int `yaml:"rooms_per_player" default:"8" min:"0" max:"1000000"`
	// RoomsPerAddress is the most rooms that were made for players of one address and that
	// still are: half as many as connections by default, for matches of two. 0: any number.
	RoomsPerAddress int `yaml:"rooms_per_address" default:"128" min:"0" max:"1000000"`
	// HeldPerPlayer is the most sessions of one player that are held at once while their
	// connections are lost; one more is not held, and ends. 0: any number.
	HeldPerPlayer int `yaml:"held_per_player" default:"8" min:"0" max:"1000000"`
	// HeldPerAddress is the same for all players of one address. 0: any number.
	HeldPerAddress int `yaml:"held_per_address" default:"256" min:"0" max:"10000000"`
	// ShowsPerAddress is the most houses of shows that clients of one address have had opened by
	// asking for a show by its name, and that still are. 0: any number.
	ShowsPerAddress int `yaml:"shows_per_address" default:"8" min:"0" max:"1000000"`

	// IPv4Prefix is how many bits of an IPv4 address make up what counts as one address.
	IPv4Prefix int `yaml:"ipv4_prefix" default:"32" min:"8" max:"32"`
	// IPv6Prefix is how many bits of an IPv6 address make up what counts as one address.
	IPv6Prefix int `yaml:"ipv6_prefix" default:"64" min:"16" max:"128"`
	// MaxTracked is the most addresses whose handshakes are remembered. One takes about
	// 50 bytes.
	MaxTracked int `yaml:"max_tracked" default:"200000" min:"64" max:"100000000"`
	// Exempt are addresses and networks that only bans apply to. Trusted proxies are
	// never exempt.
	Exempt []string `yaml:"exempt" default:"127.0.0.0/8,::1"`

	// TrustedProxies are addresses and networks of proxies that tell the clients'
	// addresses. Empty: the connection's address is the client's.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// ForwardedHeader is the header in which the trusted proxies tell them.
	ForwardedHeader string `yaml:"forwarded_header" default:"x-forwarded-for" oneof:"x-forwarded-for forwarded"`
}

// HandshakesAtOnce returns how many connections one address may begin at once: HandshakeBurst, or what
// it stands for when it is 0. By default they are so many that all that it has may come back at once
// when their server was started again, twice.
func (a *Access) HandshakesAtOnce() int {
	if a.HandshakeBurst > 0 {
		return a.HandshakeBurst
	}
	return max(1, int(5*a.Handshakes), 2*a.ConnectionsPerAddress)
}

// check returns what is wrong that the fields' tags can't tell.
func (a *Access) check() []error {
	var errs []error
	if _, err := networks.Parse(a.Exempt); err != nil {
		errs = append(errs, fmt.Errorf("access.exempt: %w", err))
	}
	if _, err := networks.ParseTrusted(a.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("access.trusted_proxies: %w", err))
	}
	return errs
}
