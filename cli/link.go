package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/link"
)

// linkFlags are those of tickroom link.
type linkFlags struct {
	listen, to, profile, file string
	seed                      uint32
	delay, jitter             time.Duration
	loss, rate                float64
	list                      bool
}

func newLink() *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Stand between clients and a server, and make the line worse",
		Long: `Take connections, and make one to the server for each, over a line that is as bad as
a profile says: what is sent comes late, and what follows it waits, as with TCP. Nothing is
lost or reordered, and bytes are not looked at, so that it works for ws, wss and anything else.

A profile has a name, or is a file in JSON as --show prints them, which may hold a trace. The
flags --delay, --jitter, --loss and --rate change it in both directions. What happens on the lines
follows from --seed: the same bytes sent at the same times take the same time again.`,
		Example: `  tickroom link --to 127.0.0.1:7777 --profile train      # then connect to 127.0.0.1:7700
  tickroom link --to 127.0.0.1:7777 --profile lan --delay 50ms --jitter 20ms
  tickroom link --list
  tickroom link --list --profile wifi > mine.json         # to change it, and then
  tickroom link --to 127.0.0.1:7777 --file mine.json`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.list {
				return f.print(cmd.OutOrStdout(), cmd.Flags().Changed("profile"))
			}
			p, err := f.read(cmd)
			if err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return f.run(ctx, p, cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:7700", "the `address` that clients connect to")
	flags.StringVar(&f.to, "to", "", "the server's `address`, host:port")
	flags.StringVar(&f.profile, "profile", "4g", "the `name` of what the line is like; --list has all")
	flags.StringVar(&f.file, "file", "", "a `file` that says what the line is like, instead of a name")
	flags.Uint32Var(&f.seed, "seed", 1, "the first client's line; each further one has the next")
	flags.DurationVar(&f.delay, "delay", 0, "how long a byte takes at least, each way")
	flags.DurationVar(&f.jitter, "jitter", 0, "how much longer it takes on average, each way")
	flags.Float64Var(&f.loss, "loss", 0, "the `share` of packets that are lost, from 0 to 0.9")
	flags.Float64Var(&f.rate, "rate", 0, "how many `bytes` pass in a second, each way")
	flags.BoolVar(&f.list, "list", false, "print the profiles, or with --profile one as JSON, and end")
	flags.SortFlags = false
	return cmd
}

// print writes what profiles there are, or one of them.
func (f *linkFlags) print(w io.Writer, one bool) error {
	if one {
		p, err := link.Named(f.profile)
		if err != nil {
			return usageError{err}
		}
		text, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range link.Profiles() {
		fmt.Fprintf(table, "%s\t%s\tround trip %v ms\n", p.Name, p.Text, p.Up.Delay+p.Down.Delay+p.Up.Jitter+p.Down.Jitter)
	}
	return table.Flush()
}

// read returns the profile with the changes that flags make.
func (f *linkFlags) read(cmd *cobra.Command) (p link.Profile, err error) {
	if f.to == "" {
		return p, errors.New("--to is missing: the address of the server, such as 127.0.0.1:7777")
	}
	for name, address := range map[string]string{"listen": f.listen, "to": f.to} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return p, fmt.Errorf("--%s %q is no address such as 127.0.0.1:7777: %w", name, address, err)
		}
	}
	if f.file != "" {
		if cmd.Flags().Changed("profile") {
			return p, errors.New("--profile and --file say both what the line is like: leave one out")
		}
		file, err := os.Open(f.file)
		if err != nil {
			return p, err
		}
		defer file.Close()
		if p, err = link.Read(file); err != nil {
			return p, fmt.Errorf("%s: %w", f.file, err)
		}
	} else if p, err = link.Named(f.profile); err != nil {
		return p, err
	}
	for _, d := range []*link.Direction{&p.Up, &p.Down} {
		for name, set := range map[string]func(){
			"delay":  func() { d.Delay = float64(f.delay) / float64(time.Millisecond) },
			"jitter": func() { d.Jitter = float64(f.jitter) / float64(time.Millisecond) },
			"loss":   func() { d.Loss = f.loss },
			"rate":   func() { d.Rate = f.rate },
		} {
			if cmd.Flags().Changed(name) {
				set()
			}
		}
	}
	return p, p.Validate()
}

// run serves until ctx is done.
func (f *linkFlags) run(ctx context.Context, profile link.Profile, w io.Writer) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return err
	}
	proxy := &link.Proxy{Profile: profile, Seed: f.seed, To: f.to, Logger: slog.New(slog.NewTextHandler(w, nil))}
	fmt.Fprintf(w, "clients: %s, server: %s, line: %s; Ctrl-C ends\n", ln.Addr(), f.to, profile.Name)
	err = proxy.Serve(ctx, ln)
	s := proxy.Stats()
	fmt.Fprintf(w, "connections: %d, bytes to the server: %d, from it: %d, the longest took %v\n", s.Connections, s.Up, s.Down, s.Longest.Round(time.Millisecond))
	return err
}
