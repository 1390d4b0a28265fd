package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/server/config"
)

// TestHooksOfTheAdmin has what the commands ask the admin address, and what they make of its answers.
func TestHooksOfTheAdmin(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		mu.Unlock()
		if strings.Contains(r.URL.Path, "nowhere") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintln(w, `{"error": "there is no webhook nowhere"}`)
			return
		}
		if strings.Contains(r.URL.Path, "broken") {
			http.Error(w, "<html>", http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, `{"ok": true}`)
	}))
	defer admin.Close()
	for _, c := range []struct {
		args  []string
		asks  string // empty: nothing
		code  int
		fails string
	}{
		{[]string{"status"}, "GET /hooks", ExitOK, ""},
		{[]string{"dead", "shop"}, "GET /hooks/shop/dead?after=&limit=100", ExitOK, ""},
		{[]string{"dead", "shop", "--after", "7-1", "--limit", "3"}, "GET /hooks/shop/dead?after=7-1&limit=3", ExitOK, ""},
		{[]string{"dead", "a/b"}, "GET /hooks/a%2Fb/dead?after=&limit=100", ExitOK, ""},
		{[]string{"retry", "shop", "7-1", "8-1"}, "POST /hooks/shop/retry place=7-1&place=8-1", ExitOK, ""},
		{[]string{"retry", "shop", "--all"}, "POST /hooks/shop/retry all=true", ExitOK, ""},
		{[]string{"retry", "shop", "--all", "--forget"}, "POST /hooks/shop/forget all=true", ExitOK, ""},
		{[]string{"retry", "shop"}, "", ExitUsage, "give places"},
		{[]string{"retry", "shop", "7-1", "--all"}, "", ExitUsage, "give places"},
		{[]string{"dead"}, "", ExitUsage, "needs the name of a webhook"},
		{[]string{"dead", "shop", "till"}, "", ExitUsage, "needs the name of a webhook"},
		{[]string{"retry"}, "", ExitUsage, "needs the name of a webhook"},
		{[]string{"dead", "nowhere"}, "GET /hooks/nowhere/dead?after=&limit=100", ExitFailed, "there is no webhook nowhere"},
		{[]string{"dead", "broken"}, "GET /hooks/broken/dead?after=&limit=100", ExitFailed, "502 Bad Gateway"},
	} {
		mu.Lock()
		asked = nil
		mu.Unlock()
		var out, err bytes.Buffer
		code := run(append(append([]string{"hooks"}, c.args...), "--admin", admin.URL+"/"), &out, &err)
		mu.Lock()
		got := strings.Join(asked, "; ")
		mu.Unlock()
		if code != c.code || got != c.asks || !strings.Contains(err.String(), c.fails) || (code == ExitOK) != (out.String() == "{\"ok\": true}\n") {
			t.Errorf("%q: exit %d, asks %q, prints %q and %q", c.args, code, got, out.String(), err.String())
		}
	}
	var out, err bytes.Buffer
	admin.Close()
	if code := run([]string{"hooks", "status", "--admin", admin.URL}, &out, &err); code != ExitFailed || !strings.Contains(err.String(), "the admin address does not answer") {
		t.Errorf("without a server: %d, %q", code, err.String())
	}
}

// receiver is a `tickroom hooks listen` that runs.
type receiver struct {
	t      *testing.T
	url    string
	stderr *bufio.Reader
	stdout *bufio.Reader
	secret webhook.Secret
}

func listen(t *testing.T, status int) *receiver {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hooks.secret")
	if code, _, stderr := runToken("--new-key", file, "--alg", "HS256"); code != ExitOK {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t}
	if r.secret, err = webhook.ParseSecret(string(text)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	outReads, outWrites := io.Pipe()
	errReads, errWrites := io.Pipe()
	done := make(chan error, 1)
	go func() {
		f := listenFlags{listen: "127.0.0.1:0", secrets: []string{file}, status: status}
		done <- f.run(ctx, outWrites, errWrites)
	}()
	t.Cleanup(func() {
		cancel()
		outReads.Close()
		errReads.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	r.stdout, r.stderr = bufio.NewReader(outReads), bufio.NewReader(errReads)
	r.url = strings.TrimPrefix(r.says(), "listening at ")
	return r
}

// says returns the next line of standard error.
func (r *receiver) says() string {
	r.t.Helper()
	line, err := r.stderr.ReadString('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// post sends a webhook, and returns the status of the answer.
func (r *receiver) post(id string, at time.Time, body string, secrets ...webhook.Secret) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	webhook.Sign(req.Header, id, at, []byte(body), secrets...)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestHooksListen has webhooks that are good, that come again, and that are forged, altered or old.
func TestHooksListen(t *testing.T) {
	t.Parallel()
	r := listen(t, http.StatusOK)
	const body = `{"id":"a-1","type":"room.made","timestamp":"2026-01-01T20:15:00Z","room":"arena-1","kind":"arena","node":"eu1","life":"a","number":1,"data":{"mode":"","options":null,"private":false}}`
	go func() { // it is printed before the answer
		for range 2 {
			if code := r.post("a-1", time.Now(), body, r.secret); code/100 != 2 {
				t.Errorf("a good one is answered %d", code)
			}
		}
	}()
	line, err := r2(r, 2)
	if err != nil || !strings.Contains(line, `"id":"a-1"`) || !strings.Contains(line, `"room":"arena-1"`) {
		t.Errorf("printed: %q, %v", line, err)
	}
	other, err := webhook.ParseSecret(strings.Repeat("another secret ", 4))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at     time.Time
		body   string
		secret webhook.Secret
	}{
		"forged":     {time.Now(), body, other},
		"old":        {time.Now().Add(-time.Hour), body, r.secret},
		"of later":   {time.Now().Add(time.Hour), body, r.secret},
		"of another": {time.Now(), strings.Replace(body, "a-1", "a-2", 1), r.secret},
	} {
		answer := make(chan int, 1)
		go func() { answer <- r.post("a-1", c.at, c.body, c.secret) }()
		if said := r.says(); !strings.HasPrefix(said, "refused, from 127.0.0.1:") {
			t.Errorf("%s: it says %q", name, said)
		}
		if code := <-answer; code != http.StatusUnauthorized {
			t.Errorf("%s is answered %d", name, code)
		}
	}

	failing := listen(t, http.StatusInternalServerError)
	answer := make(chan int, 1)
	go func() { answer <- failing.post("a-1", time.Now(), body, failing.secret) }()
	if said := failing.says(); !strings.HasPrefix(said, "a-1 room.made, signed with ") {
		t.Errorf("it says %q", said)
	}
	if code := <-answer; code != http.StatusInternalServerError {
		t.Errorf("what was to be refused is answered %d", code)
	}
}

// r2 reads a line of standard output, and so many of standard error, of which each is about a-1.
func r2(r *receiver, says int) (string, error) {
	line := make(chan string, 1)
	go func() {
		s, _ := r.stdout.ReadString('\n')
		line <- s
	}()
	for range says {
		if said := r.says(); !strings.HasPrefix(said, "a-1 room.made, signed with ") {
			return "", fmt.Errorf("it says %q", said)
		}
	}
	return <-line, nil
}

func TestHooksListenRefuses(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"":                                    "a secret to check with is missing",
		"--secret-file /nowhere/x":            "no such file",
		"--secret-file /dev/null":             "secret",
		"--secret-file /dev/null --status 99": "--status: 99",
	} {
		var out, err bytes.Buffer
		if code := run(append([]string{"hooks", "listen"}, strings.Fields(args)...), &out, &err); code == ExitOK || !strings.Contains(err.String(), says) {
			t.Errorf("%q: %d, %q; want %q", args, code, err.String(), says)
		}
	}
}

// TestTokenOfAService is good for a service, and for no player.
func TestTokenOfAService(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "service.key")
	code, stdout, stderr := runToken("--service", "--new-key", path)
	if code != ExitOK || stdout != "" || !strings.Contains(stderr, "tickroom token --service --key-file "+path+" --player shop --scopes post,list") || !strings.Contains(stderr, "service.key_files") && !strings.Contains(stderr, "service:") {
		t.Fatalf("%d %q %q", code, stdout, stderr)
	}
	code, stdout, stderr = runToken("--service", "--key-file", path, "--player", "shop", "--scopes", "post,list", "--kinds", "danmaku,quiz", "--ttl", "5m")
	if code != ExitOK || strings.Count(stdout, "\n") != 1 || !strings.Contains(stderr, "service shop (post, list; danmaku, quiz), good until ") {
		t.Fatalf("%d %q %q", code, stdout, stderr)
	}
	token := identity.Token(strings.TrimSpace(stdout))
	c := config.Default()
	c.Service.KeyFiles, c.Identity.KeyFiles = []string{path + ".pub"}, []string{path + ".pub"}
	o := identity.Options{Logger: slog.New(slog.DiscardHandler)}
	services, err := identity.NewServiceVerifier(t.Context(), identity.Config(c.ServiceTokens()), o)
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	s, err := services.Verify(t.Context(), token)
	if err != nil || s.Name != "shop" || !s.May("post") || !s.May("list") || s.May("close") || !s.MayKind("quiz") || s.MayKind("arena") {
		t.Errorf("%+v, %v", s, err)
	}
	players, err := identity.NewVerifier(t.Context(), identity.Config(c.Identity.Tokens), o)
	if err != nil {
		t.Fatal(err)
	}
	defer players.Close()
	if p, err := players.Verify(t.Context(), token); err == nil {
		t.Errorf("it makes a player: %+v", p)
	}
	for args, says := range map[string]string{
		"--player shop":                       "scope",
		"--player shop --scopes fly":          "fly",
		"--player a/b --scopes post":          "letters, digits, dots",
		"--player shop --scopes post --ttl 0": "",
	} {
		code, out, errs := runToken(append([]string{"--service", "--key-file", path}, strings.Fields(args)...)...)
		if says != "" && (code != ExitUsage || out != "" || !strings.Contains(errs, says)) {
			t.Errorf("%s: %d %q %q", args, code, out, errs)
		}
	}
}
