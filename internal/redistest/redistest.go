// Package redistest runs a real redis-server for tests.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startLimit is how long a server may take to answer.
const startLimit = 20 * time.Second

// Server is a redis-server of a test's own. It listens on a Unix socket alone.
type Server struct {
	t    testing.TB
	dir  string
	args []string
	conf string // of a Sentinel, else empty

	mu  sync.Mutex
	cmd *exec.Cmd // nil: stopped
	out *os.File
}

// Start runs a redis-server until the test ends. What it stores is appended to a
// file at each write, so that it can be killed and started again. args are added
// to its command line.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.args = args
	s.Run()
	return s
}

// prepare makes a server that does not run yet, and ends it with the test.
func prepare(t testing.TB) *Server {
	t.Helper()
	// A socket's path must be short, which t.TempDir's is not for long names.
	dir, err := os.MkdirTemp("", "redis") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: dir}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	return s
}

// Addr returns the path of the server's socket.
func (s *Server) Addr() string { return filepath.Join(s.dir, "sock") }

// Client connects to the server, until the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Addr(), MaxRetries: -1, DialTimeout: time.Second, ContextTimeoutEnabled: true})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Freeze stops the server without ending it: what connects to it gets no answers.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets it go on after Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		s.t.Error("the redis-server does not run")
		return
	}
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}

// Run starts the server again after Kill.
func (s *Server) Run() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	name, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal("there is no redis-server; make setup installs it: ", err)
	}
	_ = os.Remove(s.Addr())
	s.out, err = os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	args := append([]string{"--port", "0", "--unixsocket", s.Addr(), "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always"}, s.args...)
	if s.conf != "" {
		args = []string{s.conf, "--sentinel"}
	}
	s.cmd = exec.Command(name, args...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.ready(); err != nil {
		log, _ := os.ReadFile(s.out.Name())
		s.t.Fatalf("redis-server does not answer: %v\n%s", err, log)
	}
}

func (s *Server) ready() error {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.Addr(), MaxRetries: -1})
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		if ne := (*net.OpError)(nil); !errors.As(err, &ne) && ctx.Err() == nil && !loading(err) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("within %s: %w", startLimit, err)
		}
	}
}

func loading(err error) bool { return redis.HasErrorPrefix(err, "LOADING") }

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // its error is that it was killed
	_ = s.out.Close()
	s.cmd = nil
}
