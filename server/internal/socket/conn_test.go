package socket

import (
	"testing"
)

// TestEcho is the shortest life: hello, messages, ping, close handshake.
func TestEcho(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t).run()
		s := open(t, kind, Options{Subprotocol: "tickroom.v1", OnHello: r.onHello})
		c := s.upgrade(nil)
		c.write(binaryFrame("hello"))
		conn := r.conn(t)
		if conn.Raw() != driven(kind) {
			t.Fatalf("Raw() is %v", conn.Raw())
		}
		c.write(frames(binaryFrame("one"), binaryFrame("two")))
		c.want("binary one", "binary two")
		c.write(frame(0x89, "are you there"))
		c.want("pong are you there")
		c.write(frame(0x88, "\x03\xe8bye"))
		c.want("close 1000 bye", "gone")
		e := r.end(t)
		if !e.Remote || e.Code != 1000 || e.Reason != "bye" {
			t.Fatalf("ended with %v", e)
		}
		until(t, "released", func() bool { st := s.Stats(); return st.Raw+st.Carried+st.Pending == 0 })
	})
}
