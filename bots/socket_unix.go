//go:build unix

package bots

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// descriptor is a non-blocking socket that the runtime knows nothing of.
type descriptor int

// errAgain is returned when there is nothing to read, or no room to write.
var errAgain = errors.New("bots: not now")

// takeDescriptor takes a TCP connection's socket away from the runtime. conn is
// closed, its socket is not.
func takeDescriptor(conn net.Conn) (descriptor, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return -1, errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	if err := raw.Control(func(p uintptr) { fd, dupErr = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	if dupErr != nil {
		return -1, dupErr
	}
	_ = tcp.Close()
	return descriptor(fd), unix.SetNonblock(fd, true)
}

func (d descriptor) read(b []byte) (int, error)  { return d.call(unix.SYS_READ, b) }
func (d descriptor) write(b []byte) (int, error) { return d.call(unix.SYS_WRITE, b) }

// call reads or writes b, which is not empty. Neither waits, so that the runtime need not know of it.
func (d descriptor) call(trap uintptr, b []byte) (int, error) {
	for {
		n, _, err := unix.RawSyscall(trap, uintptr(d), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch err {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, errAgain
		default:
			return 0, err
		}
	}
}

func (d descriptor) close() { _ = unix.Close(int(d)) }

// cpuTime returns the processor time that the process has used, in seconds.
func cpuTime() float64 {
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &ru) != nil {
		return 0
	}
	return float64(ru.Utime.Sec) + float64(ru.Stime.Sec) + float64(ru.Utime.Usec+ru.Stime.Usec)/1e6
}
