// Package config holds everything that a server can be told, in one validated
// structure, and reads it from where people write it: a YAML file, the
// environment and flags, each over the one before and all over the defaults.
//
// The package knows nothing of what the settings do. It says what each one means,
// and which values it may have.
package config

import (
	"runtime"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// Config is what a server is told. Default gives the values that make sense
// where nothing is said; the zero Config does not. Each field's setting is named
// by its koanf tag, in the file; see Settings for the names elsewhere.
type Config struct {
	// Listen is where clients connect: HTTP and WebSocket. Port 0 takes a free one.
	Listen string `koanf:"listen" validate:"required,listen"`
	// Admin is where operators look: health, metrics, rooms, profiles. Empty: off.
	Admin string `koanf:"admin" validate:"omitempty,listen"`
	// AdminAllowRemote lets Admin be an address that others can reach.
	AdminAllowRemote bool `koanf:"admin_allow_remote"`
	// AdminHosts are the host names, besides loopback ones and Admin's own, under
	// which the admin address may be asked. Others are refused, against DNS
	// rebinding.
	AdminHosts []string `koanf:"admin_hosts" validate:"dive,host"`
	// Origins are the origins that browsers may come from: https://play.example.com,
	// play.example.com for http as well, https://*.example.com for the names below, or
	// "*". Empty: the server's own only.
	Origins []string `koanf:"origins" validate:"dive,origin"`
	// Status lets everybody who reaches Listen read there, at /status.json, how the
	// server is doing: rooms, numbers of players, traffic.
	Status bool `koanf:"status"`
	// Transport is how clients' sockets are driven: "auto", by the rooms' ticks, with
	// io_uring where the kernel allows it; "raw", the same without io_uring; "gws", by
	// the WebSocket library's goroutines.
	Transport string `koanf:"transport" validate:"oneof=auto raw gws"`

	// MaxConnections bounds the connections of clients, seated or not.
	MaxConnections int `koanf:"max_connections" validate:"min=1,max=10000000"`
	// MaxPending bounds the connections that are not seated yet.
	MaxPending int `koanf:"max_pending" validate:"min=1,max=1000000"`
	// MaxRooms bounds the rooms.
	MaxRooms int `koanf:"max_rooms" validate:"min=1,max=1000000"`

	// HandshakeTimeout bounds the time that a request's header takes to arrive.
	HandshakeTimeout time.Duration `koanf:"handshake_timeout" validate:"min=100ms,max=5m"`
	// HelloTimeout bounds the time from the upgrade to the first message.
	HelloTimeout time.Duration `koanf:"hello_timeout" validate:"min=100ms,max=5m"`
	// IdleTimeout is how long a client may be silent: no message, no ping.
	IdleTimeout time.Duration `koanf:"idle_timeout" validate:"min=1s,max=24h"`
	// Hold is how long a seat is kept for a client whose connection is lost. 0: as
	// long as the room's kind says; less: not at all.
	Hold time.Duration `koanf:"hold" validate:"min=-1s,max=1h"`
	// SecondDevice is what happens when a player who is in a room comes into it from
	// elsewhere: "takeover", the new connection gets the seat and the old one is closed;
	// "refuse", the new one is.
	SecondDevice string `koanf:"second_device" validate:"oneof=takeover refuse"`
	// DeadAfter is how long a client may take nothing of what waits for it.
	DeadAfter time.Duration `koanf:"dead_after" validate:"min=1s,max=1h"`

	// MaxMessage bounds a client's message, in bytes.
	MaxMessage int `koanf:"max_message" validate:"min=256,max=16777216"`
	// MaxOutbox bounds what waits for one client, in bytes.
	MaxOutbox int `koanf:"max_outbox" validate:"min=1024,max=1073741824"`
	// SendBuffer is the kernel's send buffer of a connection, in bytes. The kernel
	// doubles it.
	SendBuffer int `koanf:"send_buffer" validate:"min=2048,max=67108864"`
	// NotSentLowat is how many bytes the kernel holds of a connection that it has
	// not sent yet.
	NotSentLowat int `koanf:"not_sent_lowat" validate:"min=1024,max=67108864"`
	// AckWindow is how many ticks a client may leave unacknowledged before it is
	// skipped. 0: those of half a second, at least 10.
	AckWindow int `koanf:"ack_window" validate:"min=0,max=1024"`

	// MaxCatchUp is how many late ticks a room simulates one right after the other;
	// it drops those beyond.
	MaxCatchUp int `koanf:"max_catch_up" validate:"min=1,max=1000"`
	// EmptyRoomLinger is how long a room without clients lives on.
	EmptyRoomLinger time.Duration `koanf:"empty_room_linger" validate:"min=100ms,max=24h"`
	// Workers is how many goroutines read and write for large rooms. 0: four for
	// each processor.
	Workers int `koanf:"workers" validate:"min=0,max=10000"`
	// Seed makes the rooms' random numbers repeatable. 0: a random seed.
	Seed uint64 `koanf:"seed"`
	// ShutdownGrace is how long clients have to hear why the server goes away. The
	// whole shutdown takes at most two seconds more.
	ShutdownGrace time.Duration `koanf:"shutdown_grace" validate:"min=0s,max=10m"`

	// Limits bounds what one client may send.
	Limits Limits `koanf:"limits"`
	// Access bounds what one address and one player may take.
	Access limits.Config `koanf:"access"`
	// Identity says whose tokens are accepted, and whether guests may play.
	Identity identity.Config `koanf:"identity"`
	// Seats says how the matchmaker's seats are made and checked.
	Seats seat.Config `koanf:"seats"`
	// Node says which server this is, of those that share a matchmaker.
	Node Node `koanf:"node"`
	// Redis is what several servers share.
	Redis redisclient.Config `koanf:"redis"`
	// Log says what is logged, and how.
	Log Log `koanf:"log"`
	// TLS names the files that make Listen speak TLS.
	TLS TLS `koanf:"tls"`

	// Matchmaking says how this server takes part in making matches.
	Matchmaking Matchmaking `koanf:"matchmaking"`

	// KindOptions are the options of the room kinds: kind, option, value.
	KindOptions map[string]map[string]string `koanf:"kinds"`
	// Modes are the modes of matches, in the order of the file.
	Modes []mode.Mode `koanf:"-" validate:"-"`

	modes *yaml.Node // as the file has them
}

// Matchmaking says how a server takes part in making matches.
type Matchmaking struct {
	// Enabled serves the matchmaking service at Listen.
	Enabled bool `koanf:"enabled"`
	// Matcher lets this server make the matches of a queue when no other one does.
	Matcher bool `koanf:"matcher"`
	// URL is where clients reach this very server, as wss://eu1.example.com/ws. Empty:
	// at the address at which they have called the service.
	URL string `koanf:"url" validate:"omitempty,wsurl"`
	// Region is where this server is, as the modes name it.
	Region string `koanf:"region" validate:"max=64"`
	// Interval is the time between two passes of a matcher.
	Interval time.Duration `koanf:"interval" validate:"min=10ms,max=1m"`
	// Lease is how long a queue is without a matcher when the one that had it dies.
	Lease time.Duration `koanf:"lease" validate:"min=500ms,max=5m"`
	// Beat is the time between two reports of how this server is doing.
	Beat time.Duration `koanf:"beat" validate:"min=100ms,max=1m"`
	// Calls and CallBurst bound the calls of the service per second from one address,
	// and at once.
	Calls     float64 `koanf:"calls" validate:"gt=0,max=1000000"`
	CallBurst int     `koanf:"call_burst" validate:"min=1,max=1000000"`
}

// Node says which server this is.
type Node struct {
	// ID names it. Seats are for one node, so no two may have the same, and one that
	// starts anew should have another: it does not know which seats were used. Empty:
	// the host's name and something random.
	ID string `koanf:"id" validate:"omitempty,max=128,printascii"`
}

// Limits bounds what one client may send. A client over the limit of messages or bytes
// is closed; a command over its limit is answered with an error.
type Limits struct {
	// Messages per second. 0: two per tick, at least 120.
	Messages float64 `koanf:"messages" validate:"min=0,max=1000000"`
	// MessageBurst is how many messages may come at once. 0: three seconds' worth.
	MessageBurst int `koanf:"message_burst" validate:"min=0,max=1000000"`
	// Bytes per second, all that comes over the connection. 0: 64 KiB, or eight of the
	// longest messages if that is more.
	Bytes float64 `koanf:"bytes" validate:"min=0,max=10000000000"`
	// ByteBurst is how many bytes may come at once. 0: three seconds' worth.
	ByteBurst int `koanf:"byte_burst" validate:"min=0,max=1073741824"`
	// Commands per second.
	Commands float64 `koanf:"commands" validate:"gt=0,max=1000000"`
	// CommandBurst is how many commands may come at once.
	CommandBurst int `koanf:"command_burst" validate:"min=1,max=1000000"`
}

// Log says what is logged, and how.
type Log struct {
	// Level is the least that is logged: "debug", "info", "warn" or "error".
	Level string `koanf:"level" validate:"oneof=debug info warn error"`
	// Format is "text" or "json".
	Format string `koanf:"format" validate:"oneof=text json"`
}

// TLS names the files that make an address speak TLS. Both or neither.
type TLS struct {
	// Cert is the certificate chain, in PEM.
	Cert string `koanf:"cert"`
	// Key is the certificate's private key, in PEM.
	Key string `koanf:"key"`
}

// Enabled tells whether TLS is asked for.
func (t TLS) Enabled() bool { return t.Cert != "" || t.Key != "" }

// Default gives the configuration of a server that is told nothing.
func Default() *Config {
	return &Config{
		Listen:           "127.0.0.1:7777",
		Admin:            "127.0.0.1:7778",
		Status:           true,
		Transport:        "auto",
		MaxConnections:   20_000,
		MaxPending:       1024,
		MaxRooms:         10_000,
		HandshakeTimeout: 5 * time.Second,
		HelloTimeout:     5 * time.Second,
		IdleTimeout:      30 * time.Second,
		SecondDevice:     "takeover",
		DeadAfter:        10 * time.Second,
		MaxMessage:       8 << 10,
		MaxOutbox:        64 << 10,
		SendBuffer:       16 << 10,
		NotSentLowat:     4 << 10,
		MaxCatchUp:       5,
		EmptyRoomLinger:  5 * time.Second,
		ShutdownGrace:    3 * time.Second,
		Limits:           Limits{Commands: 20, CommandBurst: 40},
		Access:           limits.Default(),
		Identity:         identity.Default(),
		Seats:            seat.Default(),
		Redis:            redisclient.Default(),
		Log:              Log{Level: "info", Format: "text"},
		Matchmaking: Matchmaking{
			Enabled: true, Matcher: true, Interval: 500 * time.Millisecond, Lease: 5 * time.Second, Beat: 2 * time.Second,
			Calls: 20, CallBurst: 100,
		},
		KindOptions: map[string]map[string]string{},
	}
}

// PoolSize gives the number of worker goroutines: Workers, or what it stands for
// when it is 0.
func (c *Config) PoolSize() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 4 * runtime.GOMAXPROCS(0)
}

// Mode gives the mode of a name, nil if there is none.
func (c *Config) Mode(name string) *mode.Mode {
	i := slices.IndexFunc(c.Modes, func(m mode.Mode) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Modes[i]
}

// Options gives the options of a kind; it is not nil.
func (c *Config) Options(kind string) map[string]string {
	if o := c.KindOptions[kind]; o != nil {
		return o
	}
	return map[string]string{}
}

// AdminNames gives the host names that the admin address may be asked under,
// besides loopback ones: AdminHosts, and Admin's own.
func (c *Config) AdminNames() []string {
	names := slices.Clone(c.AdminHosts)
	if a, err := ParseAddr(c.Admin); err == nil && a.Host != "" {
		names = append(names, a.Host)
	}
	return names
}

// Secret tells whether a kind's option must not be shown, by its name.
func Secret(option string) bool {
	o := strings.ToLower(option)
	for _, s := range []string{"secret", "password", "token", "api_key", "apikey", "private_key"} {
		if strings.HasSuffix(o, s) {
			return true
		}
	}
	return false
}
