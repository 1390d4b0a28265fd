package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

func (p Program) newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: `Run a server until it is told to end, by Ctrl-C or SIGTERM: then it tells its
clients why, and ends within seconds. A second signal ends it at once.

Each setting can be given as a flag, in the environment (--log-level is
TICKROOM_LOG_LEVEL there) or in a YAML file named by --config; flags come before
the environment, that before the file. tickroom config prints what comes out.`,
		Example: `  tickroom serve
  tickroom serve --listen :7777 --origins https://game.example.com --identity-key-files account.pub
  tickroom serve --listen :7777 --identity-guests on   # whoever comes may play
  tickroom serve --kind-option walkers.players=50 --kind-option walkers.radius=200
  tickroom serve --config tickroom.yaml --log-format json
  TICKROOM_ADMIN= tickroom serve              # without the admin address`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			collectEarly()
			// From the first signal on the next one has its usual effect.
			context.AfterFunc(ctx, stop)
			return p.serve(ctx, cfg, cmd.ErrOrStderr())
		},
	}
	config.AddFlags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}

// collectEarly has the garbage of joins and calls taken away when the heap has grown by a half, and not
// only when it has doubled, which is dear where memory is full of sessions. Ticks make none.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func loadConfig(cmd *cobra.Command) (*config.Config, error) {
	cfg, err := config.Load(cmd.Flags(), nil)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// newServer makes a server with the program's kinds and pages.
func (p Program) newServer(cfg *config.Config) (*server.Server, error) {
	srv, err := server.New(cfg)
	if err != nil {
		return nil, err
	}
	for _, k := range p.Kinds {
		if err := srv.Register(k); err != nil {
			return nil, err
		}
	}
	if p.Pages != nil {
		srv.Handle("/", p.Pages)
	}
	return srv, nil
}

// serve runs a server until ctx is done.
func (p Program) serve(ctx context.Context, cfg *config.Config, stderr io.Writer) error {
	hosts := ""
	if isTerminal(stderr) {
		var err error
		if hosts, err = p.hostToken(cfg); err != nil {
			return err
		}
	}
	srv, err := p.newServer(cfg)
	if err != nil {
		return err
	}
	greeted := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(greeted)
		select {
		case <-srv.Ready():
			if isTerminal(stderr) {
				p.greet(stderr, cfg, srv.Addr(), srv.AdminAddr(), hosts)
			}
		case <-ctx.Done():
		}
	}()
	err = srv.Run(ctx)
	cancel()
	<-greeted
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// greet prints where to look, for somebody at a terminal. hosts is the token for hosts' pages,
// or empty.
func (p Program) greet(w io.Writer, cfg *config.Config, addr, admin net.Addr, hosts string) {
	scheme := "http"
	if cfg.TLS.Enabled() {
		scheme = "https"
	}
	what, play := "play ", pageURL(scheme, addr)
	if p.Pages == nil {
		what, play = "games", "ws"+strings.TrimPrefix(play, "http")+"ws"
	}
	fmt.Fprintf(w, "\n  %s is running.\n\n    %s  %s\n", p.Name, what, play)
	if admin != nil {
		fmt.Fprintf(w, "    admin  %s\n", pageURL("http", admin))
	}
	if hosts != "" {
		fmt.Fprintf(w, "\n  Shows are run from these pages, with a token of this run alone:\n\n")
		for _, page := range p.HostPages {
			fmt.Fprintf(w, "    %s%s#token=%s\n\n", pageURL(scheme, addr), strings.TrimPrefix(page, "/"), hosts)
		}
	}
	if p.Greeting != "" {
		fmt.Fprintf(w, "\n  %s\n", p.Greeting)
	}
	fmt.Fprintf(w, "\n  Ctrl-C ends it.\n\n")
}

// pageURL returns the address of a page for a browser on this machine.
func pageURL(scheme string, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String() + "/"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}
