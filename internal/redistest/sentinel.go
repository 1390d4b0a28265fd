package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Failover is a master with a replica, and a Sentinel that lets the replica take over
// two seconds after the master has died. (With less, a busy machine looks dead.)
type Failover struct {
	// Name is what the Sentinel at the address Sentinel calls the two.
	Name, Sentinel string

	t        testing.TB
	servers  map[string]*Server // by address
	sentinel *redis.SentinelClient
}

// StartFailover runs them until the test ends.
func StartFailover(t testing.TB) *Failover {
	t.Helper()
	master, addr := StartTCP(t, "--repl-diskless-sync-delay", "0")
	host, p, _ := net.SplitHostPort(addr)
	replica, replicaAddr := StartTCP(t, "--repl-diskless-sync-delay", "0", "--replicaof", host+" "+p)
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	c := replica.Client()
	poll(ctx, t, "the replica has what the master has", func() bool {
		info, err := c.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})

	s := prepare(t)
	s.conf = filepath.Join(s.dir, "conf")
	sentinelPort := port(t)
	conf := fmt.Sprintf("port %s\nbind 127.0.0.1\nunixsocket %s\ndir %s\n"+
		"sentinel monitor rooms %s %s 1\nsentinel down-after-milliseconds rooms 2000\nsentinel failover-timeout rooms 3000\n",
		sentinelPort, s.Addr(), s.dir, host, p)
	if err := os.WriteFile(s.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Run()
	f := &Failover{
		Name: "rooms", Sentinel: "127.0.0.1:" + sentinelPort, t: t,
		servers:  map[string]*Server{addr: master, replicaAddr: replica},
		sentinel: redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + sentinelPort}),
	}
	t.Cleanup(func() { _ = f.sentinel.Close() })
	poll(ctx, t, "the Sentinel knows the replica", func() bool {
		known, err := f.sentinel.Replicas(ctx, f.Name).Result()
		return err == nil && len(known) == 1 && known[0]["master-link-status"] == "ok"
	})
	return f
}

// Master returns the address of the server that is the master.
func (f *Failover) Master(ctx context.Context) string {
	f.t.Helper()
	addr, err := f.sentinel.GetMasterAddrByName(ctx, f.Name).Result()
	if err != nil || len(addr) != 2 {
		f.t.Fatalf("the Sentinel knows no master: %v, %v", addr, err)
	}
	return net.JoinHostPort(addr[0], addr[1])
}

// Switch kills the master, waits until the other server is the master, and runs the killed
// one again, which becomes its replica. It returns how long there was no master.
func (f *Failover) Switch(ctx context.Context) time.Duration {
	f.t.Helper()
	old := f.Master(ctx)
	begun := time.Now()
	f.servers[old].Kill()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	poll(ctx, f.t, "the replica takes over", func() bool { return f.Master(ctx) != old })
	took := time.Since(begun)
	// The Sentinel would tell it to follow the new one, but only after ten seconds.
	host, p, _ := net.SplitHostPort(f.Master(ctx))
	f.servers[old].args = append(f.servers[old].args, "--replicaof", host+" "+p)
	f.servers[old].Run()
	c := f.servers[old].Client()
	poll(ctx, f.t, "the old master follows the new one", func() bool {
		info, err := c.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	return took
}
