//go:build !linux

package socket

import (
	"errors"
	"net"
	"time"
)

// errNotRaw is returned for every connection: none can be driven by ticks on this platform.
var errNotRaw = errors.New("socket: not on this platform")

// detached is never open on this platform.
type detached struct{}

func detach(net.Conn) (detached, error) { return detached{}, errNotRaw }

func (detached) open() bool                     { return false }
func (detached) tune(*Options)                  {}
func (detached) recv([]byte) (int, bool, error) { return 0, false, errNotRaw }
func (detached) send([]byte) (int, error)       { return 0, errNotRaw }
func (detached) shutdown() error                { return errNotRaw }
func (detached) close()                         {}
func (detached) abort()                         {}
func (detached) rtt() time.Duration             { return 0 }
func (detached) lost() bool                     { return true }

func tune(c net.Conn, o *Options) {
	if t, ok := plain(c); ok {
		_ = t.SetNoDelay(true)
		_ = t.SetWriteBuffer(o.SendBuffer)
	}
}

// lost can't be known: whoever takes nothing for too long counts as lost.
func lost(net.Conn) bool { return true }

func rtt(net.Conn) time.Duration { return 0 }
