package limits

import (
	"errors"
	"fmt"

	"github.com/go-playground/validator/v10"
)

// Config says what one address and one player may take. 0 is no limit.
type Config struct {
	// ConnectionsPerAddress bounds the connections of one address at once.
	ConnectionsPerAddress int `koanf:"connections_per_address" validate:"min=0,max=10000000"`
	// ConnectionsPerPlayer bounds those of one player.
	ConnectionsPerPlayer int `koanf:"connections_per_player" validate:"min=0,max=10000000"`
	// Handshakes is how many connections one address may begin, per second.
	Handshakes float64 `koanf:"handshakes" validate:"min=0,max=1000000"`
	// HandshakeBurst is how many at once. 0: five seconds' worth.
	HandshakeBurst int `koanf:"handshake_burst" validate:"min=0,max=1000000"`
	// RoomsPerPlayer bounds the rooms that one player has made and that still are.
	RoomsPerPlayer int `koanf:"rooms_per_player" validate:"min=0,max=1000000"`

	// IPv4Prefix is how many bits of an IPv4 address make up what is called an address
	// here.
	IPv4Prefix int `koanf:"ipv4_prefix" validate:"min=8,max=32"`
	// IPv6Prefix is the same for IPv6.
	IPv6Prefix int `koanf:"ipv6_prefix" validate:"min=16,max=128"`
	// MaxTracked bounds the addresses whose handshakes are remembered. One takes about
	// 50 bytes.
	MaxTracked int `koanf:"max_tracked" validate:"min=64,max=100000000"`
	// Exempt are addresses and networks that only bans apply to. Trusted proxies are
	// never exempt.
	Exempt []string `koanf:"exempt"`

	// TrustedProxies are addresses and networks of proxies that tell the clients'
	// addresses. Empty: the connection's address is the client's.
	TrustedProxies []string `koanf:"trusted_proxies"`
	// ForwardedHeader is the header in which they do.
	ForwardedHeader string `koanf:"forwarded_header" validate:"oneof=x-forwarded-for forwarded"`
}

// Default gives the configuration of a server that is told nothing. A school or a
// phone company may share one address, so that the limits by address are wide.
func Default() Config {
	return Config{
		ConnectionsPerAddress: 256,
		ConnectionsPerPlayer:  4,
		Handshakes:            20,
		RoomsPerPlayer:        8,
		IPv4Prefix:            32,
		IPv6Prefix:            64,
		MaxTracked:            200_000,
		Exempt:                []string{"127.0.0.0/8", "::1"},
		ForwardedHeader:       XForwardedFor,
	}
}

// Check says what is wrong that the fields' tags can't tell.
func (c Config) Check() error {
	var errs []error
	if _, err := parsePrefixes(c.Exempt); err != nil {
		errs = append(errs, fmt.Errorf("exempt: %w", err))
	}
	if _, err := parseTrusted(c.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("trusted_proxies: %w", err))
	}
	return errors.Join(errs...)
}

func (c Config) validate() error {
	var errs []error
	err := validator.New(validator.WithRequiredStructEnabled()).Struct(c)
	var fields validator.ValidationErrors
	if errors.As(err, &fields) {
		for _, f := range fields {
			errs = append(errs, fmt.Errorf("limits: %s is %v, which does not satisfy %s=%s", f.Field(), f.Value(), f.Tag(), f.Param()))
		}
	} else if err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	return errors.Join(append(errs, c.Check())...)
}

func (c Config) burst() int {
	if c.HandshakeBurst > 0 {
		return c.HandshakeBurst
	}
	return max(1, int(5*c.Handshakes))
}
