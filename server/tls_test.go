package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/certificatetest"
)

func TestPlayersJoinOverTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile := certificatetest.Write(t, t.TempDir(), "server")
	srv := start(t, func(c *config.Config) { c.TLS = config.TLS{Cert: certFile, Key: keyFile} })
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(certFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate", err)
	}
	c, err := client.Dial(t.Context(), "wss://"+srv.Addr().String(), client.Options{
		Config: client.Config{Kind: "walkers", HashEvery: 1}, TLS: &tls.Config{RootCAs: pool, ServerName: "localhost"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Welcome().GetPlayer() == 0 {
		t.Errorf("welcome: %v", c.Welcome())
	}
	c.Close(client.CloseNormal, "")
}
