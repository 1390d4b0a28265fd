package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/server/config"
)

// TestBotsViaMatchmaking lets bots wait for matches on a real server that takes nobody
// without a token and a seat.
func TestBotsViaMatchmaking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, file, report := filepath.Join(dir, "secret"), filepath.Join(dir, "tickroom.yaml"), filepath.Join(dir, "report.json")
	page := filepath.Join(dir, "report.html")
	var out bytes.Buffer
	if code := run([]string{"token", "--new-key", secret, "--alg", "HS256"}, &out, &out); code != ExitOK {
		t.Fatal(out.String())
	}
	yaml := "listen: 127.0.0.1:0\nadmin: \"\"\nlog: {level: error}\nidentity: {guests: \"off\", secret_files: [" + secret + "]}\nseats: {required: true}\n" +
		"matchmaking: {calls: 10000, call_burst: 10000, interval: 50ms}\nmodes:\n  duel: {room: {kind: walkers}, teams: {count: 2, size: 1}}\n"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := builtin().newServe()
	if err := serve.ParseFlags([]string{"--config", file}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(serve.Flags(), nil)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := builtin().newServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer wg.Wait()
	defer cancel()
	select {
	case <-srv.Ready():
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not listen")
	}
	args := []string{"bots", "--server", "http://" + srv.Addr().String(), "--kind", "walkers", "--clients", "20", "--duration", "2s", "--report", report}
	out.Reset()
	code := run(append(args, "--via", "matchmaking", "--mode", "duel", "--churn", "0.1", "--key-file", secret, "--html", page, "--require", "joined==20"), &out, &out)
	b, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	var r bots.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if code != ExitOK || r.Joined != 20 || r.Desyncs != 0 || r.HashChecks == 0 || len(r.Errors) != 0 || r.Seating.Count < 20 {
		t.Errorf("code %d: %+v\n%s", code, r, out.String())
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("20 bots play walkers")) {
		t.Errorf("the page: %v\n%.300s", err, b)
	}
	// Who comes straight to a room is told what is missing.
	out.Reset()
	if code := run(append(args, "--key-file", secret), &out, &out); code != ExitFailed || !strings.Contains(out.String(), "4018 SEAT_REFUSED") {
		t.Errorf("without a seat: code %d:\n%s", code, out.String())
	}
	out.Reset()
	if code := run(args, &out, &out); code != ExitFailed || !strings.Contains(out.String(), "4015 UNAUTHENTICATED") {
		t.Errorf("without a token: code %d:\n%s", code, out.String())
	}
}
