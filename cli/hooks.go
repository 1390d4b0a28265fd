package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/netcode/webhook"
)

func newHooks() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hooks",
		Short: "Look after webhooks: what waits, what was given up, a receiver for tests",
		Long: `Look after webhooks, by which a server tells backends what happens in its rooms:
how they are doing, which were given up and are dead letters, and how to send those
again. It asks the server's admin address. tickroom hooks listen needs no server: it
is a receiver that checks signatures and prints what comes.`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHooksStatus(), newHooksDead(), newHooksRetry(), newHooksListen())
	return cmd
}

// adminFlag adds the flag that names the admin address.
func adminFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("admin", "http://127.0.0.1:7778", "the server's admin `address`")
}

func newHooksStatus() *cobra.Command {
	var admin *string
	cmd := &cobra.Command{
		Use: "status", Short: "Say how the webhooks are doing", Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return askAdmin(cmd.Context(), http.MethodGet, *admin, "/hooks", nil, cmd.OutOrStdout())
		},
	}
	admin = adminFlag(cmd)
	return cmd
}

// oneWebhook takes the name of a webhook, and maybe more.
func oneWebhook(more bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 || more && len(args) > 1 {
			return nil
		}
		return usageError{fmt.Errorf("%s needs the name of a webhook, as tickroom hooks status has it; see %s --help", cmd.CommandPath(), cmd.CommandPath())}
	}
}

func newHooksDead() *cobra.Command {
	var admin, after *string
	var limit *int
	cmd := &cobra.Command{
		Use: "dead WEBHOOK", Short: "List webhooks that were given up, the oldest first", Args: oneWebhook(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"after": {*after}, "limit": {fmt.Sprint(*limit)}}
			return askAdmin(cmd.Context(), http.MethodGet, *admin, "/hooks/"+url.PathEscape(args[0])+"/dead?"+q.Encode(), nil, cmd.OutOrStdout())
		},
	}
	admin = adminFlag(cmd)
	after = cmd.Flags().String("after", "", "go on behind the letter with this `place`")
	limit = cmd.Flags().Int("limit", 100, "at most so many")
	return cmd
}

func newHooksRetry() *cobra.Command {
	var admin *string
	var all, forget *bool
	cmd := &cobra.Command{
		Use: "retry WEBHOOK [PLACE...]", Short: "Send webhooks again that were given up", Args: oneWebhook(true),
		Example: `  tickroom hooks dead shop | jq -r '.dead[] | select(.room == "arena-7") | .place' | xargs tickroom hooks retry shop
  tickroom hooks retry shop --all`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if *all == (len(args) > 1) {
				return usageError{errors.New("which? give places, as tickroom hooks dead has them, or --all")}
			}
			form := url.Values{"place": args[1:]}
			if *all {
				form = url.Values{"all": {"true"}}
			}
			what := "retry"
			if *forget {
				what = "forget"
			}
			return askAdmin(cmd.Context(), http.MethodPost, *admin, "/hooks/"+url.PathEscape(args[0])+"/"+what, form, cmd.OutOrStdout())
		},
	}
	admin = adminFlag(cmd)
	all = cmd.Flags().Bool("all", false, "all that are there now")
	forget = cmd.Flags().Bool("forget", false, "forget them instead")
	return cmd
}

// askAdmin asks the admin address, and prints what it answers.
func askAdmin(ctx context.Context, method, admin, path string, form url.Values, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(admin, "/")+path, strings.NewReader(form.Encode()))
	if err != nil {
		return usageError{fmt.Errorf("--admin: %q is no address; write it as http://127.0.0.1:7778", admin)}
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the admin address does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var p struct {
			Error string `json:"error"`
		}
		if json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&p) != nil || p.Error == "" {
			p.Error = resp.Status
		}
		return errors.New(p.Error)
	}
	_, err = io.Copy(out, resp.Body)
	return err
}

// listenFlags are the flags of `tickroom hooks listen`.
type listenFlags struct {
	listen  string
	secrets []string
	status  int
}

func newHooksListen() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Receive webhooks, check their signatures and print them",
		Long: `Receive webhooks for tests, check their signatures and print each as a line of JSON.
Which ones came, and what is wrong with one, goes to standard error. One that comes
again is named there again, and printed once.`,
		Example: `  tickroom token --new-key hooks.secret --alg HS256
  tickroom hooks listen --secret-file hooks.secret &
  tickroom serve --hooks-webhooks test=http://127.0.0.1:7780/ --hooks-secret-files hooks.secret --hooks-allow-private
  tickroom hooks listen --secret-file hooks.secret --status 500   # refuse them all, to see what becomes of them`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return f.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:7780", "the `address` to listen on")
	fl.StringSliceVar(&f.secrets, "secret-file", nil, "file with a secret that webhooks may be signed with; may be repeated")
	fl.IntVar(&f.status, "status", 200, "what to answer those that are good")
	fl.SortFlags = false
	return cmd
}

func (f *listenFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if len(f.secrets) == 0 {
		return usageError{errors.New("a secret to check with is missing: give --secret-file FILE, as the server has it in hooks.secret_files")}
	}
	if f.status < 200 || f.status > 599 {
		return usageError{fmt.Errorf("--status: %d is no status to answer with; it is from 200 to 599", f.status)}
	}
	var o webhook.Options
	for _, file := range f.secrets {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		o.Secrets = append(o.Secrets, string(b))
	}
	v, err := webhook.NewVerifier(o)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "listening at http://%s/\n", ln.Addr())
	srv := &http.Server{Handler: f.handler(v, stdout, stderr), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// maxHook bounds a webhook, in bytes.
const maxHook = 1 << 20

func (f *listenFlags) handler(v *webhook.Verifier, stdout, stderr io.Writer) http.Handler {
	once := v.Handler(func(_ context.Context, e *webhook.Event) error {
		line, err := json.Marshal(e)
		if err == nil {
			_, err = fmt.Fprintf(stdout, "%s\n", line)
		}
		return err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
		if err != nil {
			http.Error(w, "the body can't be read", http.StatusBadRequest)
			return
		}
		e, err := v.Verify(r.Header, body)
		if err != nil {
			fmt.Fprintf(stderr, "refused, from %s: %v\n", r.RemoteAddr, err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(stderr, "%s %s, signed with %s\n", e.ID, e.Type, v.SignedBy(r.Header, body))
		if f.status != http.StatusOK {
			http.Error(w, "as it was told to answer", f.status)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		once.ServeHTTP(w, r)
	})
}
