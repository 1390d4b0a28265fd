package attack

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Names of targets.
const (
	Plain = "plain" // one server, without TLS
	WSS   = "wss"   // one server that speaks TLS itself, as docs/deploy.md has it
	Nginx = "nginx" // one server behind deploy/nginx.conf
)

// hostname is what the server is called where it has a certificate, as in deploy/nginx.conf.
const hostname = "play.example.com"

// upWithin is how long programs may take to start, and to end.
const upWithin = 20 * time.Second

// site is a server that runs, with what stands before it.
type site struct {
	target Target
	admin  string // address for operators
	dir    string
	log    string // the server's, a file

	server *exec.Cmd
	nginx  *exec.Cmd // nil: there is none
	gone   chan struct{}
}

// open starts a server of a kind of target.
func open(ctx context.Context, program, kind, conf string) (_ *site, err error) {
	s := &site{gone: make(chan struct{})}
	if s.dir, err = os.MkdirTemp("", "tickattack"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	inner, err := freeAddr()
	if err != nil {
		return nil, err
	}
	if s.admin, err = freeAddr(); err != nil {
		return nil, err
	}
	s.target = Target{Addr: inner, Service: inner}
	if kind != Plain {
		s.target.Name = hostname
		if s.target.Roots, err = s.certificate(); err != nil {
			return nil, err
		}
	}
	if err = s.configure(kind, inner); err != nil {
		return nil, err
	}
	if err = s.startServer(ctx, program); err != nil {
		return nil, err
	}
	if kind == Nginx {
		err = s.startNginx(ctx, conf, inner)
	}
	return s, err
}

// configure writes the server's configuration: its defaults, but that addresses of this machine
// count as any others do.
func (s *site) configure(kind, inner string) error {
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return err
	}
	key, secret := filepath.Join(s.dir, "account.pub"), filepath.Join(s.dir, "service")
	if err := errors.Join(writePEM(key, "PUBLIC KEY", der), os.WriteFile(secret, []byte(rand.Text()+rand.Text()), 0o600)); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "listen: %s\nadmin: %s\n", inner, s.admin)
	fmt.Fprintf(&b, "identity: {guests: \"on\", key_files: [%s]}\nservice: {secret_files: [%s]}\n", key, secret)
	proxies := ""
	switch kind {
	case WSS:
		fmt.Fprintf(&b, "origins: [https://%s]\ntls: {cert: %s, key: %s}\n", hostname, filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem"))
	case Nginx:
		fmt.Fprintf(&b, "origins: [https://%s]\nmatchmaking: {url: wss://%s/n/a/ws}\n", hostname, hostname)
		proxies = ", trusted_proxies: [127.0.0.1]"
	}
	fmt.Fprintf(&b, "access: {exempt: []%s}\n", proxies)
	fmt.Fprintf(&b, "modes:\n  %s: {room: {kind: arena}, teams: {count: 2, size: 1}}\n", Mode)
	return os.WriteFile(filepath.Join(s.dir, "tickroom.yaml"), []byte(b.String()), 0o600)
}

func writePEM(path, what string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: what, Bytes: der}), 0o600)
}

// certificate makes one for hostname, and returns it.
func (s *site) certificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{hostname}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := filepath.Join(s.dir, "cert.pem")
	if err := errors.Join(writePEM(cert, "CERTIFICATE", der), writePEM(filepath.Join(s.dir, "key.pem"), "PRIVATE KEY", keyDER)); err != nil {
		return nil, err
	}
	return os.ReadFile(cert)
}

// startServer starts the server, and returns when it listens.
func (s *site) startServer(ctx context.Context, program string) error {
	s.log = filepath.Join(s.dir, "server.log")
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer log.Close()
	s.server = exec.Command(program, "serve", "--config", filepath.Join(s.dir, "tickroom.yaml"))
	s.server.Stderr = log
	if err := s.server.Start(); err != nil {
		s.server = nil
		return fmt.Errorf("attack: starting %s: %w; `make build` builds it", program, err)
	}
	go func() {
		_ = s.server.Wait()
		close(s.gone)
	}()
	return s.await(ctx, func() bool {
		b, _ := os.ReadFile(s.log)
		return bytes.Contains(b, []byte("msg=listening"))
	})
}

// startNginx starts nginx with deploy/nginx.conf, with nothing changed but where things are.
func (s *site) startNginx(ctx context.Context, conf, inner string) error {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return errors.New("attack: there is no nginx; apt-get install nginx-light, or another TARGET")
		}
	}
	b, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	if s.target.Addr, err = freeAddr(); err != nil {
		return err
	}
	plain, err := freeAddr()
	if err != nil {
		return err
	}
	// The second server is not there.
	text := regexp.MustCompile(`(?m)^.*(127\.0\.0\.1:7787|\btickroom_b\b).*$`).ReplaceAllString(string(b), "")
	text = strings.NewReplacer(
		"user www-data;", "", "/run/nginx.pid", filepath.Join(s.dir, "pid"),
		"/var/log/nginx/error.log", filepath.Join(s.dir, "error.log"), "/var/log/nginx/access.log", filepath.Join(s.dir, "access.log"),
		"/etc/nginx/tickroom/fullchain.pem", filepath.Join(s.dir, "cert.pem"), "/etc/nginx/tickroom/privkey.pem", filepath.Join(s.dir, "key.pem"),
		"listen 443 ", "listen "+s.target.Addr+" ", "listen 80 ", "listen "+plain+" ",
		"worker_rlimit_nofile 200000;", "", "worker_connections 65536;", "worker_connections 16384;",
		"server 127.0.0.1:7777", "server "+inner,
	).Replace(text)
	path := filepath.Join(s.dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	s.target.Service = ""
	var said bytes.Buffer
	s.nginx = exec.Command(program, "-c", path, "-p", s.dir, "-g", "daemon off;")
	s.nginx.Stderr = &said
	if err := s.nginx.Start(); err != nil {
		s.nginx = nil
		return err
	}
	err = s.await(ctx, func() bool {
		c, err := net.Dial("tcp", s.target.Addr)
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, said.String())
	}
	return nil
}

// await waits until something is there.
func (s *site) await(ctx context.Context, there func() bool) error {
	for until := time.Now().Add(upWithin); !there(); {
		select {
		case <-s.gone:
			return fmt.Errorf("attack: the server has ended: %s", s.tail())
		default:
		}
		if time.Now().After(until) {
			return fmt.Errorf("attack: the server is not there after %v: %s", upWithin, s.tail())
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// tail returns the end of the server's log.
func (s *site) tail() string {
	b, _ := os.ReadFile(s.log)
	return string(b[max(0, len(b)-2000):])
}

// close ends all, and removes what was written.
func (s *site) close() (err error) {
	if s.nginx != nil {
		_ = s.nginx.Process.Signal(syscall.SIGTERM)
		_ = s.nginx.Wait()
	}
	if s.server != nil {
		_ = s.server.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.gone:
		case <-time.After(upWithin):
			err = fmt.Errorf("attack: the server did not end within %v", upWithin)
			_ = s.server.Process.Kill()
			<-s.gone
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// freeAddr returns a loopback address that is free now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
