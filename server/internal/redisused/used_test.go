package redisused_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/redisused"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/seattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open makes a store with the client that servers have.
func open(t *testing.T, srv *redistest.Server, prefix string) seat.Used {
	t.Helper()
	cfg := config.Default().Redis
	cfg.Addresses = []string{srv.Addr()}
	c, err := redisclient.New(redisclient.Config(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return redisused.New(c, prefix)
}

func TestUsed(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	seattest.Used(t, func(t *testing.T) (seat.Used, seat.Used) { return open(t, srv, "a:"), open(t, srv, "a:") })
}

func TestPrefixesAreApart(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	for _, prefix := range []string{"a:", "b:"} {
		if err := open(t, srv, prefix).Take(t.Context(), seat.ID{1}, time.Now().Add(time.Hour)); err != nil {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

// TestRedisForgetsInTime: not before the seat has expired, and not never.
func TestRedisForgetsInTime(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	if err := open(t, srv, "").Take(t.Context(), seat.ID{1}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c := srv.Client()
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if left, err := c.PTTL(t.Context(), keys[0]).Result(); err != nil || left <= time.Hour || left > time.Hour+2*time.Minute {
		t.Errorf("it is remembered for another %v, %v", left, err)
	}
}

// TestRedisAway kills Redis: seats are refused, not as used ones, and none that was
// used is good again when Redis is back.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	u := open(t, srv, "a:")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	until := time.Now().Add(time.Hour)
	if err := u.Take(ctx, seat.ID{1}, until); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	for _, id := range []seat.ID{{1}, {2}} {
		if err := u.Take(ctx, id, until); err == nil || errors.Is(err, seat.ErrUsed) || errors.Is(err, seat.ErrExpired) || ctx.Err() != nil {
			t.Errorf("with no Redis: %v", err)
		}
	}
	srv.Run()
	if err := u.Take(ctx, seat.ID{1}, until); !errors.Is(err, seat.ErrUsed) {
		t.Errorf("after a restart: %v", err)
	}
	if err := u.Take(ctx, seat.ID{2}, until); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// TestGate redeems a seat while Redis is away, and then not.
func TestGate(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	keys := seat.RandomKeys()
	issuer, err := seat.NewIssuer(keys, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := issuer.Issue(seat.Seat{Player: "ann", Room: "r", Node: "n"})
	if err != nil {
		t.Fatal(err)
	}
	gate := seat.NewGate("n", keys, open(t, srv, "a:"), time.Second, nil)
	srv.Kill()
	if _, err := gate.Redeem(t.Context(), token, "ann", "r"); !errors.Is(err, seat.ErrUnavailable) {
		t.Errorf("with no Redis: %v", err)
	}
	srv.Run()
	if _, err := gate.Redeem(t.Context(), token, "ann", "r"); err != nil {
		t.Error(err)
	}
	// The node starts again, under the same name.
	gate = seat.NewGate("n", keys, open(t, srv, "a:"), time.Second, nil)
	if _, err := gate.Redeem(t.Context(), token, "ann", "r"); !errors.Is(err, seat.ErrUsed) {
		t.Errorf("the second time: %v", err)
	}
}
