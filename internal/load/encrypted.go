package load

import (
	"crypto/tls"
	"net"
	"time"
)

// encrypted is the TLS of a client. During the handshake it is a connection like others; then the driver
// gives it what it has read of the descriptor, and writes what it has made.
type encrypted struct {
	top   *tls.Conn
	under *memory
	ahead bool // there may be something of before that was not read yet
}

// memory is what TLS has below it: the network until rest is called.
type memory struct {
	net.Conn // nil from then on
	in, out  []byte
}

// nothing is what TLS reads when all was read: an error that it survives, since it is temporary.
type nothing struct{}

func (nothing) Error() string   { return "load: nothing more to read now" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// encrypt begins TLS on a connection. Servers are on this machine, so nobody asks who they are.
func encrypt(tcp *net.TCPConn) *encrypted {
	m := &memory{Conn: tcp}
	cfg := &tls.Config{InsecureSkipVerify: true, DynamicRecordSizingDisabled: true} //nolint:gosec // on loopback alone
	return &encrypted{top: tls.Client(m, cfg), under: m, ahead: true}
}

// rest leaves the network to the driver.
func (e *encrypted) rest() { e.under.Conn = nil }

func (m *memory) Read(p []byte) (int, error) {
	if m.Conn != nil {
		return m.Conn.Read(p)
	}
	if len(m.in) == 0 {
		return 0, nothing{}
	}
	n := copy(p, m.in)
	m.in = m.in[n:]
	return n, nil
}

func (m *memory) Write(p []byte) (int, error) {
	if m.Conn != nil {
		return m.Conn.Write(p)
	}
	m.out = append(m.out, p...)
	return len(p), nil
}

// SetWriteDeadline is called by TLS when it closes.
func (m *memory) SetWriteDeadline(t time.Time) error {
	if m.Conn == nil {
		return nil
	}
	return m.Conn.SetWriteDeadline(t)
}

// seal appends p to b, encrypted.
func (e *encrypted) seal(b, p []byte) ([]byte, error) {
	e.under.out = b
	_, err := e.top.Write(p)
	b, e.under.out = e.under.out, nil
	return b, err
}
