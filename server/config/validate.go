package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/origin"
	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/strictyaml"
)

// Validate returns what is wrong, all of it, with the values and what to do.
func (c *Config) Validate() error {
	var errs []error
	for _, p := range strictyaml.Check("", c) {
		errs = append(errs, p)
	}
	errs = append(errs, c.checkAddresses()...)
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, fmt.Errorf("tls: cert is %q and key is %q; set both, or neither", c.TLS.Cert, c.TLS.Key))
	}
	if c.MaxPending > c.MaxConnections {
		errs = append(errs, fmt.Errorf("max_pending: %d is more than max_connections, %d; lower it", c.MaxPending, c.MaxConnections))
	}
	errs = append(errs, c.Access.check()...)
	errs = append(errs, section("identity", identity.Config(c.Identity.Tokens).Check())...)
	errs = append(errs, section("redis", redisclient.Config(c.Redis).Check())...)
	errs = append(errs, c.checkService()...)
	errs = append(errs, c.Hooks.check(c.Redis.Enabled())...)
	for kind, opts := range c.KindOptions {
		if kind == "" || strings.ContainsAny(kind, ".=") {
			errs = append(errs, fmt.Errorf("kinds: %q is no kind's name; `tickroom kinds` lists them", kind))
		}
		for o := range opts {
			if o == "" || strings.Contains(o, "=") {
				errs = append(errs, fmt.Errorf("kinds.%s: %q is no option's name; `tickroom kinds` lists them", kind, o))
			}
		}
	}
	return errors.Join(errs...)
}

// checkAddresses returns which addresses and names are not what they ought to be.
func (c *Config) checkAddresses() []error {
	var errs []error
	check := func(key, value string, valid func(string) bool, want string) {
		if value != "" && !valid(value) {
			errs = append(errs, fmt.Errorf("%s: %q is not %s", key, value, want))
		}
	}
	const address = "an address; write host:port, such as 127.0.0.1:7777, or :7777 for all addresses of the machine"
	check("listen", c.Listen, validAddr, address)
	check("admin", c.Admin, validAddr, address)
	check("service.listen", c.Service.Listen, validAddr, address)
	for i, h := range c.AdminHosts {
		check(fmt.Sprintf("admin_hosts[%d]", i), h, validHost, "a host name; write it without scheme and port, such as admin.example.com")
	}
	for i, o := range c.Origins {
		if _, err := origin.Parse([]string{o}); err != nil {
			errs = append(errs, fmt.Errorf("origins[%d]: %w", i, err))
		}
	}
	check("matchmaking.url", c.Matchmaking.URL, validWebSocketURL, "the address of a WebSocket; write it as wss://eu1.example.com/ws")
	check("node.id", c.Node.ID, printable, "of printable ASCII characters alone")
	if a, err := ParseAddr(c.Admin); err == nil {
		if !a.Loopback() && !c.AdminAllowRemote {
			errs = append(errs, fmt.Errorf("admin: %q can be reached from other machines, and has no password; "+
				"use a loopback address such as 127.0.0.1:7778, or set admin_allow_remote: true if a firewall guards it", c.Admin))
		}
		if c.Admin == c.Listen && a.Port != 0 {
			errs = append(errs, fmt.Errorf("admin: %q is the clients' address too; give each its own port", c.Admin))
		}
	}
	return errs
}

// section puts a section's name before each of its errors.
func section(name string, err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{fmt.Errorf("%s.%w", name, err)}
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, fmt.Errorf("%s.%w", name, e))
	}
	return errs
}

// Addr is an address to listen on.
type Addr struct {
	Host string // empty: all addresses of the machine
	Port uint16
}

// ParseAddr takes host:port apart. The port is a number.
func ParseAddr(s string) (Addr, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Addr{}, fmt.Errorf("config: address %q: %w", s, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Addr{}, fmt.Errorf("config: address %q: the port must be a number up to 65535", s)
	}
	if host != "" && !validHost(host) {
		return Addr{}, fmt.Errorf("config: address %q: %q is no host", s, host)
	}
	return Addr{Host: host, Port: uint16(n)}, nil
}

// Loopback reports whether only this machine can reach the address. Of names, only
// localhost is taken for such.
func (a Addr) Loopback() bool {
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(a.Host, "localhost")
}

func validAddr(s string) bool {
	_, err := ParseAddr(s)
	return err == nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func validHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}

func validWebSocketURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "ws" || u.Scheme == "wss") && validHost(u.Hostname()) && u.Fragment == "" && u.User == nil
}
