package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"runtime"
	"testing"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/certificatetest"
)

// TestPlayersJoinOverTLS in both versions, and ticks drive their connections; pages come by HTTP/2 meanwhile.
func TestPlayersJoinOverTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile := certificatetest.Write(t, t.TempDir(), "server")
	srv := start(t, func(c *config.Config) {
		c.TLS.Cert, c.TLS.Key, c.TLS.Handshakes = certFile, keyFile, 1
	})
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(certFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate", err)
	}
	versions := []uint16{tls.VersionTLS12, tls.VersionTLS13}
	for _, version := range versions {
		c, err := client.Dial(t.Context(), "wss://"+srv.Addr().String(), client.Options{
			Config: client.Config{Kind: "walkers", HashEvery: 1},
			TLS:    &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: version, MaxVersion: version},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.Welcome().GetPlayer() == 0 {
			t.Errorf("welcome: %v", c.Welcome())
		}
		defer c.Close(client.CloseNormal, "")
	}
	if byTicks, byGWS := srv.Driven(); runtime.GOOS == "linux" && (byTicks != len(versions) || byGWS != 0) {
		t.Errorf("ticks drive %d connections, and gws carries %d", byTicks, byGWS)
	}
	pages := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, ForceAttemptHTTP2: true}
	defer pages.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+srv.Addr().String()+"/status.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: pages}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Errorf("pages come by %s", res.Proto)
	}
}
