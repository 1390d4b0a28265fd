package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/playback"
)

func (p Program) newReplayServe() *cobra.Command {
	listen := "127.0.0.1:7780"
	cmd := &cobra.Command{
		Use: "serve FILE", Short: "Show a journal in a browser",
		Long: `Show a journal in the pages that its kind of room has, on this machine: from any player's
eyes or as a spectator, at any speed, from any moment on. It goes on until Ctrl-C.`,
		Args: files(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.Pages == nil {
				return fmt.Errorf("%s has no pages to show a journal in", p.Name)
			}
			return withJournal(args[0], func(j *journal.Journal) error {
				ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
				defer stop()
				context.AfterFunc(ctx, stop) // a second one ends it at once
				return p.serveReplay(ctx, j, listen, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", listen, "the `address` to show it at")
	return cmd
}

// serveReplay shows a journal until ctx is done.
func (p Program) serveReplay(ctx context.Context, j *journal.Journal, listen string, out, warn io.Writer) error {
	k, err := p.kindOf(j, warn)
	if err != nil {
		return err
	}
	begun := time.Now()
	show, err := playback.New(j, k, slog.New(slog.NewTextHandler(warn, nil)))
	if err != nil {
		return err
	}
	story := show.Story()
	if story.Last == 0 {
		return errors.Join(errors.New("there is no tick in the journal to show"), troubleOf(story.Trouble))
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	played := float64(story.Last) / story.Rate
	fmt.Fprintf(out, "%d ticks, %.0f s, read in %.2f s\n", story.Last, played, time.Since(begun).Seconds())
	if story.Trouble != "" {
		fmt.Fprintf(out, "it goes no further: %s\n", story.Trouble)
	}
	fmt.Fprintf(out, "open %sreplay\n", pageURL("http", ln.Addr()))
	return serveUntil(ctx, ln, show, p.Pages)
}

func troubleOf(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// serveUntil serves a show until ctx is done.
func serveUntil(ctx context.Context, ln net.Listener, show *playback.Show, pages http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler: show.Handler(pages), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var all sync.WaitGroup
	all.Go(func() { show.Run(ctx) })
	all.Go(func() {
		<-ctx.Done()
		_ = srv.Close() // of a page that is open nothing is lost
	})
	err := srv.Serve(ln)
	cancel()
	all.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
