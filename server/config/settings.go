package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/internal/secret"
)

// EnvPrefix begins the names of the environment variables that are read.
const EnvPrefix = "TICKROOM_"

// Names that are not those of a plain setting.
const (
	fileFlag    = "config"      // --config, TICKROOM_CONFIG: the file
	optionsFlag = "kind-option" // --kind-option kind.option=value
	optionsEnv  = EnvPrefix + "KIND_OPTIONS"
	kindsKey    = "kinds" // in the file
	modesKey    = "modes"
	// simulationKey is for tickroom matchsim, which reads the same file.
	simulationKey = "simulation"
)

// Setting is one thing that a server can be told.
type Setting struct {
	// Key is its place in the file: "log.level" is level within log.
	Key string
	// Doc says in a line what it means.
	Doc string

	value any // what kind of value; a pointer into a Config
}

// Flag gives the setting's flag, without dashes.
func (s Setting) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.Key) }

// Env gives the setting's environment variable.
func (s Setting) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// Settings lists what a server can be told, but the options of room kinds.
func Settings() []Setting { return Default().settings() }

func (c *Config) settings() []Setting {
	return []Setting{
		{"listen", "address that clients connect to, HTTP and WebSocket; port 0 takes a free one", &c.Listen},
		{"admin", "address of health, metrics, rooms and profiles; empty: off", &c.Admin},
		{"admin_allow_remote", "let the admin address be one that others can reach; it has no password", &c.AdminAllowRemote},
		{"admin_hosts", "further host names that the admin address may be asked under", &c.AdminHosts},
		{"origins", `origins that browsers may come from, as https://game.example.com, or "*"; empty: the server's own`, &c.Origins},
		{"status", "tell everybody at /status.json how the server is doing: rooms, numbers of players, traffic", &c.Status},
		{"transport", "how connections are carried: auto (raw descriptors where possible) or gws", &c.Transport},
		{"max_connections", "most connections of clients", &c.MaxConnections},
		{"max_pending", "most connections that have not joined a room yet", &c.MaxPending},
		{"max_rooms", "most rooms", &c.MaxRooms},
		{"handshake_timeout", "time for a request's header to arrive", &c.HandshakeTimeout},
		{"hello_timeout", "time from the WebSocket upgrade to the first message", &c.HelloTimeout},
		{"idle_timeout", "how long a client may be silent", &c.IdleTimeout},
		{"hold", "how long a seat is kept for a client whose connection is lost; 0: as long as the room's kind says; -1s: not at all", &c.Hold},
		{"second_device", "when a player comes into its room from elsewhere: takeover (the new connection gets the seat) or refuse", &c.SecondDevice},
		{"dead_after", "how long a client may take nothing of what waits for it", &c.DeadAfter},
		{"max_message", "longest message from a client, in bytes", &c.MaxMessage},
		{"max_outbox", "most bytes that wait for one client", &c.MaxOutbox},
		{"send_buffer", "the kernel's send buffer of a connection, in bytes", &c.SendBuffer},
		{"not_sent_lowat", "bytes that the kernel may hold of a connection without having sent them", &c.NotSentLowat},
		{"ack_window", "ticks that a client may leave unacknowledged before it is skipped; 0: half a second", &c.AckWindow},
		{"max_catch_up", "late ticks that a room simulates in a row before it drops the rest", &c.MaxCatchUp},
		{"empty_room_linger", "how long a room without clients lives on", &c.EmptyRoomLinger},
		{"workers", "goroutines that read and write for large rooms; 0: four for each processor", &c.Workers},
		{"seed", "makes the rooms' random numbers repeatable; 0: random", &c.Seed},
		{"shutdown_grace", "how long clients have to hear why the server goes away", &c.ShutdownGrace},
		{"limits.messages", "messages per second from one client; 0: two per tick, at least 120", &c.Limits.Messages},
		{"limits.message_burst", "messages from one client at once; 0: three seconds' worth", &c.Limits.MessageBurst},
		{"limits.bytes", "bytes per second from one client; 0: 64 KiB, or eight of the longest messages", &c.Limits.Bytes},
		{"limits.byte_burst", "bytes from one client at once; 0: three seconds' worth", &c.Limits.ByteBurst},
		{"limits.commands", "commands per second from one client", &c.Limits.Commands},
		{"limits.command_burst", "commands from one client at once", &c.Limits.CommandBurst},
		{"access.connections_per_address", "connections of one address at once; 0: any number", &c.Access.ConnectionsPerAddress},
		{"access.connections_per_player", "connections of one player at once; 0: any number", &c.Access.ConnectionsPerPlayer},
		{"access.handshakes", "connections that one address may begin per second; 0: any number", &c.Access.Handshakes},
		{"access.handshake_burst", "connections that one address may begin at once; 0: five seconds' worth", &c.Access.HandshakeBurst},
		{"access.rooms_per_player", "rooms that one player has made and that still are; 0: any number", &c.Access.RoomsPerPlayer},
		{"access.ipv4_prefix", "bits of an IPv4 address that count as one address", &c.Access.IPv4Prefix},
		{"access.ipv6_prefix", "bits of an IPv6 address that count as one address", &c.Access.IPv6Prefix},
		{"access.max_tracked", "addresses whose handshakes are remembered", &c.Access.MaxTracked},
		{"access.exempt", "addresses and networks that only bans apply to", &c.Access.Exempt},
		{"access.trusted_proxies", "addresses and networks of proxies that tell the clients' addresses", &c.Access.TrustedProxies},
		{"access.forwarded_header", "header in which they do: x-forwarded-for or forwarded", &c.Access.ForwardedHeader},
		{"identity.guests", "let clients without a token play: on, off, or auto (if only this machine can connect)", &c.Identity.Guests},
		{"identity.secret", "secret for tokens with HS256, 32 bytes or more, or base64:KEY; better in the environment or a file", &c.Identity.Secret},
		{"identity.secret_files", "files with such secrets", &c.Identity.SecretFiles},
		{"identity.key_files", "files with public keys or certificates, PEM, for tokens with EdDSA and RS256", &c.Identity.KeyFiles},
		{"identity.jwks", "JSON Web Key Set, a file or an https address", &c.Identity.JWKS},
		{"identity.issuer", "issuer (iss) that tokens must have; empty: any", &c.Identity.Issuer},
		{"identity.audience", "names of this service, one of which must be in a token's audience (aud); empty: any", &c.Identity.Audience},
		{"identity.roles_claim", "claim with the player's roles", &c.Identity.RolesClaim},
		{"identity.name_claim", "claim with the player's name", &c.Identity.NameClaim},
		{"identity.max_token", "longest token, in bytes", &c.Identity.MaxToken},
		{"identity.max_age", "how long after it was made (iat) a token may be used; 0: until it expires", &c.Identity.MaxAge},
		{"identity.allow_no_expiry", "accept tokens that do not expire", &c.Identity.AllowNoExpiry},
		{"identity.leeway", "how far the clocks of others may be from ours", &c.Identity.Leeway},
		{"identity.grace", "how long a session may go on after its token has expired", &c.Identity.Grace},
		{"identity.refresh", "how often keys are read again", &c.Identity.Refresh},
		{"identity.refetch", "least time between two readings of keys when tokens name unknown ones", &c.Identity.Refetch},
		{"identity.max_stale", "how long keys are used that can't be read again; 0: for ever", &c.Identity.MaxStale},
		{"seats.required", "refuse clients that come without a seat from the matchmaker", &c.Seats.Required},
		{"seats.secret_files", "files with secrets that the matchmaker and all nodes share, the newest first; empty: a random one", &c.Seats.SecretFiles},
		{"seats.ttl", "how long a player may take to come with a seat", &c.Seats.TTL},
		{"seats.leeway", "how far the clocks of matchmaker and node may be apart", &c.Seats.Leeway},
		{"seats.max_used", "used seats that are remembered", &c.Seats.MaxUsed},
		{"node.id", "name of this server, another for each and at each start; empty: the host's name and something random", &c.Node.ID},
		{"matchmaking.enabled", "serve the matchmaking service to clients", &c.Matchmaking.Enabled},
		{"matchmaking.matcher", "make the matches of a mode's queue when no other server does", &c.Matchmaking.Matcher},
		{"matchmaking.url", "where clients reach this very server, as wss://eu1.example.com/ws; empty: where they have called", &c.Matchmaking.URL},
		{"matchmaking.region", "where this server is, as the modes name it", &c.Matchmaking.Region},
		{"matchmaking.interval", "time between two passes of a matcher", &c.Matchmaking.Interval},
		{"matchmaking.lease", "how long a queue has no matcher after the one that had it has died", &c.Matchmaking.Lease},
		{"matchmaking.beat", "time between two reports of how this server is doing", &c.Matchmaking.Beat},
		{"matchmaking.calls", "calls of the matchmaking service per second from one address", &c.Matchmaking.Calls},
		{"matchmaking.call_burst", "calls of the matchmaking service from one address at once", &c.Matchmaking.CallBurst},
		{"redis.url", "Redis that several servers share: redis://user:password@host:port/database, rediss:// for TLS, or unix:///path; empty: none", &c.Redis.URL},
		{"redis.addresses", "or its host:port; or those of its sentinels, or of some nodes of a cluster", &c.Redis.Addresses},
		{"redis.master", "name under which the sentinels know it", &c.Redis.Master},
		{"redis.cluster", "it is a Redis Cluster", &c.Redis.Cluster},
		{"redis.database", "number of the database", &c.Redis.Database},
		{"redis.username", "user at Redis", &c.Redis.Username},
		{"redis.password", "its password; others on the machine can see flags, so better use redis.password_file", &c.Redis.Password},
		{"redis.password_file", "file that holds the password", &c.Redis.PasswordFile},
		{"redis.sentinel_username", "user at the sentinels", &c.Redis.SentinelUsername},
		{"redis.sentinel_password", "its password", &c.Redis.SentinelPassword},
		{"redis.sentinel_password_file", "file that holds it", &c.Redis.SentinelPasswordFile},
		{"redis.tls", "speak TLS with Redis", &c.Redis.TLS},
		{"redis.tls_ca", "file with the authorities that its certificate may be from, PEM; empty: the system's", &c.Redis.TLSCA},
		{"redis.tls_name", "name in its certificate, if it is not the host's", &c.Redis.TLSName},
		{"redis.tls_cert", "file with a certificate for Redis, if it asks for one, PEM", &c.Redis.TLSCert},
		{"redis.tls_key", "file with that certificate's private key, PEM", &c.Redis.TLSKey},
		{"redis.prefix", "what the names of all keys begin with; servers with the same one belong together", &c.Redis.Prefix},
		{"redis.dial_timeout", "time for a connection to Redis to be made", &c.Redis.DialTimeout},
		{"redis.read_timeout", "time for an answer of Redis", &c.Redis.ReadTimeout},
		{"redis.pool", "connections to Redis; 0: ten for each processor", &c.Redis.Pool},
		{"redis.replicas", "replicas that must have what changes about tickets, matches and ratings, so that a fail-over loses none of it; while there are fewer, nobody can enqueue; 0: none", &c.Redis.Replicas},
		{"log.level", "least that is logged: debug, info, warn or error", &c.Log.Level},
		{"log.format", "how it is logged: text or json", &c.Log.Format},
		{"tls.cert", "file with the certificate chain, PEM; with tls.key the clients' address speaks TLS", &c.TLS.Cert},
		{"tls.key", "file with the certificate's private key, PEM", &c.TLS.Key},
	}
}

// AddFlags adds a flag for each setting, and --config and --kind-option.
func AddFlags(fs *pflag.FlagSet) {
	fs.StringP(fileFlag, "c", "", "YAML file with settings")
	for _, s := range Settings() {
		switch p := s.value.(type) {
		case *string:
			fs.String(s.Flag(), *p, s.Doc)
		case *secret.Text:
			fs.String(s.Flag(), "", s.Doc)
		case *[]string:
			fs.StringSlice(s.Flag(), *p, s.Doc)
		case *bool:
			fs.Bool(s.Flag(), *p, s.Doc)
		case *int:
			fs.Int(s.Flag(), *p, s.Doc)
		case *uint64:
			fs.Uint64(s.Flag(), *p, s.Doc)
		case *float64:
			fs.Float64(s.Flag(), *p, s.Doc)
		case *time.Duration:
			fs.Duration(s.Flag(), *p, s.Doc)
		default:
			panic(fmt.Sprintf("config: setting %s has a type without a flag: %T", s.Key, p))
		}
	}
	fs.StringArray(optionsFlag, nil, "option of a room kind, as walkers.players=10; may be repeated (see tickroom kinds)")
}

// parse gives the setting's value from text.
func (s Setting) parse(text string) (any, error) {
	bad := func(want string) error { return fmt.Errorf("%s: %q is not %s", s.Key, text, want) }
	switch s.value.(type) {
	case *string:
		return text, nil
	case *secret.Text:
		return secret.Text(text), nil
	case *[]string:
		list := []string{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		return list, nil
	case *bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, bad("true or false")
		}
		return v, nil
	case *int:
		v, err := strconv.ParseInt(text, 0, 0)
		if err != nil {
			return nil, bad("a whole number")
		}
		return int(v), nil
	case *uint64:
		v, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return nil, bad("a whole number from 0 on")
		}
		return v, nil
	case *float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v != v {
			return nil, bad("a number")
		}
		return v, nil
	case *time.Duration:
		v, err := time.ParseDuration(text)
		if err != nil {
			return nil, bad("a time such as 500ms, 5s or 2m")
		}
		return v, nil
	}
	panic(fmt.Sprintf("config: setting %s has a type that is not read: %T", s.Key, s.value))
}

// format gives the setting's value as parse reads it; of a secret a placeholder.
func (s Setting) format() string {
	switch p := s.value.(type) {
	case *string:
		return *p
	case *secret.Text:
		return p.String()
	case *[]string:
		return strings.Join(*p, ",")
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *uint64:
		return strconv.FormatUint(*p, 10)
	case *float64:
		return strconv.FormatFloat(*p, 'g', -1, 64)
	case *time.Duration:
		return p.String()
	}
	panic(fmt.Sprintf("config: setting %s has a type that is not shown: %T", s.Key, s.value))
}

// parseOption takes kind.option=value apart.
func parseOption(text string) (kind, option, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	if kind, option, ok2 := strings.Cut(name, "."); ok && ok2 && kind != "" && option != "" {
		return kind, option, value, nil
	}
	return "", "", "", fmt.Errorf("kind option %q: write it as kind.option=value, for example walkers.players=10", text)
}

// nearest gives the name that is most like the one given, or "" if none is.
func nearest(name string, names []string) string {
	best, at := 1+len(name)/3, ""
	for _, n := range names {
		if d := distance(name, n); d <= best && (at == "" || d < best) {
			best, at = d, n
		}
	}
	return at
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(diag+cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
