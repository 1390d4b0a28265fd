package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/server/config"
)

// writeCertificate writes a fresh pair of files for a name.
func writeCertificate(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACertificateIsRenewedUnderARunningServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, "first")
	c, err := newCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	want := func(name string) {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil || pair.Leaf.Subject.CommonName != name {
			t.Errorf("%v, %v; want the certificate of %s", pair.Leaf.Subject, err, name)
		}
	}
	want("first")
	writeCertificate(t, dir, "second")
	want("first") // files are looked at now and then only
	now = now.Add(certificateCheck)
	want("second")
	// Files that are gone, empty, or do not fit each other change nothing.
	key, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, dir, "third")
	fits, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{key, {}, nil} {
		name := filepath.Join(dir, "key.pem")
		if bad == nil {
			err = os.Remove(name)
		} else {
			err = os.WriteFile(name, bad, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(certificateCheck)
		want("second")
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), fits, 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateCheck)
	want("third")
}

func TestTLSFilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	if _, err := newCertificate("/none/cert.pem", "/none/key.pem", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error for files that are not there")
	}
}

func TestPlayersJoinOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, "server")
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
	cfg.TLS = config.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	srv, err := New(cfg, WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(walkers.Kind()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-srv.Ready():
	case err := <-ended:
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(cfg.TLS.Cert)
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
