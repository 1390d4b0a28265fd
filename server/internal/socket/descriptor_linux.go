package socket

import (
	"errors"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errNotRaw is returned for a connection without a descriptor that ticks could drive.
var errNotRaw = errors.New("socket: not a plain TCP connection")

// detached is a socket outside the runtime's poller. Its calls never block, so they need
// not tell the scheduler. The zero value is closed.
type detached struct{ fd int } // one more than the descriptor

func (d detached) open() bool      { return d.fd != 0 }
func (d detached) number() uintptr { return uintptr(d.fd - 1) }

// detach duplicates the descriptor of a plain TCP connection. The original should be closed
// once the duplicate is in use.
func detach(c net.Conn) (detached, error) {
	t, ok := plain(c)
	if !ok {
		return detached{}, errNotRaw
	}
	rc, err := t.SyscallConn()
	if err != nil {
		return detached{}, err
	}
	var fd int
	if cerr := rc.Control(func(p uintptr) {
		fd, err = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 3)
	}); cerr != nil {
		return detached{}, cerr
	}
	if err != nil {
		return detached{}, err
	}
	return detached{fd + 1}, nil
}

// tune sets the socket up for ticks. What the kernel refuses is done without.
func (d detached) tune(o *Options) {
	fd := int(d.number())
	_ = unix.SetNonblock(fd, true)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, o.SendBuffer)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, o.NotSentLowat)
}

// recv reads what is there. again reports whether nothing is.
func (d detached) recv(b []byte) (n int, again bool, err error) {
	for {
		r, _, e := syscall.RawSyscall6(syscall.SYS_RECVFROM, d.number(),
			uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), syscall.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			return int(r), false, nil
		case syscall.EAGAIN:
			return 0, true, nil
		case syscall.EINTR:
		default:
			return 0, false, e
		}
	}
}

// send writes what the kernel takes, perhaps nothing.
func (d detached) send(b []byte) (int, error) {
	for {
		r, _, e := syscall.RawSyscall6(syscall.SYS_SENDTO, d.number(),
			uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		switch e {
		case 0:
			return int(r), nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
		default:
			return 0, e
		}
	}
}

// shutdown tells the peer that no more is sent.
func (d detached) shutdown() error { return unix.Shutdown(int(d.number()), unix.SHUT_WR) }

// close closes the descriptor.
func (d detached) close() {
	if d.open() {
		_ = unix.Close(int(d.number()))
	}
}

// abort closes the descriptor with a reset, so that the kernel keeps nothing for a dead peer.
func (d detached) abort() {
	_ = unix.SetsockoptLinger(int(d.number()), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	d.close()
}

func (d detached) info() (info unix.TCPInfo, ok bool) {
	size := uint32(unsafe.Sizeof(info))
	_, _, e := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, d.number(), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	return info, e == 0
}

func (d detached) rtt() time.Duration {
	info, _ := d.info()
	return time.Duration(info.Rtt) * time.Microsecond
}

// lost reports whether the peer's kernel does not answer: segments have been sent again, or its
// closed window asked after, several times in vain. A peer whose program has stopped reading
// is not lost: its kernel goes on saying that the window is closed.
func (d detached) lost() bool {
	const inVain = 3
	info, ok := d.info()
	return !ok || info.Retransmits >= inVain || info.Probes >= inVain
}

// with calls f with the descriptor of a connection that stays in the poller.
func with(c net.Conn, f func(d detached)) {
	t, ok := plain(netConn(c))
	if !ok {
		return
	}
	if rc, err := t.SyscallConn(); err == nil {
		_ = rc.Control(func(p uintptr) { f(detached{int(p) + 1}) })
	}
}

// tune sets a carried connection's socket up as a raw one's.
func tune(c net.Conn, o *Options) { with(c, func(d detached) { d.tune(o) }) }

// lost reports whether the peer's kernel does not answer.
func lost(c net.Conn) (l bool) {
	with(c, func(d detached) { l = d.lost() })
	return l
}

// rtt returns the kernel's smoothed round-trip time of a connection.
func rtt(c net.Conn) (d time.Duration) {
	with(c, func(fd detached) { d = fd.rtt() })
	return d
}
