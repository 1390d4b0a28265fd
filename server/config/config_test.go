package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/internal/origintest"
)

// load is Load with a file's text, an environment and a command line.
func load(t *testing.T, file string, environ []string, args ...string) (*Config, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "tickroom.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if environ == nil {
		environ = []string{}
	}
	c, err := Load(fs, environ)
	if err != nil {
		err = errorText(strings.ReplaceAll(err.Error(), filepath.Dir(pathOf(args))+"/", ""))
	}
	return c, err
}

type errorText string

func (e errorText) Error() string { return string(e) }

func pathOf(args []string) string {
	for i, a := range args {
		if a == "--config" {
			return args[i+1]
		}
	}
	return "nowhere/x"
}

func TestDefaultIsValid(t *testing.T) {
	t.Parallel()
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Default(), c, unexported); d != "" {
		t.Errorf("nothing said is not the default:\n%s", d)
	}
}

func TestLayers(t *testing.T) {
	t.Parallel()
	file := `
listen: 0.0.0.0:1000
max_rooms: 11
idle_timeout: 1m
origins: [https://a.example, b.example]
log:
  level: debug
  format: json
kinds:
  walkers:
    players: 10
    radius: 0x20
    bots: true
  arena:
    teams: 2
`
	c, err := load(t, file,
		[]string{"TICKROOM_MAX_ROOMS=12", "TICKROOM_LOG_LEVEL=warn", "TICKROOM_MAX_PENDING=7",
			"TICKROOM_KIND_OPTIONS=walkers.players=20, arena.map=big", "HOME=/", "TICKROOM_PORT_7777_TCP_ADDR=10.0.0.1"},
		"--log-level", "error", "--max-pending=8", "--kind-option", "walkers.players=30", "--kind-option", "x.y=a=b,c", "--limits-commands", "1.5")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen, want.MaxRooms, want.IdleTimeout, want.MaxPending = "0.0.0.0:1000", 12, time.Minute, 8
	want.Origins = []string{"https://a.example", "b.example"}
	want.Log = Log{Level: "error", Format: "json"}
	want.Limits.Commands = 1.5
	want.KindOptions = map[string]map[string]string{
		"walkers": {"players": "30", "radius": "0x20", "bots": "true"},
		"arena":   {"teams": "2", "map": "big"},
		"x":       {"y": "a=b,c"},
	}
	if d := cmp.Diff(want, c, unexported); d != "" {
		t.Error(d)
	}
}

// unexported leaves out how the file has its modes.
var unexported = cmpopts.IgnoreUnexported(Config{})

func TestModes(t *testing.T) {
	t.Parallel()
	c, err := load(t, "modes:\n  duel: {room: {kind: arena}}\n  royale:\n    players: {max: 30}\nsimulation: {match: 15m}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := c.Mode("royale"); len(c.Modes) != 2 || m == nil || m.Format.Size != 30 || c.Mode("duel").Room.Kind != "arena" || c.Mode("x") != nil {
		t.Errorf("%+v", c.Modes)
	}
	out, err := c.YAML(nil)
	if err != nil || !strings.Contains(string(out), "modes:") || !strings.Contains(string(out), "royale:") {
		t.Errorf("the modes are not shown: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "simulation") {
		t.Errorf("the simulation is no setting:\n%s", out)
	}
	_, err = load(t, "listen: 127.0.0.1:1\nmodes:\n  duel:\n    teams: {sise: 2}\nlog: {leven: warn}\n", nil)
	for _, want := range []string{":4:", "sise", "size", ":5:", "leven", "level"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// needs are flags without which a setting is not allowed.
var needs = map[string]string{
	"tls.cert": "--tls-key=k", "tls.key": "--tls-cert=c", "redis.master": "--redis-addresses=a:1,b:2",
	"redis.tls_cert": "--redis-tls-key=k", "redis.tls_key": "--redis-tls-cert=c",
	"service.listen": "--service-key-files=k", "hooks.webhooks": "--hooks-secret-files=s", "hooks.stream": "--redis-addresses=a:1",
}

// values are for settings for which another does not make one.
var values = map[string]string{
	"listen": "127.0.0.2:1", "admin": "127.0.0.2:2", "admin_hosts": "ops.example", "origins": "https://x.example", "max_pending": "99",
	"access.exempt": "10.0.0.0/8", "access.trusted_proxies": "192.0.2.7", "matchmaking.url": "wss://eu1.example/ws",
	"identity.secret": "0123456789abcdef0123456789ABCDEF", "identity.jwks": "https://id.example/keys", "identity.max_stale": "6m0s",
	"redis.url": "rediss://u:hunter2@redis.example:1/2", "redis.addresses": "a:1",
	"service.listen": "127.0.0.2:3", "service.secret": "0123456789abcdef0123456789ABCDEf", "service.jwks": "https://id.example/services",
	"hooks.webhooks": "shop=https://shop.example/hook",
}

// another returns a value that a setting may have and does not have by default.
func another(s Setting) string {
	if v, ok := values[s.Key]; ok {
		return v
	}
	if words, ok := strings.CutPrefix(s.Allowed, "one of "); ok {
		list := strings.Split(words, ", ")
		return list[(slices.Index(list, s.Default)+1)%len(list)]
	}
	candidates := map[string][]string{
		"bool": {"true", "false"}, "int": {"4096", "8192", "17", "3", "1048576"}, "uint64": {"18446744073709551615"}, "float": {"2.5"}, "duration": {"7s", "250ms", "1m30s"},
	}[s.field.Type()]
	for _, v := range candidates {
		if v != s.Default && s.field.Set(v) == nil {
			return v
		}
	}
	return "text"
}

// reveal returns a setting's value, secret or not.
func reveal(c *Config, s Setting) string {
	switch s.Key {
	case "identity.secret":
		return c.Identity.Secret.Reveal()
	case "service.secret":
		return c.Service.Secret.Reveal()
	case "redis.url":
		return c.Redis.URL.Reveal()
	case "redis.password":
		return c.Redis.Password.Reveal()
	case "redis.sentinel_password":
		return c.Redis.SentinelPassword.Reveal()
	}
	return s.field.String()
}

// TestEverySetting sets each setting in each of the three places.
func TestEverySetting(t *testing.T) {
	t.Parallel()
	for i, s := range Settings() {
		v, extra := another(s), strings.Fields(needs[s.Key])
		file := s.Key + ": " + v + "\n"
		if a, b, ok := strings.Cut(s.Key, "."); ok {
			file = a + ":\n  " + b + ": " + v + "\n"
		}
		for where, c := range map[string]func() (*Config, error){
			"file": func() (*Config, error) { return load(t, file, nil, extra...) },
			"env":  func() (*Config, error) { return load(t, "", []string{s.Env() + "=" + v}, extra...) },
			"flag": func() (*Config, error) { return load(t, "", nil, append(extra, "--"+s.Flag()+"="+v)...) },
		} {
			c, err := c()
			if err != nil {
				t.Errorf("%s by %s: %v", s.Key, where, err)
			} else if got := reveal(c, c.settings()[i]); got != v || got == reveal(Default(), Default().settings()[i]) {
				t.Errorf("%s by %s: got %s, want %s", s.Key, where, got, v)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		env, args  []string
		want       string
	}{
		{name: "unknown key", file: "listen: :1\nmax_roms: 3\n", want: `tickroom.yaml:2:1: there is no field "max_roms"; did you mean max_rooms?`},
		{name: "unknown nested key", file: "log:\n  lewel: info\n", want: `tickroom.yaml:2:3: log: there is no field "lewel"; did you mean level?`},
		{name: "key like nothing", file: "database: x\n", want: "tickroom.yaml:1:1: there is no field \"database\"; `tickroom config` lists them all"},
		{name: "twice", file: "seed: 1\nseed: 2\n", want: "tickroom.yaml:2:1: seed: it is there twice"},
		{name: "wrong type", file: "max_rooms: many\n", want: `tickroom.yaml:1:12: max_rooms: "many" is not allowed; it must be a whole number`},
		{name: "bad time", file: "\nidle_timeout: 5\n", want: `tickroom.yaml:2:15: idle_timeout: "5" is not allowed; it must be a time such as 500ms, 30s or 1m30s`},
		{name: "list for a number", file: "max_rooms: [1]\n", want: "tickroom.yaml:1:12: max_rooms: a list is not allowed; it must be a whole number"},
		{name: "no value", file: "max_rooms:\n", want: "tickroom.yaml:1:11: max_rooms: nothing is not allowed; it must be a whole number"},
		{name: "section is a value", file: "log: debug\n", want: "tickroom.yaml:1:6: log: \"debug\" can't stand here; fields are expected, one `key: value` a line"},
		{name: "not YAML", file: "seed: 1\na: b: c\n", want: "tickroom.yaml:2:5: mapping values are not allowed in this context"},
		{name: "two errors", file: "max_rooms: x\nseed: -1\n", want: "tickroom.yaml:1:12: max_rooms: \"x\" is not allowed; it must be a whole number\ntickroom.yaml:2:7: seed: \"-1\" is not allowed; it must be a whole number from 0 on"},
		{name: "no file", args: []string{"--config", "/nowhere/x.yaml"}, want: "the configuration file can't be read: open x.yaml: no such file or directory"},
		{name: "unknown variable", env: []string{"TICKROOM_LISTN=x"}, want: "TICKROOM_LISTN: there is no such setting; did you mean TICKROOM_LISTEN?"},
		{name: "bad variable", env: []string{"TICKROOM_MAX_ROOMS=x"}, want: `TICKROOM_MAX_ROOMS: "x" is not allowed; it must be a whole number`},
		{name: "bad kind option", args: []string{"--kind-option", "players=3"}, want: `--kind-option: kind option "players=3": write it as kind.option=value, for example walkers.players=10`},
		{name: "too little", args: []string{"--max-message=10"}, want: `invalid argument "10" for "--max-message" flag: 10 is not allowed; it must be from 256 to 16777216`},
		{name: "too short", args: []string{"--hello-timeout=1ms"}, want: `invalid argument "1ms" for "--hello-timeout" flag: 1ms is not allowed; it must be from 100ms to 5m`},
		{name: "nested", args: []string{"--log-level=loud"}, want: `invalid argument "loud" for "--log-level" flag: "loud" is not allowed; it must be one of debug, info, warn, error`},
		{name: "address", args: []string{"--listen=7777"}, want: `listen: "7777" is not an address; write host:port, such as 127.0.0.1:7777, or :7777 for all addresses of the machine`},
		{name: "no address", args: []string{"--listen="}, want: `invalid argument "" for "--listen" flag: a value is missing`},
		{name: "origin", args: []string{"--origins=https://a.example/path"}, want: `origins[0]: "https://a.example/path" is not an origin: it has more than scheme, host and port; write it as https://game.example.com, game.example.com, https://*.example.com, or "*" for all`},
		{name: "remote admin", args: []string{"--admin=:7778"}, want: `admin: ":7778" can be reached from other machines, and has no password; use a loopback address such as 127.0.0.1:7778, or set admin_allow_remote: true if a firewall guards it`},
		{name: "same address", args: []string{"--admin=127.0.0.1:7777"}, want: `admin: "127.0.0.1:7777" is the clients' address too; give each its own port`},
		{name: "half of TLS", args: []string{"--tls-cert=a.pem"}, want: `tls: cert is "a.pem" and key is ""; set both, or neither`},
		{name: "two of Redis", args: []string{"--redis-url=redis://x", "--redis-addresses=y:1,z"}, want: "redis.addresses[1]: \"z\" is not an address; write host:port, such as redis.example.com:6379\n" +
			"redis.url and addresses are both set; set one of them"},
		{name: "slow Redis", args: []string{"--redis-dial-timeout=2s"}, want: `invalid argument "2s" for "--redis-dial-timeout" flag: 2s is not allowed; it must be from 10ms to 1s`},
		{name: "out of bounds", file: "log: {level: infos}\nmax_rooms: 0\nidentity:\n  key_files: [a, '']\n", want: "tickroom.yaml:1:14: log.level: \"infos\" is not allowed; it must be one of debug, info, warn, error; did you mean info?\n" +
			"tickroom.yaml:2:12: max_rooms: 0 is not allowed; it must be from 1 to 1000000\ntickroom.yaml:4:3: identity.key_files: an item is empty"},
		{name: "prefix", args: []string{"--access-ipv6-prefix=129"}, want: `invalid argument "129" for "--access-ipv6-prefix" flag: 129 is not allowed; it must be from 16 to 128`},
		{name: "tracked", env: []string{"TICKROOM_ACCESS_MAX_TRACKED=1"}, want: "TICKROOM_ACCESS_MAX_TRACKED: 1 is not allowed; it must be from 64 to 100000000"},
		{name: "header", env: []string{"TICKROOM_ACCESS_FORWARDED_HEADER=x-real-ip"}, want: `TICKROOM_ACCESS_FORWARDED_HEADER: "x-real-ip" is not allowed; it must be one of x-forwarded-for, forwarded`},
		{name: "guests", env: []string{"TICKROOM_IDENTITY_GUESTS=maybe"}, want: `TICKROOM_IDENTITY_GUESTS: "maybe" is not allowed; it must be one of auto, on, off`},
		{name: "token", env: []string{"TICKROOM_IDENTITY_MAX_TOKEN=1"}, want: "TICKROOM_IDENTITY_MAX_TOKEN: 1 is not allowed; it must be from 256 to 65536"},
		{name: "leeway", env: []string{"TICKROOM_IDENTITY_LEEWAY=1h"}, want: "TICKROOM_IDENTITY_LEEWAY: 1h0m0s is not allowed; it must be from 0s to 10m"},
		{name: "keys", args: []string{"--identity-max-stale=1m"}, want: "identity.max_stale: 1m0s is less than identity.refresh, 5m0s; keys would go between two reads"},
		{name: "networks", args: []string{"--access-exempt=everybody", "--access-trusted-proxies=10.0.0.0/8,0.0.0.0/0"}, want: `access.exempt: "everybody" is no network; write it as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7` + "\n" +
			"access.trusted_proxies: with 0.0.0.0/0 trusted, everybody could claim any address; name the proxies' networks"},
		{name: "keys of both", args: []string{"--identity-key-files=a,b", "--service-key-files=c,b"}, want: "service: b is for players' tokens or seats, too; services have keys of their own"},
		{name: "service without keys", args: []string{"--service-listen=:7779"}, want: "service.listen: there are no keys to check services' tokens with, so that nobody could call; " +
			"set service.key_files or secret_files (`tickroom token --service --new-key FILE` makes a key)"},
		{name: "service's address", args: []string{"--service-listen=127.0.0.1:7777", "--service-key-files=k"}, want: `service.listen: "127.0.0.1:7777" is the address of clients or operators; give each its own port, or leave it out for that of clients`},
		{name: "webhooks", args: []string{"--hooks-webhooks=https://a.example,b=ftp://b.example,b=https://u:hunter2@b.example,c=http://c.example,d=https://10.0.0.1", "--hooks-secret-files=s"}, want: "hooks.webhooks[0]: write it as NAME=URL, such as shop=https://shop.example.com/tickroom; a name has 1 to 32 of a-z, 0-9 and hyphens\n" +
			"hooks.webhooks[1]: b: its address begins with ftp:; it must be https\n" +
			"hooks.webhooks[2]: there is a webhook b already; give each another name\n" +
			"hooks.webhooks[2]: b: its address must hold no password: receivers know a webhook by its signature\n" +
			"hooks.webhooks[3]: c: by http anybody on the way can read it; use https, or set hooks.allow_private: true if it stays in a network of one's own\n" +
			"hooks.webhooks[4]: d: 10.0.0.1 is no public address; set hooks.allow_private: true if it is meant"},
		{name: "webhooks without secrets", args: []string{"--hooks-webhooks=a=https://a.example,b=https://b.example", "--hooks-secret-files=a=s,c=s"}, want: "hooks.secret_files[1]: there is no webhook c\n" +
			"hooks.webhooks: there is no secret to sign those to b with; set hooks.secret_files (`tickroom token --new-key FILE --alg HS256` makes a secret)"},
		{name: "stream", args: []string{"--hooks-stream"}, want: "hooks.stream: there is no Redis to write it to; set redis.url or redis.addresses"},
		{name: "pending", args: []string{"--max-connections=10"}, want: "max_pending: 1024 is more than max_connections, 10; lower it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tt.file, tt.env, tt.args...)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAdminMayBeRemoteIfToldSo(t *testing.T) {
	t.Parallel()
	if _, err := load(t, "", nil, "--admin=:7778", "--admin-allow-remote"); err != nil {
		t.Error(err)
	}
	if _, err := load(t, "", nil, "--admin="); err != nil {
		t.Error(err)
	}
	for s, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.8.9.1:1": true, ":1": false, "0.0.0.0:1": false, "10.0.0.1:1": false, "[::]:1": false, "[::ffff:127.0.0.1]:1": true} {
		a, err := ParseAddr(s)
		if err != nil || a.Loopback() != want {
			t.Errorf("%s: loopback %t (%v), want %t", s, a.Loopback(), err, want)
		}
	}
}

func TestAllowGuests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		guests            string
		loopback, proxied bool
		want              bool
	}{
		{"auto", true, false, true}, {"auto", true, true, false}, {"auto", false, false, false}, {"auto", false, true, false},
		{"on", false, true, true}, {"on", true, false, true}, {"off", true, false, false}, {"", true, false, false},
	} {
		if got := (&Identity{Guests: c.guests}).AllowGuests(c.loopback, c.proxied); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestYAML reads back what is printed.
func TestYAML(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Origins, c.Seed, c.Log.Level, c.Admin = []string{"*", "https://a.example"}, 7, "debug", ""
	c.Limits.Messages, c.IdleTimeout = 1.25, 1500*time.Millisecond
	c.KindOptions = map[string]map[string]string{"walkers": {"players": "10", "flag": "true", "note": "a: b"}}
	text, err := c.YAML(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(t, string(text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(c, got, cmpopts.EquateEmpty(), unexported); d != "" {
		t.Errorf("%s\n%s", d, text)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	c := Default()
	c.KindOptions = map[string]map[string]string{"quiz": {"host_password": "hunter2", "players": "3"}}
	secret := Secret(strings.Repeat("hunter3", 6))
	c.Identity.Secret, c.Identity.JWKS = secret, "https://id.example/keys?key=hunter4"
	c.Redis.URL, c.Redis.Password, c.Redis.SentinelPassword = "redis://:hunter2@a:b:c", "hunter2", "hunter2"
	if err := c.Validate(); err == nil || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
	text, err := c.YAML(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{string(text), fmt.Sprintf("%v %+v", c, *c)} {
		if strings.Contains(shown, "hunter3") || strings.Contains(shown, "hunter4") {
			t.Errorf("%s", shown)
		}
	}
	if strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "host_password: (redacted)") || !strings.Contains(string(text), "secret: (redacted)") {
		t.Errorf("%s", text)
	}
	// The errors about a secret do not show it either.
	for _, bad := range []string{"hunter5", "base64:hunter5!"} {
		_, err := load(t, "identity:\n  secret: "+bad+"\n", nil)
		if err == nil || strings.Contains(err.Error(), "hunter5") {
			t.Errorf("%v", err)
		}
	}
}

// TestOrigins has the settings of the table that all doors share, good and bad.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range origintest.Cases {
		cfg := Default()
		if cfg.Origins = c.Origins; cfg.Validate() != nil {
			t.Errorf("%q: %v", c.Origins, cfg.Validate())
		}
	}
	for _, bad := range origintest.Bad {
		cfg := Default()
		if cfg.Origins = []string{bad}; cfg.Validate() == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
}
