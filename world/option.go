package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Option describes an option of a kind, set with --kind-option kind.name=value.
type Option struct {
	Name, Default, Doc string
	// Clients is true if clients may choose the value when they ask for a room: then a
	// room is made with it, and those alone come into it without naming it who ask for the same.
	Clients bool
	// Check returns what is wrong with a value that a client chooses; nil: any of up to
	// MaxOptionValue bytes is good. What is wrong with it in another way is New's to say.
	Check func(value string) error
	// Secret options are shown to nobody: an address with a key in it, say. So are those whose
	// names end in secret, password, token, api_key, apikey or private_key.
	Secret bool
}

// SecretOption reports whether an option of the kind must not be shown.
func (k *Kind) SecretOption(name string) bool {
	if o := k.option(name); o != nil && o.Secret {
		return true
	}
	lower := strings.ToLower(name)
	return slices.ContainsFunc([]string{"secret", "password", "token", "api_key", "apikey", "private_key"}, func(end string) bool {
		return strings.HasSuffix(lower, end)
	})
}

// SecretOptions returns the names of the options that must not be shown.
func (k *Kind) SecretOptions() (names []string) {
	for i := range k.Options {
		if k.SecretOption(k.Options[i].Name) {
			names = append(names, k.Options[i].Name)
		}
	}
	return names
}

// Shown returns options without those that must not be shown.
func (k *Kind) Shown(options map[string]string) map[string]string {
	out := make(map[string]string, len(options))
	for name, value := range options {
		if !k.SecretOption(name) {
			out[name] = value
		}
	}
	return out
}

// MaxOptionValue is the most bytes that the value of an option may have that a client chooses.
const MaxOptionValue = 64

// OneOf returns a check of an option that has one of some values.
func OneOf(values ...string) func(value string) error {
	return func(value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("it must be one of: %s", strings.Join(values, ", "))
		}
		return nil
	}
}

// Asked returns the options with which a room is made for a client that asks for some, without
// those that are as they would be anyway: as base has them, by name, or else by default. So rooms are
// alike if these are. An error is fit to be shown to the client.
func (k *Kind) Asked(options, base map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		o := k.option(name)
		if o == nil || !o.Clients {
			return nil, fmt.Errorf("rooms of kind %s have no option %.40q that clients may choose; those are: %s", k.Name, name, k.chosen())
		}
		switch {
		case len(value) > MaxOptionValue:
			return nil, fmt.Errorf("option %s: its value has %d bytes; there can be %d", name, len(value), MaxOptionValue)
		case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
			return nil, fmt.Errorf("option %s=%q: its value has characters that can't be shown", name, value)
		}
		check := o.Check
		if check == nil && k.Show != nil && name == k.Show.Option {
			check = CheckShowName
		}
		if check != nil {
			if err := check(value); err != nil {
				return nil, fmt.Errorf("option %s=%q: %w", name, value, err)
			}
		}
		usual, ok := base[name]
		if !ok {
			usual = o.Default
		}
		if value != usual {
			out[name] = value
		}
	}
	return out, nil
}

// chosen lists the options that clients may choose, for people.
func (k *Kind) chosen() string {
	var names []string
	for _, o := range k.Options {
		if o.Clients {
			names = append(names, o.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
