// Package secret holds text that must not be shown: passwords, for one. Whatever
// prints it, with whatever verb, prints a placeholder.
package secret

import "fmt"

// Redacted stands for a secret that is not shown.
const Redacted = "(redacted)"

// Text is a secret. It is read by Reveal alone.
type Text string

// Reveal gives the secret.
func (t Text) Reveal() string { return string(t) }

// String gives a placeholder, or nothing for nothing.
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

// MarshalText gives the placeholder, for JSON, YAML and log/slog.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
