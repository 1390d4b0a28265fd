package certificate

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/certificatetest"
)

func TestACertificateIsRenewedUnderARunningServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := certificatetest.Write(t, dir, "first")
	c, err := Load(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	want := func(name string) {
		t.Helper()
		pair, err := c.Get(nil)
		if err != nil || pair.Leaf.Subject.CommonName != name {
			t.Errorf("%v, %v; want the certificate of %s", pair.Leaf.Subject, err, name)
		}
	}
	want("first")
	certificatetest.Write(t, dir, "second")
	want("first") // files are looked at now and then only
	now = now.Add(checkEvery)
	want("second")
	// Files that are gone, empty, or do not fit each other change nothing.
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	certificatetest.Write(t, dir, "third")
	fits, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{key, {}, nil} {
		if bad == nil {
			err = os.Remove(keyFile)
		} else {
			err = os.WriteFile(keyFile, bad, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(checkEvery)
		want("second")
	}
	if err := os.WriteFile(keyFile, fits, 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	want("third")
}

func TestTLSFilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	if _, err := Load("/none/cert.pem", "/none/key.pem", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error for files that are not there")
	}
}
