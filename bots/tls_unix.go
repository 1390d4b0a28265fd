//go:build unix

package bots

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	bridgeBuffer = 16 << 10         // bytes that may be on their way in a bridge, so that a slow bot is slow to the server
	bridgeLimit  = 15 * time.Second // for one write to the server
)

// bridge returns a socket for a bot whose connection is encrypted: what is written to it
// goes out encrypted, what comes in is decrypted, by two goroutines of the swarm. They end
// soon after the bot has closed the socket, and then conn is closed.
func (sw *swarm) bridge(conn *tls.Conn) (descriptor, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, bridgeBuffer)
	_ = unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, bridgeBuffer)
	file := os.NewFile(uintptr(fds[1]), "bridge")
	inner, err := net.FileConn(file)
	_ = file.Close() // inner has its own
	if err != nil {
		_ = unix.Close(fds[0])
		return -1, fmt.Errorf("bridge: %w", err)
	}
	sw.bridges.Go(func() { // from the server to the bot
		_, _ = io.Copy(inner, conn)
		_ = inner.(*net.UnixConn).CloseWrite()
	})
	sw.bridges.Go(func() { // from the bot to the server
		_, _ = io.Copy(limited{conn}, inner)
		_ = conn.Close()
		_ = inner.Close()
	})
	return descriptor(fds[0]), nil
}

// limited gives each write a limit of its own.
type limited struct{ conn net.Conn }

func (l limited) Write(b []byte) (int, error) {
	_ = l.conn.SetWriteDeadline(time.Now().Add(bridgeLimit))
	return l.conn.Write(b)
}
