package restarts

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// joiners is how many clients join at once in the beginning.
const joiners = 32

// calm is from how many clients on each asks for few snapshots: this machine plays them all.
const calm, calmEvery = 1000, 32

// fleet are the clients of a run.
type fleet struct {
	clients  []*client.Client
	attempts atomic.Int64 // connections begun since the first restart

	mu sync.Mutex
	// Guarded by mu.
	live []time.Time // when each was in a room again; zero: not yet
	left int         // of those
	all  chan struct{}
}

// join has clients join a server, and returns when all are in a room.
func join(ctx context.Context, addr string, n int) (*fleet, error) {
	every := uint32(1)
	if n >= calm {
		every = calmEvery
	}
	f := &fleet{clients: make([]*client.Client, n), live: make([]time.Time, n)}
	failed := make(chan error, n)
	room := make(chan struct{}, joiners)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			c, err := client.Dial(ctx, "ws://"+addr, client.Options{
				Config:  client.Config{Kind: "walkers", Schema: walkersv1.Schema, Name: strconv.Itoa(i), Every: every},
				Dialer:  f,
				JoinFor: upWithin,
				OnState: func(s client.State, why *client.CloseError) {
					switch s {
					case client.Live:
						f.isBack(i)
					case client.Closed:
						if why.Code != client.CloseNormal {
							failed <- why
						}
					}
				},
			})
			if err != nil {
				failed <- err
				return
			}
			f.clients[i] = c
		})
	}
	wg.Wait()
	f.attempts.Store(0)
	select {
	case err := <-failed:
		f.leave()
		return nil, err
	default:
		return f, nil
	}
}

// DialContext makes a connection, and counts it.
func (f *fleet) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	f.attempts.Add(1)
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

// restart notes that there is no server: whoever is in a room from now on is back.
func (f *fleet) restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.live)
	f.left, f.all = len(f.live), make(chan struct{})
}

func (f *fleet) isBack(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all != nil && f.live[i].IsZero() {
		f.live[i] = time.Now()
		if f.left--; f.left == 0 {
			close(f.all)
		}
	}
}

// back waits until all are in a room again, and returns how long that took each of them.
func (f *fleet) back(ctx context.Context, listens time.Time) (took []time.Duration, err error) {
	select {
	case <-f.all:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(backWithin):
		f.mu.Lock()
		defer f.mu.Unlock()
		return nil, fmt.Errorf("%d clients are not back after %v", f.left, backWithin)
	}
	for _, at := range f.live {
		took = append(took, max(0, at.Sub(listens)))
	}
	return took, nil
}

// leave ends all clients.
func (f *fleet) leave() {
	var wg sync.WaitGroup
	for _, c := range f.clients {
		if c != nil {
			wg.Go(func() { c.Close(client.CloseNormal, "") })
		}
	}
	wg.Wait()
}
