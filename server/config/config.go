// Package config holds everything that a server can be told, in one validated
// structure, and reads it from where people write it: a YAML file, the
// environment and flags, each over the one before and all over the defaults.
//
// A setting is declared once, as a field of Config or of a section of it: its tags are
// the key, the default and the bounds (see package strictyaml), its comment is what
// flags, files and docs/configuration.md say of it. `make generate` brings those up to
// date.
//
// The package knows nothing of what the settings do. It says what each one means,
// and which values it may have.
package config

import (
	"runtime"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/internal/strictyaml"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Secret is a text that must not be shown: whatever prints it prints a placeholder.
// Its Reveal returns it.
type Secret = secret.Text

// SecretURL is an address that may have something secret in it: whatever prints it
// leaves its password and its query out. Its Reveal returns it.
type SecretURL = secret.URL

// Config is what a server is told. Default returns the values that make sense where
// nothing is said; the zero Config does not.
type Config struct {
	// Listen is the address that clients connect to, HTTP and WebSocket. Port 0 takes a
	// free one.
	Listen string `yaml:"listen" default:"127.0.0.1:7777" min:"1"`
	// Admin is the address of health, metrics, rooms and profiles, for those who operate
	// the server. Empty: off.
	Admin string `yaml:"admin" default:"127.0.0.1:7778"`
	// AdminAllowRemote lets the admin address be one that others can reach. It has no
	// password.
	AdminAllowRemote bool `yaml:"admin_allow_remote" default:"false"`
	// AdminHosts are host names under which the admin address may be asked, besides
	// loopback ones and its own. Others are refused, against DNS rebinding.
	AdminHosts []string `yaml:"admin_hosts"`
	// Origins are the origins that browsers may come from: https://play.example.com,
	// play.example.com for http as well, https://*.example.com for the names below, or
	// "*". Empty: the server's own alone.
	Origins []string `yaml:"origins"`
	// Status lets everybody read at /status.json how the server is doing: rooms, numbers
	// of players, traffic.
	Status bool `yaml:"status" default:"true"`
	// Transport is how clients' sockets are driven: auto, by the rooms' ticks, with
	// io_uring where the kernel allows it; raw, the same without io_uring; gws, by the
	// WebSocket library's goroutines.
	Transport string `yaml:"transport" default:"auto" oneof:"auto raw gws"`

	// MaxConnections is the most connections of clients, in a room or not. The process must be
	// allowed to open as many files, and some more: see the log at the start.
	MaxConnections int `yaml:"max_connections" default:"20000" min:"1" max:"10000000"`
	// MaxPending is the most connections that have not joined a room yet.
	MaxPending int `yaml:"max_pending" default:"1024" min:"1" max:"1000000"`
	// MaxRooms is the most rooms.
	MaxRooms int `yaml:"max_rooms" default:"10000" min:"1" max:"1000000"`

	// HandshakeTimeout is the time for a request's header to arrive.
	HandshakeTimeout time.Duration `yaml:"handshake_timeout" default:"5s" min:"100ms" max:"5m"`
	// KeepAlive is how long a connection may wait for its next HTTP request. A client's is
	// closed sooner while there are few places left.
	KeepAlive time.Duration `yaml:"keep_alive" default:"15s" min:"100ms" max:"1h"`
	// ProxyKeepAlive is the same for connections of trusted proxies. It has to be longer than
	// these keep theirs: a proxy that sends a request over what the server is closing answers
	// its client with 502.
	ProxyKeepAlive time.Duration `yaml:"proxy_keep_alive" default:"90s" min:"100ms" max:"1h"`
	// HelloTimeout is the time from the WebSocket upgrade to the first message.
	HelloTimeout time.Duration `yaml:"hello_timeout" default:"5s" min:"100ms" max:"5m"`
	// IdleTimeout is how long a client may be silent: no message, no ping.
	IdleTimeout time.Duration `yaml:"idle_timeout" default:"30s" min:"1s" max:"24h"`
	// Hold is how long a session whose connection is lost is kept at most: it is kept for as
	// long as its player was connected, within hold_least and this. 0s: as long as the room's
	// kind says; -1s: not at all.
	Hold time.Duration `yaml:"hold" default:"0s" min:"-1s" max:"1h"`
	// HoldLeast is how long a session whose connection is lost is kept at least, however
	// short its player's stay was; no longer than hold.
	HoldLeast time.Duration `yaml:"hold_least" default:"10s" min:"1s" max:"1h"`
	// SecondDevice is what happens when a player who is in a room comes into it from
	// elsewhere: takeover, the new connection gets the session and the old one is closed;
	// refuse, the new one is.
	SecondDevice string `yaml:"second_device" default:"takeover" oneof:"takeover refuse"`
	// DeadAfter is how long a client may take nothing of what waits for it.
	DeadAfter time.Duration `yaml:"dead_after" default:"10s" min:"1s" max:"1h"`

	// MaxMessage is the longest message from a client, in bytes.
	MaxMessage int `yaml:"max_message" default:"8192" min:"256" max:"16777216"`
	// MaxOutbox is the most bytes that wait for one client.
	MaxOutbox int `yaml:"max_outbox" default:"65536" min:"1024" max:"1073741824"`
	// SendBuffer is the kernel's send buffer of a connection, in bytes. The kernel
	// doubles it.
	SendBuffer int `yaml:"send_buffer" default:"16384" min:"2048" max:"67108864"`
	// NotSentLowat is how many bytes the kernel may hold of a connection without having
	// sent them.
	NotSentLowat int `yaml:"not_sent_lowat" default:"4096" min:"1024" max:"67108864"`
	// AckWindow is how many ticks a client may leave unacknowledged before it is
	// skipped. 0: those of half a second, at least 10.
	AckWindow int `yaml:"ack_window" default:"0" min:"0" max:"1024"`

	// MaxCatchUp is how many late ticks a room simulates one right after the other; it
	// drops those beyond.
	MaxCatchUp int `yaml:"max_catch_up" default:"5" min:"1" max:"1000"`
	// EmptyRoomLinger is how long a room that nobody is in is kept.
	EmptyRoomLinger time.Duration `yaml:"empty_room_linger" default:"5s" min:"100ms" max:"24h"`
	// Workers is how many goroutines read and write for large rooms. 0: four for each
	// processor.
	Workers int `yaml:"workers" default:"0" min:"0" max:"10000"`
	// Seed makes the rooms' random numbers repeatable. 0: a random seed.
	Seed uint64 `yaml:"seed" default:"0"`
	// ShutdownGrace is how long clients have to hear why the server goes away. The whole
	// shutdown takes at most two seconds more.
	ShutdownGrace time.Duration `yaml:"shutdown_grace" default:"3s" min:"0s" max:"10m"`

	// Limits bounds what one client may send. A client over the limit of messages or
	// bytes is closed; a command over its limit is answered with an error.
	Limits Limits `yaml:"limits"`
	// Access bounds what one address and one player may take.
	Access Access `yaml:"access"`
	// Identity is about whose tokens are accepted, and whether guests may play.
	Identity Identity `yaml:"identity"`
	// Seats is about how the matchmaker's seats are made and checked.
	Seats Seats `yaml:"seats"`
	// Node is about which server this is, of those that share a matchmaker.
	Node Node `yaml:"node"`
	// Matchmaking is about how this server takes part in making matches.
	Matchmaking Matchmaking `yaml:"matchmaking"`
	// Shows is about shows, which several rooms are houses of.
	Shows Shows `yaml:"shows"`
	// Bus is about the messages that rooms and backends send each other.
	Bus Bus `yaml:"bus"`
	// Async is about the work that rooms have done beside themselves, such as questions to a
	// database.
	Async Async `yaml:"async"`
	// Redis is where the Redis is that several servers share. With neither redis.url nor
	// redis.addresses there is none, and the server is on its own.
	Redis Redis `yaml:"redis"`
	// Service is about the API for backends, tickroom.v1.RoomService. It is off unless there are
	// keys for it.
	Service Service `yaml:"service"`
	// Hooks is about what backends are told of what happens in rooms.
	Hooks Hooks `yaml:"hooks"`
	// Journal is about what reached rooms, from which they can be played again.
	Journal Journal `yaml:"journal"`
	// Log is about what is logged, and how.
	Log Log `yaml:"log"`
	// TLS names the files that make the clients' address speak TLS: both or neither.
	TLS TLS `yaml:"tls"`

	// KindOptions are the options of the room kinds: kind, option, value. In a file they
	// are below the key kinds.
	KindOptions map[string]map[string]string
	// Modes are the modes of matches, in the order of the file.
	Modes []mode.Mode

	modes *yaml.Node // as the file has them
}

// Limits bounds what one client may send.
type Limits struct {
	// Messages is how many messages may come per second. 0: two per tick, at least 120.
	Messages float64 `yaml:"messages" default:"0" min:"0" max:"1000000"`
	// MessageBurst is how many messages may come at once. 0: three seconds' worth.
	MessageBurst int `yaml:"message_burst" default:"0" min:"0" max:"1000000"`
	// Bytes is how many bytes may come per second, all that the connection carries. 0:
	// 64 KiB, or eight of the longest messages if that is more.
	Bytes float64 `yaml:"bytes" default:"0" min:"0" max:"10000000000"`
	// ByteBurst is how many bytes may come at once. 0: three seconds' worth.
	ByteBurst int `yaml:"byte_burst" default:"0" min:"0" max:"1073741824"`
	// Commands is how many commands may come per second.
	Commands float64 `yaml:"commands" default:"20" above:"0" max:"1000000"`
	// CommandBurst is how many commands may come at once.
	CommandBurst int `yaml:"command_burst" default:"40" min:"1" max:"1000000"`
}

// Node is about which server this is.
type Node struct {
	// ID is the name of this server. Seats are for one node, so no two may have the same,
	// and one that starts anew should have another: it does not know which seats were
	// used. Empty: the host's name and something random.
	ID string `yaml:"id" max:"128"`
}

// Matchmaking is about how a server takes part in making matches.
type Matchmaking struct {
	// Enabled serves the matchmaking service to clients.
	Enabled bool `yaml:"enabled" default:"true"`
	// Matcher lets this server make the matches of a mode's queue when no other one
	// does.
	Matcher bool `yaml:"matcher" default:"true"`
	// URL is where clients reach this very server, as wss://eu1.example.com/ws. Empty: at
	// the address at which they have called the service.
	URL string `yaml:"url"`
	// Region is where this server is, as the modes name it.
	Region string `yaml:"region" max:"64"`
	// Interval is the time between two passes of a matcher.
	Interval time.Duration `yaml:"interval" default:"500ms" min:"10ms" max:"1m"`
	// Lease is how long a queue is without a matcher when the one that had it dies.
	Lease time.Duration `yaml:"lease" default:"5s" min:"500ms" max:"5m"`
	// Beat is the time between two reports of how this server is doing.
	Beat time.Duration `yaml:"beat" default:"2s" min:"100ms" max:"1m"`
	// Calls is how many calls of the service one address may make per second.
	Calls float64 `yaml:"calls" default:"20" above:"0" max:"1000000"`
	// CallBurst is how many calls of the service one address may make at once.
	CallBurst int `yaml:"call_burst" default:"100" min:"1" max:"1000000"`
	// Rooms is how many rooms one address, or one player, may have made per second. A room
	// that nobody enters goes off the list when the seats for it have expired.
	Rooms float64 `yaml:"rooms" default:"1" above:"0" max:"1000000"`
	// RoomBurst is how many rooms one address, or one player, may have made at once.
	RoomBurst int `yaml:"room_burst" default:"64" min:"1" max:"1000000"`
}

// Shows is about shows, which several rooms are houses of.
type Shows struct {
	// Lease is how long a show is without a server when the one that has it dies. It is renewed
	// four times as often.
	Lease time.Duration `yaml:"lease" default:"1500ms" min:"200ms" max:"1m"`
	// Linger is how long a show is kept of which no house is there on any server.
	Linger time.Duration `yaml:"linger" default:"30s" min:"0s" max:"24h"`
}

// Log is about what is logged, and how.
type Log struct {
	// Level is the least that is logged.
	Level string `yaml:"level" default:"info" oneof:"debug info warn error"`
	// Format is how it is logged.
	Format string `yaml:"format" default:"text" oneof:"text json"`
}

// TLS names the files that make an address speak TLS.
type TLS struct {
	// Cert is the file with the certificate chain for the clients' address, PEM.
	Cert string `yaml:"cert"`
	// Key is the file with the private key of tls.cert, PEM.
	Key string `yaml:"key"`
	// Handshakes is how many TLS handshakes compute at a time. Those beyond wait, so that a storm of them leaves
	// room for the rooms' ticks. 0: half as many as there are cores, at least one.
	Handshakes int `yaml:"handshakes" default:"0" min:"0" max:"1024"`
}

// Enabled reports whether TLS is asked for.
func (t TLS) Enabled() bool { return t.Cert != "" || t.Key != "" }

// Default returns the configuration of a server that is told nothing.
func Default() *Config {
	c := &Config{KindOptions: map[string]map[string]string{}}
	for _, f := range strictyaml.Fields(c) {
		f.SetDefault()
	}
	return c
}

// BytesPerSecond returns how many bytes a client may send per second: Limits.Bytes, or what it stands
// for when it is 0.
func (c *Config) BytesPerSecond() float64 {
	if c.Limits.Bytes > 0 {
		return c.Limits.Bytes
	}
	return max(64<<10, 8*float64(c.MaxMessage))
}

// MessagesOf returns how many messages a client of a room may send per second: Limits.Messages, or what it
// stands for when it is 0. rate is how often the room ticks, in Hz.
func (c *Config) MessagesOf(rate float64) float64 {
	if c.Limits.Messages > 0 {
		return c.Limits.Messages
	}
	return max(120, 2*rate)
}

// PoolSize returns the number of worker goroutines: Workers, or what it stands for
// when it is 0.
func (c *Config) PoolSize() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 4 * runtime.GOMAXPROCS(0)
}

// Mode returns the mode of a name, nil if there is none.
func (c *Config) Mode(name string) *mode.Mode {
	i := slices.IndexFunc(c.Modes, func(m mode.Mode) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Modes[i]
}

// Options returns the options of a kind; it is not nil.
func (c *Config) Options(kind string) map[string]string {
	if o := c.KindOptions[kind]; o != nil {
		return o
	}
	return map[string]string{}
}

// AdminNames returns the host names that the admin address may be asked under,
// besides loopback ones: AdminHosts, and Admin's own.
func (c *Config) AdminNames() []string {
	names := slices.Clone(c.AdminHosts)
	if a, err := ParseAddr(c.Admin); err == nil && a.Host != "" {
		names = append(names, a.Host)
	}
	return names
}
