// Package secret holds text that must not be shown, such as passwords. Whatever prints it,
// with whatever verb, prints a placeholder.
package secret

import (
	"fmt"
	"net/url"
	"strconv"
)

// Redacted stands for a secret that is not shown.
const Redacted = "(redacted)"

// Text is a secret. Reveal alone reads it.
type Text string

// Reveal returns the secret.
func (t Text) Reveal() string { return string(t) }

// String returns a placeholder, or nothing for nothing.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return Redacted
}

// Format prints the placeholder, whatever the verb.
func (t Text) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", t.String())
		return
	}
	_, _ = f.Write([]byte(t.String()))
}

// MarshalText returns the placeholder, for JSON, YAML and log/slog.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// URL is an address that may have something secret in it. It is read whole by Reveal
// alone; whatever prints it leaves out its password and its query. What is no URL is
// printed as it is.
type URL string

// Reveal returns the whole address.
func (u URL) Reveal() string { return string(u) }

// String returns the address without what is secret.
func (u URL) String() string {
	p, err := url.Parse(string(u))
	if err != nil || p.RawQuery == "" && p.User == nil {
		return string(u)
	}
	if p.RawQuery != "" {
		p.RawQuery = "redacted"
	}
	return p.Redacted()
}

// GoString returns what String does, in quotes.
func (u URL) GoString() string { return strconv.Quote(u.String()) }

// MarshalText returns what String does, for JSON, YAML and log/slog.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
