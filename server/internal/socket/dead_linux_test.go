package socket

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// stuff sends to a connection until its outbox is full.
func stuff(conn Conn, f []byte) error {
	for {
		if err := conn.SendReliable(f); err != nil {
			if errors.Is(err, ErrOverflow) {
				_, err = conn.Flush()
			}
			return err
		}
	}
}

// vanish makes a client's kernel drop all that comes for it, as a peer does whose network
// is gone.
func (c *client) vanish() {
	c.t.Helper()
	rc, err := netConn(c.nc).(*net.TCPConn).SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	if cerr := rc.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
	}); cerr != nil || err != nil {
		c.t.Fatal(cerr, err)
	}
}

// TestDead: a peer whose kernel does not answer is given up, wherever it is noticed.
func TestDead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		s := open(t, kind, Options{OnHello: r.onHello, DeadAfter: 300 * time.Millisecond})
		c := s.upgrade(binaryFrame("hello"))
		conn := r.conn(t)
		c.vanish()
		f := make([]byte, Headroom+4096)
		var err error
		until(t, "dead", func() bool {
			err = stuff(conn, f)
			return err != nil
		})
		if !errors.Is(err, ErrDead) || !isClose(err, closecode.Lost) {
			t.Fatal(err)
		}
		if e := conn.Poll(make([]byte, 4096), nil); !errors.Is(e, ErrDead) {
			t.Fatal(e)
		}
		until(t, "closed", func() bool { st := s.Stats(); return st.Raw+st.Carried+st.Lingering == 0 })
	})
}

// TestSlowIsNotDead: a peer that takes nothing for long, but whose kernel answers, is kept,
// at the cost of a full outbox and no more.
func TestSlowIsNotDead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"raw", "ring", "gws", "tls", "tlsring"} { // gws can't take up a write again over TLS
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			s := open(t, kind, Options{OnHello: r.onHello, DeadAfter: 100 * time.Millisecond})
			s.upgrade(binaryFrame("hello"))
			conn := r.conn(t)
			f := make([]byte, Headroom+4096)
			begun := time.Now()
			until(t, "time has passed", func() bool {
				if err := stuff(conn, f); err != nil {
					t.Fatal(err)
				}
				if p := conn.Stats().Pending; p > 64<<10 {
					t.Fatalf("%d bytes wait", p)
				}
				return time.Since(begun) > 2*time.Second
			})
			conn.Close(closecode.Lost, "")
		})
	}
}
