package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/tickroom/tickroom/internal/origin"
)

// validate knows the rules of the validate tags.
var validate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("koanf") })
	for name, ok := range map[string]func(string) bool{
		"listen": func(s string) bool { _, err := ParseAddr(s); return err == nil },
		"host":   validHost,
		"origin": validOrigin,
		"wsurl":  validWebSocketURL,
	} {
		if err := v.RegisterValidation(name, func(f validator.FieldLevel) bool { return ok(f.Field().String()) }); err != nil {
			panic(err) // a rule with an empty name
		}
	}
	return v
})

// Validate tells what is wrong, all of it, with the values and what to do.
func (c *Config) Validate() error {
	var errs []error
	err := validate().Struct(c)
	var fields validator.ValidationErrors
	if errors.As(err, &fields) {
		for _, f := range fields {
			_, key, _ := strings.Cut(f.Namespace(), ".")
			errs = append(errs, fmt.Errorf("%s: %s", key, explain(f)))
		}
	} else if err != nil {
		return fmt.Errorf("config: %w", err)
	}

	if a, err := ParseAddr(c.Admin); err == nil && c.Admin != "" {
		if !a.Loopback() && !c.AdminAllowRemote {
			errs = append(errs, fmt.Errorf("admin: %q can be reached from other machines, and has no password; "+
				"use a loopback address such as 127.0.0.1:7778, or set admin_allow_remote: true if a firewall guards it", c.Admin))
		}
		if c.Admin == c.Listen && a.Port != 0 {
			errs = append(errs, fmt.Errorf("admin: %q is the clients' address too; give each its own port", c.Admin))
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, fmt.Errorf("tls: cert is %q and key is %q; set both, or neither", c.TLS.Cert, c.TLS.Key))
	}
	if c.MaxPending > c.MaxConnections {
		errs = append(errs, fmt.Errorf("max_pending: %d is more than max_connections, %d; lower it", c.MaxPending, c.MaxConnections))
	}
	if err := c.Access.Check(); err != nil {
		errs = append(errs, fmt.Errorf("access: %w", err))
	}
	if err := c.Identity.Check(); err != nil {
		errs = append(errs, err)
	}
	if err := c.Redis.Check(); err != nil {
		errs = append(errs, section("redis", err)...)
	}
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

// section puts a section's name before each of its errors.
func section(name string, err error) []error {
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

// explain says what is wrong with a value, and what it must be.
func explain(f validator.FieldError) string {
	value := fmt.Sprint(f.Value())
	if f.Kind() == reflect.String {
		value = strconv.Quote(value)
	}
	switch f.Tag() {
	case "required":
		return "a value is missing"
	case "min":
		return fmt.Sprintf("%s is too little; it must be %s or more", value, f.Param())
	case "max":
		return fmt.Sprintf("%s is too much; it must be %s or less", value, f.Param())
	case "gt":
		return fmt.Sprintf("%s is too little; it must be more than %s", value, f.Param())
	case "oneof":
		return fmt.Sprintf("%s is not one of: %s", value, strings.Join(strings.Fields(f.Param()), ", "))
	case "listen":
		return value + " is not an address; write host:port, such as 127.0.0.1:7777, or :7777 for all addresses of the machine"
	case "host":
		return value + " is not a host name; write it without scheme and port, such as admin.example.com"
	case "printascii":
		return value + " has characters other than printable ASCII"
	case "wsurl":
		return value + " is not the address of a WebSocket; write it as wss://eu1.example.com/ws"
	case "origin":
		_, err := origin.Parse([]string{f.Value().(string)})
		return err.Error()
	}
	return fmt.Sprintf("%s does not satisfy %s=%s", value, f.Tag(), f.Param())
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

// Loopback tells whether only this machine can reach the address. Of names, only
// localhost is taken for such.
func (a Addr) Loopback() bool {
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(a.Host, "localhost")
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

func validOrigin(s string) bool {
	_, err := origin.Parse([]string{s})
	return err == nil
}

func validWebSocketURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "ws" || u.Scheme == "wss") && validHost(u.Hostname()) && u.Fragment == "" && u.User == nil
}
