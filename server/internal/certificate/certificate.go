// Package certificate holds the TLS certificate of a server that runs, and reads it
// again when its files have changed.
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// checkEvery is how often the files are looked at, at most.
const checkEvery = 10 * time.Second

// Certificate is a TLS certificate that can be renewed under a running server. While
// new files are not good the old certificate stays in use. It may be used from any
// goroutine.
type Certificate struct {
	// Fixed.
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	loaded  *tls.Certificate
	stamp   string    // of the files that are loaded, or that could not be
	checked time.Time // when they were last looked at
}

// Load reads a certificate's chain and its private key, in PEM.
func Load(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	stamp, err := c.stat()
	if err != nil {
		return nil, err
	}
	if c.loaded, err = c.load(); err != nil {
		return nil, err
	}
	c.stamp, c.checked = stamp, c.now()
	return c, nil
}

func (c *Certificate) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, err
	}
	return &pair, nil
}

// stat returns a text that changes when the files do.
func (c *Certificate) stat() (string, error) {
	var stamp string
	for _, name := range []string{c.certFile, c.keyFile} {
		fi, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprint(fi.ModTime().UnixNano(), " ", fi.Size(), " ")
	}
	return stamp, nil
}

// Get returns the certificate for a handshake: it is a tls.Config's GetCertificate, and
// never fails.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= checkEvery {
		c.checked = now
		c.refresh()
	}
	return c.loaded, nil
}

func (c *Certificate) refresh() {
	stamp, err := c.stat()
	if err == nil && stamp == c.stamp {
		return
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = c.load()
	}
	if err != nil {
		// One of the two files may be new already and the other not yet: look again
		// next time, but log it once.
		if c.stamp != "bad" {
			c.log.Error("the new TLS certificate can't be used; the old one stays", "cert", c.certFile, "key", c.keyFile, "error", err)
		}
		c.stamp = "bad"
		return
	}
	c.loaded, c.stamp = pair, stamp
	c.log.Info("a new TLS certificate is in use", "cert", c.certFile, "until", pair.Leaf.NotAfter)
}
