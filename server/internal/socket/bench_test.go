//go:build linux

package socket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// BenchmarkTick is one client's share of a tick: one Poll that finds a 20-byte input, one Send
// of an 80-byte snapshot. The client's own writes and reads are outside the measured time as
// far as one core allows.
func BenchmarkTick(b *testing.B) {
	for _, kind := range []string{"raw", "gws", "tls"} {
		b.Run(kind, func(b *testing.B) {
			r := newRoom(b)
			s := open(b, kind, Options{OnHello: r.onHello})
			const n = 100
			clients, conns := make([]*client, n), make([]Conn, n)
			for i := range clients {
				clients[i] = s.upgrade(binaryFrame("hello"))
				_ = clients[i].nc.SetDeadline(time.Time{})
				conns[i] = r.conn(b)
			}
			input, snapshot := binaryFrame(strings.Repeat("i", 20)), payload(strings.Repeat("s", 80))
			scratch, trash := make([]byte, 16<<10), make([]byte, 82)
			got := 0
			fn := func([]byte) error { got++; return nil }
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += n {
				b.StopTimer()
				for _, c := range clients {
					if _, err := c.nc.Write(input); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				for _, c := range conns {
					for want := got + 1; got < want; {
						if err := c.Poll(scratch, fn); err != nil {
							b.Fatal(err)
						}
						if kind == "gws" && got < want {
							runtime.Gosched()
						}
					}
					err := c.Send(snapshot)
					if errors.Is(err, ErrBacklog) && kind == "gws" { // its writer has yet to notice that it is done
						err = c.SendReliable(snapshot)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				for _, c := range clients {
					if _, err := io.ReadFull(c.br, trash); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkPollNothing is a Poll that finds an empty socket.
func BenchmarkPollNothing(b *testing.B) {
	r := newRoom(b)
	s := open(b, "raw", Options{OnHello: r.onHello})
	s.upgrade(binaryFrame("hello"))
	conn := r.conn(b)
	scratch := make([]byte, 16<<10)
	b.ReportAllocs()
	for b.Loop() {
		if err := conn.Poll(scratch, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatchPoll is a tick's reads of a part of a room, of which so many have sent something
// in each tick.
func BenchmarkBatchPoll(b *testing.B) {
	for _, every := range []int{0, 10, 5, 3, 2, 1} {
		b.Run(fmt.Sprintf("one-in-%d", every), func(b *testing.B) {
			batch := NewBatch(false)
			defer batch.Close()
			r := newRoom(b)
			s := open(b, "raw", Options{OnHello: r.onHello})
			const n = 4 * BatchSize
			clients, conns := make([]*client, n), make([]Conn, n)
			for i := range clients {
				clients[i] = s.upgrade(binaryFrame("hello"))
				_ = clients[i].nc.SetDeadline(time.Time{})
				conns[i] = r.conn(b)
			}
			input := binaryFrame(strings.Repeat("i", 20))
			got, sent := 0, 0
			poll := func() {
				batch.Poll(n, func(i int) Conn { return conns[i] }, func(int, []byte) error { got++; return nil }, func(i int, err error) { b.Fatal(i, err) })
			}
			tick := 0
			send := func() {
				for i := range clients {
					if every > 0 && (i+tick)%every == 0 {
						if _, err := clients[i].nc.Write(input); err != nil {
							b.Fatal(err)
						}
						sent++
					}
				}
				tick++
			}
			for range 30 {
				send()
				poll()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				send()
				b.StartTimer()
				poll()
			}
			b.StopTimer()
			if got != sent {
				b.Fatalf("%d messages came of %d", got, sent)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/conn")
		})
	}
}

func BenchmarkMask(b *testing.B) {
	for _, n := range []int{20, 200, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				mask(p, 0x12345678)
			}
		})
	}
}

// BenchmarkIdleMemory prints what an idle seated connection costs this process: heap and stacks,
// after collection. The clients are bare descriptors, which Go knows nothing of.
func BenchmarkIdleMemory(b *testing.B) {
	for _, kind := range []string{"raw", "gws", "tls"} {
		b.Run(kind, func(b *testing.B) {
			const n = 5000
			var limit unix.Rlimit
			if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < 2*n+200 {
				b.Skipf("needs %d descriptors, may open %d", 2*n+200, limit.Cur)
			}
			for b.Loop() {
				r := newRoom(b)
				s := open(b, kind, Options{OnHello: r.onHello})
				addr, err := net.ResolveTCPAddr("tcp4", s.addr)
				if err != nil {
					b.Fatal(err)
				}
				fds := make([]int, n)
				conns := make([]Conn, n)
				hello := append([]byte(handshake(s.addr)), binaryFrame("hello")...)
				runtime.GC()
				before := used()
				begin := time.Now()
				for i := range fds {
					fds[i] = bareClient(b, s, addr, hello)
					conns[i] = r.conn(b)
				}
				joined := time.Since(begin)
				scratch := make([]byte, 16<<10)
				for _, c := range conns { // they have lived
					if err := c.Poll(scratch, nil); err != nil {
						b.Fatal(err)
					}
					if err := c.Send(payload("x")); err != nil {
						b.Fatal(err)
					}
				}
				var after uint64
				for range 3 { // pools are emptied by the second collection
					runtime.GC()
					after = used()
				}
				b.ReportMetric(float64(after-before)/n, "B/conn")
				b.ReportMetric(float64(joined.Microseconds())/n, "µs/join")
				runtime.KeepAlive(conns)
				for _, fd := range fds {
					_ = unix.Close(fd)
				}
				for _, c := range conns {
					c.Close(closecode.Lost, "")
				}
			}
		})
	}
}

// bareClient connects a descriptor that has said something, by TLS if the site speaks it.
func bareClient(b *testing.B, s *site, addr *net.TCPAddr, hello []byte) int {
	if s.tls == nil {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}); err != nil {
			b.Fatal(err)
		}
		if _, err := unix.Write(fd, hello); err != nil {
			b.Fatal(err)
		}
		return fd
	}
	nc, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	if _, err := tls.Client(nc, s.tls).Write(hello); err != nil {
		b.Fatal(err)
	}
	d, err := detach(nc)
	if err != nil {
		b.Fatal(err)
	}
	return int(d.number())
}

func used() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
