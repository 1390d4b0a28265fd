package bots

import "golang.org/x/sys/unix"

// poller finds which descriptors can be read, without waiting.
type poller struct {
	fd     int
	events []unix.EpollEvent
	byFD   map[int32]*bot
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &poller{fd: fd, events: make([]unix.EpollEvent, 1024), byFD: map[int32]*bot{}}, nil
}

func (p *poller) add(b *bot) error {
	p.byFD[int32(b.fd)] = b
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, int(b.fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(b.fd)})
}

func (p *poller) remove(b *bot) {
	delete(p.byFD, int32(b.fd))
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, int(b.fd), nil)
}

// ready calls fn for the bots that have something to read.
func (p *poller) ready(fn func(b *bot)) error {
	for {
		n, err := unix.EpollWait(p.fd, p.events, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for i := range n {
			if b := p.byFD[p.events[i].Fd]; b != nil {
				fn(b)
			}
		}
		if n < len(p.events) {
			return nil
		}
	}
}

func (p *poller) close() { _ = unix.Close(p.fd) }
