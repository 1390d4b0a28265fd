package socket

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// batches runs a test with and without io_uring, for each kind of connection.
func batches(t *testing.T, f func(t *testing.T, kind string, b *Batch)) {
	t.Helper()
	for _, plain := range []bool{false, true} {
		for _, kind := range []string{"raw", "gws", "tls"} {
			t.Run(fmt.Sprintf("plain=%t/%s", plain, kind), func(t *testing.T) {
				t.Parallel()
				b := NewBatch(plain)
				defer b.Close()
				if runtime.GOOS == "linux" && !plain && !b.Ring() {
					t.Log("this kernel gives no io_uring: the plain way is tested twice")
				}
				f(t, kind, b)
			})
		}
	}
}

// crowd is many clients and their connections, in the same order.
func crowd(t *testing.T, kind string, n int, opt Options) ([]*client, []Conn) {
	t.Helper()
	r := newRoom(t)
	opt.OnHello = r.onHello
	s := open(t, kind, opt)
	clients, conns := make([]*client, n), make([]Conn, n)
	for i := range n {
		clients[i] = s.upgrade(binaryFrame("hello"))
		conns[i] = r.conn(t)
	}
	t.Cleanup(func() {
		for _, c := range conns {
			c.Close(closecode.Lost, "")
		}
	})
	return clients, conns
}

// TestBatchServesEach: what each of many clients sends arrives under its number, and what is
// sent to it reaches it and nobody else, whole; also a message larger than a Batch's buffer.
func TestBatchServesEach(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		const n = 2*BatchSize + 7
		clients, conns := crowd(t, kind, n, Options{})
		say := func(i int) string { return fmt.Sprint("from ", i, strings.Repeat("x", i%3*1500)) }
		for i, c := range clients {
			c.write(binaryFrame(say(i)))
		}
		got := map[int]string{}
		until(t, "all heard", func() bool {
			b.Poll(n, func(i int) Conn { return conns[i] }, func(i int, msg []byte) error {
				got[i] += string(msg)
				return nil
			}, func(i int, err error) { t.Errorf("connection %d: %v", i, err) })
			return len(got) == n
		})
		for i := range n {
			if got[i] != say(i) {
				t.Fatalf("connection %d said %.40q, want %.40q", i, got[i], say(i))
			}
		}
		over := func(i int, err error) { t.Errorf("connection %d: %v", i, err) }
		var out []byte
		for i := range n {
			from := len(out)
			out = append(out, make([]byte, Headroom)...)
			out = append(out, fmt.Sprint("to ", i)...)
			b.Send(i, conns[i], out[from:len(out):len(out)], over)
		}
		b.Flush(over)
		for i, c := range clients {
			c.want(fmt.Sprint("binary to ", i))
		}
	})
}

// TestBatchTellsWhoHasEnded: one that closes, one that breaks the rules, one closed from our
// side and one that is passed over; the others notice nothing.
func TestBatchTellsWhoHasEnded(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		clients, conns := crowd(t, kind, 5, Options{})
		clients[0].write(unhex("888200000000 03e8"))
		clients[1].write(unhex("81 80 00000000")) // text
		conns[2].Close(closecode.GoingAway, "")
		clients[3].write(binaryFrame("not now"))
		clients[4].write(binaryFrame("x"))
		ends, heard := map[int]int{}, false
		until(t, "ends", func() bool {
			b.Poll(5, func(i int) Conn {
				if i == 3 || ends[i] != 0 {
					return nil
				}
				return conns[i]
			}, func(i int, _ []byte) error {
				heard = heard || i == 4
				if i == 3 {
					t.Error("who was passed over is heard")
				}
				return nil
			}, func(i int, err error) {
				var ce *CloseError
				if !errors.As(err, &ce) {
					t.Fatal(err)
				}
				ends[i] = ce.Code
			})
			return len(ends) == 3 && heard
		})
		if ends[0] != closecode.Normal || ends[1] != closecode.UnsupportedData || ends[2] != closecode.GoingAway {
			t.Errorf("ended with %v", ends)
		}
		failed := map[int]bool{}
		over := func(i int, _ error) { failed[i] = true }
		for i, c := range conns {
			b.Send(i, c, append(make([]byte, Headroom), "still here"...), over)
		}
		b.Flush(over)
		if !failed[0] || !failed[1] || !failed[2] || failed[3] || failed[4] {
			t.Errorf("sending failed for %v", failed)
		}
		clients[4].want("binary still here")
	})
}

// TestBatchKeepsWhatTheKernelDoesNotTake: frames for one that does not read go into its
// bounded outbox, and then nowhere.
func TestBatchKeepsWhatTheKernelDoesNotTake(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		clients, conns := crowd(t, kind, 2, Options{})
		frame := func(i int) []byte { return append(make([]byte, Headroom), fmt.Sprintf("%08d%8000d", i, 0)...) }
		sent, skipped := 0, false
		until(t, "backlog", func() bool {
			over := func(i int, err error) {
				if i != 0 || !errors.Is(err, ErrOverflow) {
					t.Fatalf("connection %d: %v", i, err)
				}
				skipped = true
			}
			b.Send(0, conns[0], frame(sent), over)
			if b.Flush(over); !skipped {
				sent++
			}
			return skipped
		})
		done := make(chan bool)
		go func() {
			defer close(done)
			for i := range sent {
				clients[0].want("binary " + string(frame(i)[Headroom:]))
			}
		}()
		until(t, "flushed", func() bool {
			n, err := conns[0].Flush()
			return n == 0 && err == nil
		})
		<-done
		b.Send(1, conns[1], append(make([]byte, Headroom), "neighbour"...), func(_ int, err error) { t.Error(err) })
		b.Flush(func(_ int, err error) { t.Error(err) })
		clients[1].want("binary neighbour")
	})
}

// TestBatchSurvivesAPanic: the connection whose message made the callback panic is closed,
// and all others can be read and closed afterwards, so none is left entered.
func TestBatchSurvivesAPanic(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		clients, conns := crowd(t, kind, 4, Options{})
		for _, c := range clients {
			c.write(binaryFrame("boo"))
		}
		panicked := false
		until(t, "panic", func() bool {
			defer func() {
				if recover() != nil {
					panicked = true
				}
			}()
			b.Poll(4, func(i int) Conn { return conns[i] }, func(i int, _ []byte) error {
				if i == 1 {
					panic("boo")
				}
				return nil
			}, func(int, error) {})
			return panicked
		})
		clients[1].wantClose(closecode.ServerFault)
		for _, i := range []int{0, 2, 3} {
			clients[i].write(binaryFrame("again"))
		}
		heard := map[int]bool{}
		until(t, "the others are heard", func() bool {
			b.Poll(4, func(i int) Conn { return conns[i] }, func(i int, msg []byte) error {
				heard[i] = heard[i] || string(msg) == "again"
				return nil
			}, func(int, error) {})
			return heard[0] && heard[2] && heard[3]
		})
		for _, i := range []int{0, 2, 3} {
			conns[i].Close(closecode.GoingAway, "")
			clients[i].wantClose(closecode.GoingAway)
		}
	})
}

// TestBatchClosedInTheMiddle: connections for which a frame was queued can be closed when the
// Batch is given up before it was sent.
func TestBatchClosedInTheMiddle(t *testing.T) {
	t.Parallel()
	batches(t, func(t *testing.T, kind string, b *Batch) {
		clients, conns := crowd(t, kind, 3, Options{})
		for i, c := range conns {
			b.Send(i, c, append(make([]byte, Headroom), "never sent, or at once"...), func(_ int, err error) { t.Error(err) })
		}
		b.Close()
		b.Close()
		for i, c := range conns {
			c.Close(closecode.GoingAway, "")
			got := clients[i].next()
			if strings.HasPrefix(got, "binary") {
				got = clients[i].next()
			}
			if !strings.HasPrefix(got, "close 1001") {
				t.Errorf("client %d: %s", i, got)
			}
		}
	})
}

// BenchmarkBatch is the cost of one small message read and one frame written per connection.
func BenchmarkBatch(b *testing.B) {
	for _, plain := range []bool{true, false} {
		b.Run(fmt.Sprintf("plain=%t", plain), func(b *testing.B) {
			batch := NewBatch(plain)
			defer batch.Close()
			r := newRoom(b)
			s := open(b, "raw", Options{OnHello: r.onHello})
			const n = BatchSize
			var clients [n]*client
			var conns [n]Conn
			for i := range n {
				clients[i] = s.upgrade(binaryFrame("hello"))
				conns[i] = r.conn(b)
			}
			in, out, trash := binaryFrame("an input of 20 bytes"), make([]byte, Headroom+80), make([]byte, 82)
			conn := func(i int) Conn { return conns[i] }
			heard := func(int, []byte) error { return nil }
			over := func(_ int, err error) { b.Error(err) }
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for _, c := range clients {
					if _, err := c.nc.Write(in); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				batch.Poll(n, conn, heard, over)
				for i := range n {
					batch.Send(i, conns[i], out, over)
				}
				batch.Flush(over)
				b.StopTimer()
				for _, c := range clients {
					if _, err := c.br.Read(trash); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/client")
			for _, c := range conns {
				c.Close(closecode.Lost, "")
			}
		})
	}
}
