// Package servertest runs servers for tests.
package servertest

import (
	"context"
	"sync"
	"testing"

	"github.com/tickroom/tickroom/server"
)

// Run runs a server, and returns when it is ready. It goes on until stop is called, or
// the test ends; that it ends with an error fails the test.
func Run(t testing.TB, srv *server.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	select {
	case <-srv.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("the server did not start: %v", err)
	}
	return stop
}
