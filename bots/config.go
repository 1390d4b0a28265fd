package bots

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
)

// Config is what a swarm of bots does.
type Config struct {
	// Server is its address, such as http://127.0.0.1:7777, or those of several with commas
	// between them: bots are spread over these, and try the next one where one does not
	// answer.
	Server string
	// Kinds are the kinds of rooms that bots can play, by name.
	Kinds map[string]Behaviour
	// Kind is the kind of room to join, one of Kinds.
	Kind string
	// Room is a certain room. Empty: any of the kind.
	Room string
	// Options is what the room is to be like, by the kind's options that clients may choose.
	Options map[string]string
	// Via is how bots get to their rooms. Empty: they join by kind or room;
	// ViaMatchmaking: the server's matchmaking gives them seats.
	Via string
	// Mode is the mode that bots enqueue for, with matchmaking. Empty: they join
	// quickly any room of the kind.
	Mode string
	// Token makes the token of a bot, which has a player of its own. Nil: they are
	// guests.
	Token func(bot int) (string, error)
	// Clients is how many bots there are.
	Clients int
	// Duration is how long to play once all have joined.
	Duration time.Duration
	// Rate is inputs per second and bot. 0, or in a kind that has no inputs: none; bots then only
	// acknowledge.
	Rate float64
	// Churn is the share of bots that leave and come back, per second.
	Churn float64
	// Slow is the share of bots that stop reading for some seconds, again and
	// again.
	Slow float64
	// Cut is the share of bots whose connection breaks, again and again; they come back into
	// their session.
	Cut float64
	// Reconnect makes bots whose connection is lost come back, as clients do: into their
	// session, or, where that is gone, into another one. It is counted, and no error.
	Reconnect bool
	// Houses makes the report list the rooms that bots were in.
	Houses bool
	// Ramp is how many bots join per second. 0: 500.
	Ramp float64
	// Seed makes what the bots do repeatable. When they do it is not.
	Seed uint64
	// HashEvery is how many ticks lie between two checks of the state's hash. 0:
	// 20, a second at the usual rate.
	HashEvery uint32
	// Loops is how many goroutines drive the bots. 0: one for each 2,000, at most
	// one per core.
	Loops int
	// StallMin and StallMax bound how long a slow bot reads nothing. 0: 1 and 5
	// seconds.
	StallMin, StallMax time.Duration
	// CutMin and CutMax bound how long a bot stays away whose connection breaks. 0: 0.2 and
	// 3 seconds.
	CutMin, CutMax time.Duration

	// TLS is how the server is known, if its address is https:// or wss://. Nil: by the
	// system's certificates.
	TLS *tls.Config
	// Require is what the report must show, or Run returns an error: figures as its JSON
	// names them, compared with numbers, such as "input_to_state_ms.p99 <= 150". A latency
	// that was never measured meets nothing. "failed" counts errors.
	Require []string

	// Progress is where a progress bar goes, nil for none.
	Progress io.Writer
	// Logger gets errors and desyncs. Nil discards them.
	Logger *slog.Logger
}

// check fills in defaults and refuses what can't be. It returns where the servers are.
func (c *Config) check() ([]*url.URL, Behaviour, error) {
	b, ok := c.Kinds[c.Kind]
	var errs []error
	if !ok {
		errs = append(errs, fmt.Errorf("bots can't play %q; they know %s", c.Kind, names(c.Kinds)))
	}
	var urls []*url.URL
	for server := range strings.SplitSeq(c.Server, ",") {
		u, err := client.ServerURL(strings.TrimSpace(server))
		urls, errs = append(urls, u), append(errs, err)
	}
	switch {
	case c.Via != "" && c.Via != ViaMatchmaking:
		errs = append(errs, fmt.Errorf("bots come via %q, not %q", ViaMatchmaking, c.Via))
	case c.Via == "" && c.Mode != "":
		errs = append(errs, fmt.Errorf("the mode %q means something only via %s", c.Mode, ViaMatchmaking))
	case c.Via != "" && c.Room != "":
		errs = append(errs, fmt.Errorf("via %s bots go where they are sent: leave the room %q out", c.Via, c.Room))
	}
	if c.Clients < 1 {
		errs = append(errs, fmt.Errorf("%d clients; it must be 1 or more", c.Clients))
	}
	if c.Duration <= 0 {
		errs = append(errs, fmt.Errorf("a duration of %v; it must be above 0", c.Duration))
	}
	if !(c.Rate >= 0 && c.Rate <= 1000) {
		errs = append(errs, fmt.Errorf("%g inputs per second; it must be 0 to 1000", c.Rate))
	}
	if !(c.Churn >= 0 && c.Churn <= 1) {
		errs = append(errs, fmt.Errorf("a churn of %g; it is a share, 0 to 1", c.Churn))
	}
	if !(c.Slow >= 0 && c.Slow <= 1) {
		errs = append(errs, fmt.Errorf("%g of the bots are to be slow; it is a share, 0 to 1", c.Slow))
	}
	if !(c.Cut >= 0 && c.Cut <= 1) {
		errs = append(errs, fmt.Errorf("%g of the bots are to lose their connections; it is a share, 0 to 1", c.Cut))
	}
	if !(c.Ramp >= 0) {
		errs = append(errs, fmt.Errorf("a ramp of %g bots per second; it must be above 0", c.Ramp))
	}
	if c.Ramp == 0 {
		c.Ramp = 500
	}
	if b.Schema != nil && b.Schema.NewInput == nil {
		c.Rate = 0
	}
	if c.HashEvery == 0 {
		c.HashEvery = 20
	}
	if c.StallMin == 0 && c.StallMax == 0 {
		c.StallMin, c.StallMax = time.Second, 5*time.Second
	}
	if c.StallMin < 0 || c.StallMax < c.StallMin {
		errs = append(errs, fmt.Errorf("slow bots are to stop for %v to %v; the second must not be less", c.StallMin, c.StallMax))
	}
	if c.CutMin == 0 && c.CutMax == 0 {
		c.CutMin, c.CutMax = 200*time.Millisecond, 3*time.Second
	}
	if c.CutMin < 0 || c.CutMax < c.CutMin {
		errs = append(errs, fmt.Errorf("bots whose connection breaks are to stay away for %v to %v; the second must not be less", c.CutMin, c.CutMax))
	}
	if c.Loops <= 0 {
		c.Loops = min(runtime.GOMAXPROCS(0), (c.Clients+1999)/2000)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return urls, b, errors.Join(errs...)
}

// terminal returns f if it is a terminal.
func terminal(f *os.File) io.Writer {
	if isTerminal(f) {
		return f
	}
	return nil
}
