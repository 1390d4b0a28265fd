package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
)

// What makes a matcher of the test's program, in its environment.
const (
	matcherURL    = "TICKROOM_TEST_MATCHER_URL"
	matcherPrefix = "TICKROOM_TEST_MATCHER_PREFIX"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(matcherURL); url != "" {
		fmt.Fprintln(os.Stderr, matcherProcess(url, os.Getenv(matcherPrefix)))
		os.Exit(1) // it is to be killed
	}
	goleak.VerifyTestMain(m)
}

// matcherProcess matches until it is killed, or a minute is over.
func matcherProcess(url, prefix string) error {
	c, err := redisclient.New(redisclient.Config{
		URL: secret.Text(url), DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = match(ctx, redisdb.NewTickets(c, prefix), strconv.Itoa(os.Getpid()), func(report) {})
	return errors.Join(err, errors.New("the matcher was not killed"))
}

// Fifty times the program that has the queue is killed in the middle of its work, and
// Redis with it every tenth time.
func TestKilledMatchersLoseNoTicketAndMatchNoneTwice(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	p := prefix()
	look := srv.Client()
	procs := map[string]*exec.Cmd{} // by owner, which is the process's number
	start := func() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), matcherURL+"=unix://"+srv.Addr(), matcherPrefix+"="+p)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		procs[strconv.Itoa(cmd.Process.Pid)] = cmd
	}
	kill := func(owner string) {
		_ = procs[owner].Process.Kill()
		_ = procs[owner].Wait() // its error is that it was killed
		delete(procs, owner)
	}
	t.Cleanup(func() {
		for owner := range procs {
			kill(owner)
		}
	})
	for range 3 {
		start()
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	st := tickets(t, connected(t, on(srv)), p)
	account(t, load{stores: []whole{st}, tickets: 300, elsewhere: true, disturb: func(ctx context.Context) {
		for n := range 50 {
			owner := ""
			for procs[owner] == nil {
				if ctx.Err() != nil {
					t.Fatalf("nobody has the queue after %d kills", n)
				}
				pause(ctx, time.Millisecond)
				owner = look.HGet(ctx, redisdata.Tickets.Key(p, "queue", "q"), "owner").Val()
			}
			pause(ctx, time.Duration(rnd.IntN(30))*time.Millisecond)
			kill(owner)
			if n%10 == 9 {
				srv.Kill()
				srv.Run()
			}
			start()
		}
	}})
}
