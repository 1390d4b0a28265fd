package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// tokenVariable names the variable of the environment that a token is taken from, which
// other programs can't see as they can a flag.
const tokenVariable = "TICKROOM_TOKEN"

// explainFlags are the flags of `tickroom explain`.
type explainFlags struct {
	server, token string
	json          bool
	every         time.Duration
}

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain TICKET",
		Short: "Say why a ticket has not matched yet, and what would",
		Long: `Say why a ticket that waits for a match has not matched yet, and what would.

A ticket is what a player gets who enqueues: whoever knows it and is one of its
players, or has the role admin, may ask. The answer names what the match needs, how many
others wait, how many of them could play with the ticket now, and what keeps the
rest out: for each reason how many it holds of, and how many nothing else keeps out.
It also says when there will be enough if nobody comes or goes, since rules widen
with time, and when the ticket is given up. Whoever runs the server finds there which
rule of a mode to widen; tickroom matchsim tells what that would do to all players.

The token says who asks: --token, or ` + tokenVariable + ` in the environment, which keeps it out of
lists of processes. tickroom token mints one for development.`,
		Example: `  tickroom explain 5Kd8Qw2n --server http://127.0.0.1:7777
  ` + tokenVariable + `=$(tickroom token --key-file dev.key --player ops --role admin 2>/dev/null) \
    tickroom explain 5Kd8Qw2n --server https://play.example.com
  tickroom explain 5Kd8Qw2n --every 2s        # go on until it has matched
  tickroom explain 5Kd8Qw2n --json | jq .obstacles`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] != "" {
				return nil
			}
			return usageError{fmt.Errorf("tickroom explain needs one ticket, as enqueueing gave it, and was told %d; see tickroom explain --help", len(args))}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.every < 0 || f.every > 0 && f.every < 100*time.Millisecond {
				return usageError{fmt.Errorf("--every: %v is too little; give 100ms or more, or nothing to ask once", f.every)}
			}
			if f.token == "" {
				f.token = os.Getenv(tokenVariable)
			}
			m, err := matchmaker.New(f.server, matchmaker.Options{Token: f.token})
			if err != nil {
				return usageError{fmt.Errorf("--server: %w", err)}
			}
			return f.run(cmd.Context(), m, args[0], cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.server, "server", "http://127.0.0.1:7777", "the server's `address`")
	fl.StringVar(&f.token, "token", "", "who asks (default: "+tokenVariable+" of the environment)")
	fl.BoolVar(&f.json, "json", false, "print the whole answer as JSON")
	fl.DurationVar(&f.every, "every", 0, "ask again and again, with so much time between, until the ticket has ended")
	fl.SortFlags = false
	return cmd
}

func (f *explainFlags) run(ctx context.Context, m *matchmaker.Client, ticket string, out io.Writer) error {
	for first := true; ; first = false {
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		e, err := m.Explain(short, ticket)
		cancel()
		if err != nil {
			return err
		}
		if !first && !f.json {
			fmt.Fprintln(out)
		}
		if err := f.print(out, e); err != nil || f.every == 0 {
			return err
		}
		timer := time.NewTimer(f.every)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

func (f *explainFlags) print(out io.Writer, e *tickroomv1.ExplainResponse) error {
	text := strings.TrimRight(e.GetText(), "\n")
	if f.json {
		b, err := protojson.MarshalOptions{Multiline: !(f.every > 0), EmitUnpopulated: true}.Marshal(e)
		if err != nil {
			return err
		}
		text = string(b)
	}
	_, err := fmt.Fprintln(out, text)
	return err
}
