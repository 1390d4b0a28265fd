package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/certificatetest"
)

const (
	// smallServer is the variable with which the tests' program is a server that may open
	// smallFiles files: its configuration, as JSON.
	smallServer = "TICKROOM_TEST_SMALL_SERVER"
	smallFiles  = 300
)

// runSmall runs a server, tells its addresses, and ends when its input does.
func runSmall(text string) {
	if err := func() error {
		limit := syscall.Rlimit{Cur: smallFiles, Max: smallFiles}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			return err
		}
		cfg := config.Default()
		if err := json.Unmarshal([]byte(text), cfg); err != nil {
			return err
		}
		cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "127.0.0.1:0", time.Second
		srv, err := server.New(cfg)
		if err != nil {
			return err
		}
		if err := srv.Register(walkers.Kind()); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
		go func() {
			<-srv.Ready()
			fmt.Println(srv.Addr(), srv.AdminAddr())
		}()
		return srv.Run(ctx)
	}(); err != nil {
		slog.Error("the small server", "err", err)
		os.Exit(1)
	}
}

// small is a server in a process of its own, with few files.
type small struct {
	addr, admin string
	log         *logged
	roots       *x509.CertPool // nil: it speaks no TLS
}

func startSmall(t *testing.T, change func(*config.Config)) *small {
	t.Helper()
	s := &small{log: &logged{}}
	cfg := config.Default()
	change(cfg)
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.TLS.Enabled() {
		pem, err := os.ReadFile(cfg.TLS.Cert)
		if err != nil {
			t.Fatal(err)
		}
		s.roots = x509.NewCertPool()
		s.roots.AppendCertsFromPEM(pem)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), smallServer+"="+string(text))
	cmd.Stderr = s.log
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil || t.Failed() {
			s.log.mu.Lock()
			defer s.log.mu.Unlock()
			t.Errorf("the server ended with %v, and logged:\n%s", err, &s.log.text)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(line, &s.addr, &s.admin); err != nil {
		t.Fatal(err)
	}
	return s
}

// dialer connects from an address of this machine.
func dialer(from string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
}

const upgradeRequest = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tickroom.v1\r\n\r\n"

// hold opens n connections from an address, and then another one for each that ends, until
// the test does.
func (s *small) hold(t *testing.T, from string, n int, says []byte) {
	t.Helper()
	d := dialer(from)
	conns := make([]net.Conn, 0, n)
	open := func() (net.Conn, bool) {
		c, err := d.Dial("tcp", s.addr)
		if err != nil {
			return nil, false
		}
		_, _ = c.Write(says)
		return c, true
	}
	for range n {
		if c, ok := open(); ok { // if not it was closed at once
			conns = append(conns, c)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i = (i + 1) % len(conns) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			_ = conns[i].Close()
			if c, ok := open(); ok {
				conns[i] = c
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, c := range conns {
			_ = c.Close()
		}
	})
}

// wants joins from an address, and asks the admin address for its health.
func (s *small) wants(t *testing.T, from string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o := client.Options{Config: client.Config{Kind: "walkers", HashEvery: 1}, Dialer: dialer(from), NoReconnect: true}
	url := "ws://" + s.addr
	if s.roots != nil {
		url, o.TLS = "wss://"+s.addr, &tls.Config{RootCAs: s.roots, ServerName: "localhost"}
	}
	c, err := client.Dial(ctx, url, o)
	if err != nil {
		t.Fatalf("an honest player: %v", err)
	}
	defer c.Close(client.CloseNormal, "")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatalf("/healthz: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %s", resp.Status)
	}
}

// TestAnAddressThatTakesAllConnectionsKeepsNobodyOut has a process with few files be held by
// one address, in all ways of doing nothing, while somebody else plays.
func TestAnAddressThatTakesAllConnectionsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	certFile, keyFile := certificatetest.Write(t, t.TempDir(), "server")
	withTLS := func(c *config.Config) { c.TLS = config.TLS{Cert: certFile, Key: keyFile} }
	limited := func(c *config.Config) { c.Access.Exempt, c.Access.ConnectionsPerAddress = nil, 10 }
	for name, c := range map[string]struct {
		says   string
		change func(*config.Config)
	}{
		"silence":             {"", func(*config.Config) {}},
		"silence, limited":    {"", limited},
		"slow headers":        {"GET / HTTP/1.1\r\nHost: ", func(*config.Config) {}},
		"slow bodies":         {"POST /tickroom.v1.MatchmakingService/QuickJoin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", func(*config.Config) {}},
		"idle after requests": {"GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n", func(*config.Config) {}},
		"slow hellos":         {upgradeRequest, func(*config.Config) {}},
		"slow TLS handshakes": {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", withTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSmall(t, c.change)
			s.hold(t, "127.0.0.1", 400, []byte(c.says))
			for range 3 {
				s.wants(t, "127.0.0.2")
			}
			if name == "silence, limited" {
				s.log.wants(t, "level=INFO", "msg=refused", "why=address_connections", "client=127.0.0.1")
			} else {
				s.log.wants(t, "level=WARN", "no place for more connections", "open_files_limit=300", "most=127.0.0.1", "what_to_do=")
			}
			s.log.wants(t, "level=WARN", "may not open as many files as max_connections needs", "max_connections=20000")
			s.log.mu.Lock()
			defer s.log.mu.Unlock()
			if n := bytes.Count(s.log.text.Bytes(), []byte("\n")); n > 60 || strings.Contains(s.log.text.String(), "too many open files") {
				t.Errorf("%d lines are logged:\n%s", n, &s.log.text)
			}
		})
	}
}

// TestTheAdminAddressIsNeverFull has its health asked for while somebody holds it.
func TestTheAdminAddressIsNeverFull(t *testing.T) {
	t.Parallel()
	s := startSmall(t, func(*config.Config) {})
	held := &small{addr: s.admin}
	held.hold(t, "127.0.0.1", 400, nil)
	for range 3 {
		s.wants(t, "127.0.0.2")
	}
}
