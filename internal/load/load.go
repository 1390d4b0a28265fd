// Package load puts clients on a server at little cost of its own, so that the
// server can be measured on the same machine.
//
// One thread drives all connections with non-blocking system calls: each client
// sends one small input per tick, the clients spread over the period, and
// everything that comes is read. It looks only at frame headers and at the tick
// that a snapshot begins with; whether the state is right is for the bots to
// check. It speaks to a tickroom server, and to the floor program with inputs
// of the same size.
package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config is the load to make.
type Config struct {
	// Host and port of the server. Loopback only: this is no tool to aim at others.
	Addr string
	// Path of the WebSocket. Default "/".
	Path string
	// Speak TLS, whatever certificate the server shows.
	TLS bool
	// Number of connections, 1 to 28,000.
	Clients int
	// Ticks per second, 1 to 1000.
	Rate int
	// How long to wait when all have joined, and how long to measure after that.
	Warm, Window time.Duration

	// Hello is what to introduce clients with. Nil: they say nothing, as the floor
	// expects it.
	Hello *Hello
	// A client sends at every so many ticks. 0: never.
	SendEvery int
	// Send acknowledgements without inputs.
	AckOnly bool
	// With AckOnly, one of so many of these brings a comment, as danmaku takes them. 0: none does.
	SayEvery int
	// Bytes on the wire of what a client sends when there is no hello, 7 to 131.
	InputSize int

	// Processes whose CPU time and memory are to be reported, in sum.
	Watch []int
}

// Hello introduces clients to a tickroom server.
type Hello struct {
	// The room kind.
	Kind string
	// Fewer snapshots, as in the protocol's hello.
	Every uint32
}

// Validate returns what is wrong with the configuration, nil if nothing is.
func (c *Config) Validate() error {
	switch {
	case c.Clients < 1 || c.Clients > 28000:
		return fmt.Errorf("load: %d clients; one address has ports for 1 to 28000", c.Clients)
	case c.Rate < 1 || c.Rate > 1000:
		return fmt.Errorf("load: %d ticks per second; 1 to 1000 make sense", c.Rate)
	case c.Window <= 0 || c.Warm < 0:
		return errors.New("load: there must be a time to measure, and none of the times is negative")
	case c.SayEvery < 0 || c.SayEvery > 0 && (c.Hello == nil || !c.AckOnly):
		return fmt.Errorf("load: a comment with every %d-th acknowledgement; only clients that acknowledge, and send no inputs, can write them", c.SayEvery)
	case c.SendEvery < 0:
		return fmt.Errorf("load: sending every %d ticks; use 0 for never", c.SendEvery)
	case c.Hello == nil && c.SendEvery > 0 && (c.InputSize < 7 || c.InputSize > 131):
		return fmt.Errorf("load: inputs of %d bytes; 7 to 131 are possible", c.InputSize)
	}
	return nil
}

// Phase is how far a run is.
type Phase string

// The phases, in their order.
const (
	Joining   Phase = "joining"   // before the first connection
	Joined    Phase = "joined"    // all are connected and welcome
	Measuring Phase = "measuring" // the window opens
	Measured  Phase = "measured"  // the window has closed
)

// Report is what came of it. All but the joining is of the window alone.
type Report struct {
	Clients int     `json:"clients"`
	JoinS   float64 `json:"join_s"`
	// CPU time that the watched processes took until all had joined.
	JoinCPUS float64 `json:"join_cpu_s,omitempty"`
	WindowS  float64 `json:"window_s"`

	// WebSocket messages received, and their bytes with headers.
	Frames    int64   `json:"frames"`
	Bytes     int64   `json:"bytes"`
	MeanFrame float64 `json:"mean_frame"`
	// The same without headers.
	MeanPayload         float64 `json:"mean_payload"`
	FramesPerClientPerS float64 `json:"frames_per_client_s"`

	// Frames sent, their mean size, and how often one had to wait since the server
	// did not read.
	Sent     int64   `json:"sent"`
	MeanSent float64 `json:"mean_sent"`
	Blocked  int64   `json:"blocked"`

	// Time between two messages to the same client, of up to a hundred clients that
	// are watched closely.
	TickGapMS Quantiles `json:"tick_gap_ms"`
	// How late the loader itself was. If this is large, then it is what limits.
	LateMS Quantiles `json:"late_ms"`

	// What went wrong to how many clients.
	Errors map[string]int `json:"errors"`

	// Of the processes that were watched: CPU time in the window, resident memory
	// before the first connection and at the end.
	CPUS float64 `json:"cpu_s,omitempty"`
	// CPU time that others than they and the loader took in the window.
	OthersCPUS float64 `json:"others_cpu_s,omitempty"`
	RSSBefore  int64   `json:"rss_before,omitempty"`
	RSSAfter   int64   `json:"rss_after,omitempty"`
}

// Quantiles of a distribution.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Run connects, measures, and disconnects. It calls phase, if there is one, from
// the goroutine that drives the connections: it must not block. Clients that are
// lost on the way are counted, not an error; that not all can join is one.
func Run(ctx context.Context, cfg Config, phase func(Phase)) (Report, error) {
	if err := cfg.Validate(); err != nil {
		return Report{}, err
	}
	if cfg.Path == "" {
		cfg.Path = "/"
	}
	if phase == nil {
		phase = func(Phase) {}
	}
	return run(ctx, cfg, phase)
}
