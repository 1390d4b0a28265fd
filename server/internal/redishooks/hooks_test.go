package redishooks_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/hookstest"
	"github.com/tickroom/tickroom/server/internal/redishooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var made atomic.Int64

func suite(t *testing.T, c redis.UniversalClient) {
	hookstest.Suite(t, func(*testing.T) hooks.Store {
		return redishooks.New(c, redishooks.Options{Prefix: fmt.Sprintf("test%d:", made.Add(1)), Bounds: hookstest.Bounds})
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	suite(t, redistest.Start(t).Client())
}

func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := redistest.StartCluster(t, 3)
	c, err := redisclient.New(redisclient.Config{Addresses: addrs, Cluster: true, DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	suite(t, c)
}
