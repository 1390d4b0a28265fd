package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/recording"
	"github.com/tickroom/tickroom/world"
)

func newRecord() *cobra.Command {
	var cfg recording.Config
	var tokenFile string
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record the comments of a live room to files",
		Long: `Record the stream of comments, gifts and super chats of a live room (kind danmaku) to files, with
times from the start: JSON lines, and the XML that players of Bilibili's comments read.

It joins the show as a viewer of the highest tier. Recording begins when a moderator starts it in the
room, in new files each time, and ends when one stops it; with --always it goes on all the time. What
a moderator deletes within five seconds is not written.`,
		Example: `  tickroom record --url https://live.example --show main --dir recordings
  tickroom record --show main --always --format xml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := world.CheckShowName(cfg.Show); err != nil {
				return err
			}
			if tokenFile != "" {
				b, err := os.ReadFile(tokenFile)
				if err != nil {
					return err
				}
				cfg.Token = strings.TrimSpace(string(b))
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second one ends it at once
			cfg.Out = cmd.OutOrStdout()
			return recording.Run(ctx, cfg)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.URL, "url", "http://127.0.0.1:7777", "the server's `address`")
	f.StringVar(&cfg.Show, "show", "main", "`name` of the show")
	f.StringVar(&cfg.Dir, "dir", ".", "`folder` of the files; it is made if it is not there")
	f.StringSliceVar(&cfg.Formats, "format", []string{"jsonl", "xml"}, "`formats` to write: jsonl, xml")
	f.BoolVar(&cfg.Always, "always", false, "record all the time, not only while a moderator wants it")
	f.StringVar(&tokenFile, "token-file", "", "`file` with a player's token; without one it is a guest")
	f.SortFlags = false
	return cmd
}
