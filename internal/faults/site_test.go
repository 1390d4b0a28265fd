package faults

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/redisfault"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

const (
	// hold is how long a session waits for its player, linger how long an empty room is kept.
	hold   = time.Second
	linger = 500 * time.Millisecond
	// reserved is how long a seat is good, and so a place reserved.
	reserved = time.Second
)

// site is two servers that share a Redis, which has a replica, by way of a proxy.
type site struct {
	t       *testing.T
	proxy   *redisfault.Proxy
	servers []*server.Server
	http    *http.Client
	redis   []stock // the first is the master
}

// stock is a redis-server.
type stock struct {
	addr      string
	client    *redis.Client
	directory store.Directory
}

func newSite(t *testing.T, beat time.Duration) *site {
	t.Helper()
	s := &site{t: t}
	for i := range 2 {
		args := []string{"--appendonly", "no", "--repl-diskless-sync-delay", "0"}
		if i > 0 {
			args = append(args, "--replicaof", strings.Replace(s.redis[0].addr, ":", " ", 1))
		}
		srv, addr := redistest.StartTCP(t, args...)
		c := srv.Client()
		st, stop := matchmaking.OpenRedis(c, config.Default().Redis.Prefix, 0, 0)
		t.Cleanup(stop)
		s.redis = append(s.redis, stock{addr, c, st.Directory})
	}
	p, err := redisfault.Start("tcp", s.redis[0].addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	s.proxy = p
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	s.http = &http.Client{Transport: tr}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, bytes.Repeat([]byte("s"), 48), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		s.serve(name, secret, beat)
	}
	return s
}

// serve runs a server until the test ends.
func (s *site) serve(name, secret string, beat time.Duration) {
	s.t.Helper()
	addr := free(s.t)
	cfg := config.Default()
	cfg.Node.ID, cfg.Listen, cfg.Admin = name, addr, "127.0.0.1:0"
	cfg.Redis.Addresses, cfg.Seats.SecretFiles = []string{s.proxy.Addr()}, []string{secret}
	cfg.Identity.Guests = "on"
	cfg.Hold, cfg.EmptyRoomLinger = hold, linger
	cfg.Seats.TTL, cfg.Seats.Leeway = reserved, 0
	cfg.Matchmaking.URL, cfg.Matchmaking.Beat = "ws://"+addr+server.Path, beat
	cfg.Matchmaking.Calls, cfg.Matchmaking.CallBurst = 100_000, 100_000
	// Few play in a room, so that rooms are full all the time.
	cfg.KindOptions = map[string]map[string]string{"arena": {"players": "3", "bots": "0", "obstacles": "0", "pickups": "0", "map": "512", "rate": "10"}}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := srv.Register(arena.Kind()); err != nil {
		s.t.Fatal(err)
	}
	servertest.Run(s.t, srv)
	s.servers = append(s.servers, srv)
}

// free returns an address on which nobody listens. It is below those from which the system
// takes the ports of outgoing connections.
func free(t *testing.T) string {
	t.Helper()
	for port := 18000 + os.Getpid()%1000; port < 20000; port++ {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// forget has the replica hear nothing more from the master, and take over after a while: what
// was written meanwhile is lost. The old master is its replica then.
func (s *site) forget(ctx context.Context, after time.Duration) {
	s.t.Helper()
	s.synced(ctx)
	old, heir := s.redis[0], s.redis[1]
	if err := heir.client.Do(ctx, "REPLICAOF", "NO", "ONE").Err(); err != nil {
		s.t.Error(err)
	}
	sleep(ctx, after)
	s.redis = []stock{heir, old}
	s.proxy.Switch("tcp", heir.addr)
	host, port, _ := net.SplitHostPort(heir.addr)
	if err := old.client.Do(context.WithoutCancel(ctx), "REPLICAOF", host, port).Err(); err != nil {
		s.t.Error(err)
	}
}

// synced waits until the replica has what the master has.
func (s *site) synced(ctx context.Context) {
	for ctx.Err() == nil {
		info, err := s.redis[1].client.Info(ctx, "replication").Result()
		if err == nil && strings.Contains(info, "master_link_status:up") {
			return
		}
		sleep(ctx, 10*time.Millisecond)
	}
}

// sleep lets things go on for a while.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
