package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/dev"
)

func newDev() *cobra.Command {
	cfg := dev.Config{Dir: "."}
	cmd := &cobra.Command{
		Use:   "dev [-- SERVER FLAGS]",
		Short: "Run a game while you work on it: server, page and generated code",
		Long: `Run the game in this folder, as tickroom new has made it, while you work on it.

The server is built and started again when a Go file changes, and its rooms go on: players
come back to where they were. If what they have done can't be played again by the new code
the log says so, and they come into a new room. If it can't be built the old server goes on. Code is generated again
when a .proto file changes. Vite serves the page, shows its changes while it is open, and
passes /ws on to the server. Packages of npm are installed first, if they are missing.

What follows -- is for the server: go run . serve --help lists it.`,
		Example: `  tickroom dev
  tickroom dev --page 0.0.0.0:5173            # for a phone in the same network
  tickroom dev -- --log-level debug`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second one ends it at once
			cfg.Serve, cfg.Out = args, cmd.ErrOrStderr()
			return dev.Run(ctx, cfg)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:7777", "the server's `address`, for the page")
	f.StringVar(&cfg.Page, "page", "localhost:5173", "the page's `address`")
	f.SortFlags = false
	return cmd
}
