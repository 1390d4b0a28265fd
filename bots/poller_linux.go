package bots

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller finds which descriptors can be read, without waiting.
type poller struct {
	fd     int
	events []unix.EpollEvent
	byFD   []*bot
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &poller{fd: fd, events: make([]unix.EpollEvent, 1024)}, nil
}

func (p *poller) add(b *bot) error {
	for int(b.fd) >= len(p.byFD) {
		p.byFD = append(p.byFD, nil)
	}
	p.byFD[b.fd] = b
	// A socket is told of once for what comes, and read until there is no more: so the kernel need not look
	// again at those that were told of before.
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, int(b.fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(b.fd)})
}

func (p *poller) remove(b *bot) {
	p.byFD[b.fd] = nil
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, int(b.fd), nil)
}

// ready calls fn for the bots that have something to read; ended says that it is the end of the
// connection, or something before that.
func (p *poller) ready(fn func(b *bot, ended bool)) error {
	for {
		// It does not wait, so that the runtime need not know of the call.
		k, _, no := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
		if no == unix.EINTR {
			continue
		}
		if no != 0 {
			return no
		}
		n := int(k)
		for i := range n {
			if b := p.byFD[p.events[i].Fd]; b != nil {
				fn(b, p.events[i].Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
			}
		}
		if n < len(p.events) {
			return nil
		}
	}
}

func (p *poller) close() { _ = unix.Close(p.fd) }
