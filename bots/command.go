package bots

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Signer reads the key in a file and returns what makes a player's token with it, valid
// for ttl.
type Signer func(keyFile string, ttl time.Duration) (func(player, name string) (string, error), error)

// command is the command "bots" with what its flags have set.
type command struct {
	cfg     Config
	signer  Signer
	report  string // file for the report; empty: none
	page    string // file for the report as a page; empty: none
	ca      string // file with certificates that sign the server's; empty: the system's
	trust   bool   // whatever certificate the server has
	keyFile string // key that signs the bots' tokens; empty: they are guests
	players string // how the bots' player ids begin
}

// Command returns the command "bots", which plays any of the kinds. If signer is nil the
// bots are guests.
func Command(kinds map[string]Behaviour, signer Signer) *cobra.Command {
	c := &command{cfg: Config{Kinds: kinds}, signer: signer}
	cmd := &cobra.Command{
		Use:           "bots",
		Short:         "Play with thousands of bots, and check that each sees exactly the server's state",
		Long:          long,
		Example:       examples,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          c.run,
	}
	c.flags(cmd.Flags())
	return cmd
}

const long = `Play with thousands of bots, and check that each sees exactly the server's state.

Each bot is a client like any other. Once a second it compares a hash of all that it
sees with the server's; a difference is a desync, which is reported with its tick,
interest group and entity. The command fails on a desync, and on anything else
that should not happen to a client.

The duration begins when all bots have joined. Latencies leave out slow bots.
Round trips include the wait for the server's next tick.

With --via matchmaking each bot asks the server's matchmaking for a seat, over HTTP as
players do: it waits for a match of --mode, or without a mode joins any room of the kind
that has a free seat. A bot that leaves comes back the same way.

Bots are guests, unless --key-file names the key or the secret that the server's
tokens are signed with (see tickroom token --help): then each is a player of its own.`

const examples = `  # A hundred bots for half a minute, in rooms of walkers.
  tickroom bots --server http://127.0.0.1:7777 --kind walkers --clients 100

  # A soak test of the arena: bots come and go, some read slowly.
  tickroom bots --kind arena --clients 1000 --duration 10m --churn 0.02 --slow 0.05

  # Viewers of a live stream, with a backend that posts gifts, each of which must be seen once.
  tickroom bots --kind danmaku --clients 10000 --comments 500 --gifts 30 --service-token bots.token --require 'gifts_lost == 0'

  # Contestants of a quiz, of whom some lose their connection; their ranks are worked out a second time.
  tickroom bots --kind quiz --clients 1000 --cut 0.02 --duration 10m --require 'rank_errors == 0'

  # A thousand players press Play.
  tickroom bots --kind arena --via matchmaking --mode duel --clients 1000 --key-file dev.secret

  # The figures for another program, and as a page with plots.
  tickroom bots --kind walkers --clients 1000 --duration 60s --report bots.json --html bots.html

  # A test that fails if players would feel it, over TLS.
  tickroom bots --server https://play.example.com --require 'input_to_state_ms.p99 <= 150' --require 'snapshot_gap_ms.p99 < 80'`

func (c *command) flags(f *pflag.FlagSet) {
	cfg := &c.cfg
	f.StringVar(&cfg.Server, "server", "http://127.0.0.1:7777", "the server's `address`, or several with commas between them")
	f.StringVar(&cfg.Kind, "kind", usual(cfg.Kinds), "`kind` of room to join: "+names(cfg.Kinds))
	f.StringVar(&cfg.Room, "room", "", "the `id` of the room to join; any of the kind if left out")
	f.StringToStringVar(&cfg.Options, "option", nil, "what the room is to be like: `name=value` of an option of the kind that clients may choose; may be given again")
	f.StringVar(&cfg.Via, "via", "", "how bots get their seats: \"matchmaking\", or by kind and room if left out")
	f.StringVar(&cfg.Mode, "mode", "", "the `mode` to wait for a match of, via matchmaking")
	if c.signer != nil {
		f.StringVar(&c.keyFile, "key-file", "", "`file` with the key or secret to sign the bots' tokens with; they are guests if left out")
		f.StringVar(&c.players, "players", "bot-", "how the bots' player ids begin, with --key-file; their number follows")
		f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
			if name == "secret-file" {
				name = "key-file"
			}
			return pflag.NormalizedName(name)
		})
	}
	f.IntVar(&cfg.Clients, "clients", 100, "`number` of bots")
	f.DurationVar(&cfg.Duration, "duration", 30*time.Second, "how long to play once all have joined")
	f.Float64Var(&cfg.Rate, "rate", 20, "inputs per second and bot")
	f.Float64Var(&cfg.Churn, "churn", 0, "`share` of bots that leave and come back, per second")
	f.Float64Var(&cfg.Slow, "slow", 0, "`share` of bots that stop reading for seconds, again and again")
	f.Float64Var(&cfg.Cut, "cut", 0, "`share` of bots whose connection breaks, again and again, and that come back into their session")
	f.BoolVar(&cfg.Reconnect, "reconnect", false, "bots whose connection is lost come back, as clients do; it is counted and no error")
	f.BoolVar(&cfg.Houses, "houses", false, "list the rooms that bots were in")
	f.Float64Var(&cfg.Ramp, "ramp", 500, "bots that join per second")
	f.Uint64Var(&cfg.Seed, "seed", 1, "seed of what the bots do")
	f.Uint32Var(&cfg.HashEvery, "hash-every", 20, "`ticks` between two checks of the state's hash")
	f.StringArrayVar(&cfg.Require, "require", nil, "a `figure` of the report and what it must be, or the command fails: \"input_to_state_ms.p99 <= 150\"; may be given again")
	f.StringVar(&c.report, "report", "", "`file` for the report as JSON")
	f.StringVar(&c.page, "html", "", "`file` for the report as a page with plots")
	f.StringVar(&c.ca, "ca", "", "`file` with the certificates (PEM) by which an https:// server is known; the system's if left out")
	for _, name := range slices.Sorted(maps.Keys(cfg.Kinds)) {
		if add := cfg.Kinds[name].Flags; add != nil {
			add(f)
		}
	}
	f.BoolVar(&c.trust, "insecure", false, "take whatever certificate an https:// server has")
}

// usual returns the kind that bots play if none is asked for.
func usual(kinds map[string]Behaviour) string {
	if _, ok := kinds["walkers"]; ok || len(kinds) == 0 {
		return "walkers"
	}
	return slices.Min(slices.Collect(maps.Keys(kinds)))
}

func (c *command) run(cmd *cobra.Command, _ []string) error {
	cfg := c.cfg
	cfg.Progress = terminal(os.Stderr)
	if cfg.Progress == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	}
	var err error
	if cfg.TLS, err = c.tls(); err != nil {
		return err
	}
	if c.keyFile != "" {
		// Tokens outlast the run.
		sign, err := c.signer(c.keyFile, cfg.Duration+time.Hour)
		if err != nil {
			return err
		}
		cfg.Token = func(bot int) (string, error) { return sign(fmt.Sprint(c.players, bot), fmt.Sprint("bot ", bot)) }
	}
	// The first interrupt lets the bots leave, a second one ends the program.
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()
	// Thousands of replicas live as long as the program, which has nothing else: to look through
	// them less often costs some memory and saves much time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	rep, err := Run(ctx, cfg)
	if rep.Clients == 0 {
		return err
	}
	if serr := rep.Summary(cmd.OutOrStdout()); err == nil {
		err = serr
	}
	if c.report != "" {
		if werr := rep.WriteFile(c.report); werr != nil {
			return fmt.Errorf("writing the report: %w", werr)
		}
	}
	if c.page != "" {
		var b bytes.Buffer
		if werr := errors.Join(rep.WritePage(&b), os.WriteFile(c.page, b.Bytes(), 0o644)); werr != nil {
			return fmt.Errorf("writing the page: %w", werr)
		}
	}
	return err
}

// tls returns how an encrypted server is known.
func (c *command) tls() (*tls.Config, error) {
	cfg := &tls.Config{InsecureSkipVerify: c.trust} //nolint:gosec // it was asked for
	if c.ca == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca: there is no certificate in %s; it must be PEM", c.ca)
	}
	return cfg, nil
}
