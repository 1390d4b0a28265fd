package deploy_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/config"
)

// TestNginxClosesFirst: a connection that nginx keeps for the next request must not be one
// that the server is about to close, else the request is answered with 502.
func TestNginxClosesFirst(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	kept := regexp.MustCompile(`(?m)^        keepalive_timeout (\w+);`).FindAllSubmatch(b, -1)
	if pools := strings.Count(string(b), "keepalive 32;"); len(kept) != pools {
		t.Errorf("%d of %d upstreams that keep connections say how long", len(kept), pools)
	}
	for _, k := range kept {
		if d, err := time.ParseDuration(string(k[1])); err != nil || d+5*time.Second > min(config.Default().ProxyKeepAlive, config.Default().KeepAlive) {
			t.Errorf("nginx keeps connections for %s (%v), the server those of proxies for %v and others for %v", k[1], err, config.Default().ProxyKeepAlive, config.Default().KeepAlive)
		}
	}
}

// TestPauses makes calls by way of nginx with pauses in between, near to when connections
// end that wait for the next one.
func TestPauses(t *testing.T) {
	t.Parallel()
	const forClients = 100 * time.Millisecond
	s := newSite(t, func(c *config.Config) { c.KeepAlive, c.ProxyKeepAlive = forClients, 20*time.Second })
	api := s.browser(false)
	call := func(after time.Duration) string {
		t.Helper()
		<-time.After(after)
		resp, err := api.Post("https://"+hostname+"/from", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		from, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("after a pause of %v: %s, %v", after, resp.Status, err)
		}
		return string(from)
	}
	// The servers close what clients keep for so long, and not what nginx keeps.
	used := map[string]bool{}
	for range 4 {
		used[call(2*forClients)] = true
	}
	if len(used) > 2 {
		t.Errorf("two servers were called by %d connections: %v", len(used), used)
	}
	// nginx closes first.
	s.keepAlive = "100ms"
	s.reload()
	api.CloseIdleConnections()
	for i := range 8 {
		call(forClients + time.Duration(i-4)*3*time.Millisecond)
	}
}
