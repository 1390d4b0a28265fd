package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/server/internal/networks"
)

// Hooks is about what backends are told of what happens in rooms: as webhooks, and as a
// stream in Redis. With neither hooks.webhooks nor hooks.stream nobody is told.
type Hooks struct {
	// Webhooks are where events are sent, each as NAME=URL, such as
	// shop=https://shop.example.com/tickroom. A name has up to 32 of a-z 0-9 and hyphens; what
	// waits for it stays under its name when the URL changes.
	Webhooks []string `yaml:"webhooks" max:"16"`
	// SecretFiles are files with the secrets that webhooks are signed with, each of 24 bytes
	// or more. All sign, so that a new one can be added before the old one goes. One for a
	// single webhook is written NAME=FILE.
	SecretFiles []string `yaml:"secret_files" max:"32"`
	// Events are the types of events that are told, such as room.made or player.joined;
	// room.* stands for all that begin so. Empty: all.
	Events []string `yaml:"events" max:"64"`
	// WebhookEvents are the types of events that webhooks are sent, of hooks.events. Empty:
	// all of them.
	WebhookEvents []string `yaml:"webhook_events" max:"64"`
	// AllowPrivate lets webhooks go to addresses that are not public, such as 10.0.0.5 or
	// loopback ones, and by http.
	AllowPrivate bool `yaml:"allow_private" default:"false"`
	// Timeout is the time for a webhook to be answered.
	Timeout time.Duration `yaml:"timeout" default:"10s" min:"100ms" max:"5m"`
	// Concurrency is how many webhooks are under way at once to one URL; of one room there is
	// one.
	Concurrency int `yaml:"concurrency" default:"8" min:"1" max:"1000"`
	// RetryFor is for how long after an event its webhook is tried again. After that it is put
	// into the list of dead letters.
	RetryFor time.Duration `yaml:"retry_for" default:"1h" min:"0s" max:"720h"`
	// MaxBackoff is the longest time between two attempts at a webhook.
	MaxBackoff time.Duration `yaml:"max_backoff" default:"5m" min:"100ms" max:"24h"`

	// Directory is where events wait for webhooks if there is no Redis, so that a restart loses
	// none. Empty: in memory.
	Directory string `yaml:"directory"`
	// MaxWaiting is the most events that wait for one webhook. When there are as many, the
	// oldest goes to the dead letters for each new one.
	MaxWaiting int `yaml:"max_waiting" default:"100000" min:"1" max:"100000000"`
	// MaxDead is the most dead letters of one webhook. When there are as many, the oldest is
	// lost for each new one, and counted.
	MaxDead int `yaml:"max_dead" default:"10000" min:"1" max:"10000000"`
	// Buffer is the most events in memory that are on their way to where they wait, while that
	// is slow or away. When it is full, new ones are lost, and counted; joins and leaves are
	// from three quarters on.
	Buffer int `yaml:"buffer" default:"65536" min:"64" max:"10000000"`

	// Stream also writes the events to a stream in Redis, for consumer groups of one's own. Its
	// key is {PREFIXhooks}:events, as {tickroom:hooks}:events.
	Stream bool `yaml:"stream" default:"false"`
	// StreamLength is how many events the stream keeps, about.
	StreamLength int `yaml:"stream_length" default:"1000000" min:"1" max:"1000000000"`
}

// Enabled reports whether anybody is told of events.
func (h *Hooks) Enabled() bool { return len(h.Webhooks) > 0 || h.Stream }

// Webhook is where events are sent.
type Webhook struct {
	Name string
	URL  string
	// SecretFiles are those of hooks.secret_files that are for all, and those for this one.
	SecretFiles []string
}

// Receivers returns the webhooks. The error names those that are not as they ought to be.
func (h *Hooks) Receivers() ([]Webhook, error) {
	var errs []error
	var out []Webhook
	for i, text := range h.Webhooks {
		name, address, ok := strings.Cut(text, "=")
		switch {
		case !ok || !hookName(name):
			errs = append(errs, fmt.Errorf("webhooks[%d]: write it as NAME=URL, such as shop=https://shop.example.com/tickroom; a name has 1 to 32 of a-z, 0-9 and hyphens", i))
			continue
		case slices.ContainsFunc(out, func(w Webhook) bool { return w.Name == name }):
			errs = append(errs, fmt.Errorf("webhooks[%d]: there is a webhook %s already; give each another name", i, name))
		}
		if err := h.checkURL(address); err != nil {
			errs = append(errs, fmt.Errorf("webhooks[%d]: %s: %w", i, name, err))
		}
		out = append(out, Webhook{Name: name, URL: address})
	}
	for i, text := range h.SecretFiles {
		name, file, ok := strings.Cut(text, "=")
		if !ok || !hookName(name) {
			name, file = "", text
		}
		used := false
		for j := range out {
			if name == "" || out[j].Name == name {
				out[j].SecretFiles, used = append(out[j].SecretFiles, file), true
			}
		}
		if !used && name != "" {
			errs = append(errs, fmt.Errorf("secret_files[%d]: there is no webhook %s", i, name))
		}
	}
	for _, w := range out {
		if len(w.SecretFiles) == 0 {
			errs = append(errs, fmt.Errorf("webhooks: there is no secret to sign those to %s with; set hooks.secret_files (`tickroom token --new-key FILE --alg HS256` makes a secret)", w.Name))
		}
	}
	return out, errors.Join(errs...)
}

func hookName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkURL returns what is wrong with the address of a webhook, if anything is.
func (h *Hooks) checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("it has no address that can be read; write https://host/path")
	case u.User != nil:
		return errors.New("its address must hold no password: receivers know a webhook by its signature")
	case u.Fragment != "":
		return errors.New("its address has a part after #, which is not sent")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("its address begins with %s:; it must be https", u.Scheme)
	case u.Scheme == "http" && !h.AllowPrivate:
		return errors.New("by http anybody on the way can read it; use https, or set hooks.allow_private: true if it stays in a network of one's own")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !networks.Public(ip) && !h.AllowPrivate {
		return fmt.Errorf("%s is no public address; set hooks.allow_private: true if it is meant", ip)
	}
	return nil
}

// check returns what is wrong, beyond what the tags say. redis says whether there is one.
func (h *Hooks) check(redis bool) []error {
	var errs []error
	if h.Stream && !redis {
		errs = append(errs, errors.New("hooks.stream: there is no Redis to write it to; set redis.url or redis.addresses"))
	}
	if h.Directory != "" && redis {
		errs = append(errs, errors.New("hooks.directory: with a Redis events wait there; leave one of the two out"))
	}
	_, err := h.Receivers()
	return append(errs, section("hooks", err)...)
}
