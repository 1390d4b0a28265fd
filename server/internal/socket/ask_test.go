package socket

import (
	"errors"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// TestBatchAsksTheSilent: connections that have been silent for long, and are asked before they
// are read, are heard as soon as they say something; that they end is noticed; and a panic leaves
// all others as they were.
func TestBatchAsksTheSilent(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		const n = 2*BatchSize + 7
		clients, conns := crowd(t, kind, n, Options{})
		conn := func(i int) Conn { return conns[i] }
		for range 3 * asksFrom {
			b.Poll(n, conn, func(i int, msg []byte) error {
				t.Errorf("connection %d said %q", i, msg)
				return nil
			}, func(i int, err error) { t.Errorf("connection %d: %v", i, err) })
		}
		if rc, raw := conns[1].(*rawConn); raw && b.Ring() && rc.quiet < asksFrom {
			t.Errorf("a silent connection is still read: %d", rc.quiet)
		}
		for i, c := range clients {
			switch i {
			case 1:
				c.write(unhex("888200000000 03e8")) // a close
			case n - 1:
				_ = c.nc.Close()
			case 2:
				conns[i].Close(closecode.GoingAway, "")
			default:
				if i%3 == 0 {
					c.write(binaryFrame("hello"))
				}
			}
		}
		heard, ended, panicked := map[int]bool{}, map[int]bool{}, false
		until(t, "what was said", func() bool {
			defer func() {
				if recover() == nil {
					return
				}
				panicked = true
				for i := 0; i < n; i += 3 { // what had been read of others is lost
					if i != 9 {
						clients[i].write(binaryFrame("again"))
					}
				}
			}()
			b.Poll(n, func(i int) Conn {
				if ended[i] {
					return nil
				}
				return conns[i]
			}, func(i int, _ []byte) error {
				if i == 9 && !panicked {
					panic("boo")
				}
				heard[i] = true
				return nil
			}, func(i int, err error) {
				var ce *CloseError
				if !errors.As(err, &ce) {
					t.Fatal(err)
				}
				ended[i] = true
			})
			return len(heard) == (n+2)/3-1 && len(ended) == 4
		})
		if !panicked || !ended[1] || !ended[2] || !ended[9] || !ended[n-1] {
			t.Errorf("panicked %v, ended %v", panicked, ended)
		}
		clients[9].wantClose(closecode.ServerFault)
		for i, c := range conns {
			c.Close(closecode.GoingAway, "")
			if !ended[i] {
				clients[i].wantClose(closecode.GoingAway)
			}
		}
	})
}
