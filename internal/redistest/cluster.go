package redistest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// port returns a free port of the loopback interface. It is below those from which the
// system takes the ports of outgoing connections.
func port(t testing.TB) string {
	t.Helper()
	for range 100 {
		p := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+p)
		if err != nil {
			continue
		}
		_ = l.Close()
		return p
	}
	t.Fatal("there is no free port")
	return ""
}

// StartTCP runs a redis-server that listens on a port of the loopback interface too,
// and returns its address. Servers that know of each other need that.
func StartTCP(t testing.TB, args ...string) (*Server, string) {
	t.Helper()
	p := port(t)
	return Start(t, append([]string{"--port", p, "--bind", "127.0.0.1"}, args...)...), "127.0.0.1:" + p
}

// slots is how many a Redis Cluster has.
const slots = 16384

// StartCluster runs a Redis Cluster of some masters until the test ends, and returns
// their addresses.
func StartCluster(t testing.TB, masters int) []string {
	t.Helper()
	var addrs []string
	var clients []*redis.Client
	var buses []string
	for range masters {
		bus := port(t)
		s, addr := StartTCP(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
		addrs, clients, buses = append(addrs, addr), append(clients, s.Client()), append(buses, bus)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for i, c := range clients {
		if err := c.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			_, p, _ := net.SplitHostPort(addrs[i])
			if err := clients[0].Do(ctx, "CLUSTER", "MEET", "127.0.0.1", p, buses[i]).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, c := range clients {
		poll(ctx, t, "node "+addrs[i]+" of the cluster is ready", func() bool {
			info, err := c.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", masters))
		})
	}
	return addrs
}

// poll waits until something is so.
func poll(ctx context.Context, t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", startLimit, what)
		}
	}
}
