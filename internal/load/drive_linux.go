package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// Clients that join at the same time.
	joiners = 128
	// Clients whose messages are read, and timed, as they arrive. All others are read
	// once per tick.
	probes = 100
	// How finely the clients are spread over the period.
	slice = time.Millisecond
)

// conn is one client.
type conn struct {
	fd     int // -1: lost
	number int
	tls    *encrypted // nil: none
	r      *reader
	seq    uint32
	probe  bool
	last   time.Time // when the last message came, if it is a probe
	rest   []byte    // what the socket has not taken of the last frame
}

// driver drives all clients.
type driver struct {
	cfg     Config
	phase   func(Phase)
	conns   []*conn
	fds     []int // all that are to be closed
	poller  int
	events  [128]unix.EpollEvent
	buf     []byte
	plain   []byte // what TLS has made of buf
	out     []byte
	sealed  []byte // what TLS has made of out
	input   []byte
	measure bool
	stats   stats
	errors  map[string]int
	before  Usage // of the watched processes, before the first connection
}

// joined is a client that can be driven, or why it can't.
type joined struct {
	fd     int // -1: none
	number int
	tls    *encrypted
	r      *reader
	err    error
}

func run(ctx context.Context, cfg Config, phase func(Phase)) (_ Report, err error) {
	if err := raiseFileLimit(cfg.Clients + 256); err != nil {
		return Report{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	d := &driver{cfg: cfg, phase: phase, buf: make([]byte, 256<<10), plain: make([]byte, 32<<10), stats: newStats(), errors: map[string]int{}}
	if d.poller, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return Report{}, fmt.Errorf("load: %w", err)
	}
	defer unix.Close(d.poller)
	defer func() {
		for _, fd := range d.fds {
			unix.Close(fd)
		}
	}()

	ctx, cancel := context.WithCancel(ctx)
	arrivals := make(chan joined, joiners)
	var joining sync.WaitGroup
	defer func() {
		cancel()
		joining.Wait()
		close(arrivals)
		for j := range arrivals {
			if j.fd >= 0 {
				unix.Close(j.fd)
			}
		}
	}()

	var before Usage
	if before, err = usageOf(cfg.Watch); err != nil {
		return Report{}, err
	}
	phase(Joining)
	start := time.Now()
	numbers := make(chan int, cfg.Clients)
	for i := range cfg.Clients {
		numbers <- i
	}
	close(numbers)
	for range min(joiners, cfg.Clients) {
		joining.Go(func() { joinAll(ctx, &cfg, numbers, arrivals) })
	}

	d.before = before
	report := Report{Clients: cfg.Clients, RSSBefore: before.RSS, Errors: d.errors}
	if err := d.loop(ctx, arrivals, start, &report); err != nil {
		return Report{}, err
	}
	return report, nil
}

// joinAll connects clients until there are none left or one of them fails.
func joinAll(ctx context.Context, cfg *Config, numbers <-chan int, arrivals chan<- joined) {
	for i := range numbers {
		j := joined{fd: -1, number: i}
		if tcp, e, r, err := dial(ctx, cfg, i); err != nil {
			j.err = fmt.Errorf("load: client %d: %w", i, err)
		} else {
			j.tls, j.r = e, r
			if e != nil {
				e.rest()
			}
			j.fd, j.err = detach(tcp)
		}
		select {
		case arrivals <- j:
		case <-ctx.Done():
			if j.fd >= 0 {
				unix.Close(j.fd)
			}
			return
		}
		if j.err != nil {
			return
		}
	}
}

// detach takes a connection out of the runtime's poller, which would wake up for
// everything that comes.
func detach(tcp *net.TCPConn) (int, error) {
	defer tcp.Close()
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("load: %w", err)
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(p uintptr) { fd, dupErr = unix.FcntlInt(p, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, fmt.Errorf("load: %w", err)
	}
	if dupErr != nil {
		return -1, fmt.Errorf("load: %w", dupErr)
	}
	return fd, nil
}

// window is the time in which is measured.
type window struct {
	opens, closes time.Time // as planned; zero until all have joined
	opened        time.Time
	used          watched // when it was opened
}

// loop drives the clients through all phases.
func (d *driver) loop(ctx context.Context, arrivals <-chan joined, start time.Time, report *Report) error {
	period := time.Second / time.Duration(d.cfg.Rate)
	slices := max(1, int(period/slice))
	var w window
	begin := time.Now()
	for step := 0; ; step++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if len(d.conns) < d.cfg.Clients {
			if err := d.adopt(arrivals); err != nil {
				return err
			}
			if len(d.conns) == d.cfg.Clients {
				report.JoinS = time.Since(start).Seconds()
				now, err := usageOf(d.cfg.Watch)
				if err != nil {
					return err
				}
				report.JoinCPUS = (now.CPU - d.before.CPU).Seconds()
				w.opens = time.Now().Add(d.cfg.Warm)
				w.closes = w.opens.Add(d.cfg.Window)
				d.phase(Joined)
			}
		}

		// Slices are due at fixed times, so that lateness does not add up.
		due := begin.Add(time.Duration(step/slices)*period + time.Duration(step%slices)*period/time.Duration(slices))
		if err := d.wait(due); err != nil {
			return err
		}
		now := time.Now()
		if err := d.open(&w, now); err != nil {
			return err
		}
		if d.measure && !now.Before(w.closes) {
			return d.close(&w, now, report)
		}
		if d.measure {
			note(d.stats.late, now.Sub(due))
		}
		if late := now.Sub(due); late > period {
			// Hopelessly late: what was not sent meanwhile is not made up for.
			begin = begin.Add(late)
		}
		for i := step % slices; i < len(d.conns); i += slices {
			d.turn(d.conns[i], step/slices)
		}
	}
}

// open begins to measure, if it is time.
func (d *driver) open(w *window, now time.Time) (err error) {
	if d.measure || w.opens.IsZero() || now.Before(w.opens) {
		return nil
	}
	d.measure = true
	d.stats.reset()
	if w.used, err = d.watch(); err != nil {
		return err
	}
	w.opened = time.Now()
	d.phase(Measuring)
	return nil
}

// close writes what was measured into the report.
func (d *driver) close(w *window, now time.Time, report *Report) error {
	d.stats.report(report, d.cfg.Clients, now.Sub(w.opened))
	at, err := d.watch()
	if err != nil {
		return err
	}
	cpu := at.server.CPU - w.used.server.CPU
	report.CPUS = cpu.Seconds()
	report.OthersCPUS = max(0, at.busy-w.used.busy-cpu-(at.self-w.used.self)).Seconds()
	report.RSSAfter = at.server.RSS
	d.phase(Measured)
	return nil
}

// watched is what was used until some moment.
type watched struct {
	server     Usage
	self, busy time.Duration // of the loader, of all programs
}

// watch returns what was used so far, if that is to be reported.
func (d *driver) watch() (w watched, err error) {
	if len(d.cfg.Watch) == 0 {
		return w, nil
	}
	if w.server, err = usageOf(d.cfg.Watch); err != nil {
		return w, err
	}
	self, err := UsageOf(os.Getpid())
	if err != nil {
		return w, err
	}
	w.self = self.CPU
	w.busy, err = busyTime()
	return w, err
}

// adopt takes over the clients that have joined.
func (d *driver) adopt(arrivals <-chan joined) error {
	for {
		select {
		case j := <-arrivals:
			if j.err != nil {
				return j.err
			}
			d.fds = append(d.fds, j.fd)
			c := &conn{fd: j.fd, number: j.number, tls: j.tls, r: j.r}
			stride := max(1, d.cfg.Clients/probes)
			if c.probe = len(d.conns)%stride == 0; c.probe {
				ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(d.conns))}
				if err := unix.EpollCtl(d.poller, unix.EPOLL_CTL_ADD, c.fd, &ev); err != nil {
					return fmt.Errorf("load: %w", err)
				}
			}
			d.conns = append(d.conns, c)
		default:
			return nil
		}
	}
}

// wait reads the probes until the time has come.
func (d *driver) wait(due time.Time) error {
	for {
		left := time.Until(due)
		n, err := unix.EpollWait(d.poller, d.events[:], int(max(0, left+time.Millisecond-1)/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("load: %w", err)
		}
		now := time.Now()
		for _, ev := range d.events[:max(n, 0)] {
			d.drain(d.conns[ev.Fd], now)
		}
		if !now.Before(due) {
			return nil
		}
	}
}

// turn is one tick of one client.
func (d *driver) turn(c *conn, tick int) {
	if c.fd >= 0 && !c.probe {
		d.drain(c, time.Time{})
	}
	if c.fd < 0 || d.cfg.SendEvery == 0 || (tick+c.number)%d.cfg.SendEvery != 0 {
		return
	}
	if len(c.rest) > 0 {
		if d.measure {
			d.stats.blocked++
		}
		d.send(c, c.rest, true)
		return
	}
	d.out = appendFrame(d.out[:0], opBinary, func(b []byte) []byte {
		switch {
		case d.cfg.Hello == nil:
			return append(b, make([]byte, d.cfg.InputSize-6)...)
		case d.cfg.AckOnly:
			b = appendAck(b, c.r.newest)
			if n := d.cfg.SayEvery; n > 0 && (tick/d.cfg.SendEvery+c.number)%n == 0 {
				c.seq++
				b = appendSay(b, c.seq, c.number)
			}
			return b
		}
		c.seq++
		d.input = d.input[:0]
		if d.cfg.Hello.Kind == "walkers" {
			d.input = appendWalk(d.input, c.number, c.seq)
		}
		return appendInput(b, c.r.newest, c.seq, d.input)
	})
	if d.measure {
		d.stats.sent++
		d.stats.sentBytes += int64(len(d.out))
	}
	d.say(c, d.out)
}

// say sends what a client has to say, encrypted if need be.
func (d *driver) say(c *conn, p []byte) {
	if c.tls != nil {
		var err error
		if d.sealed, err = c.tls.seal(d.sealed[:0], p); err != nil {
			d.lose(c, fmt.Errorf("write: %w", err))
			return
		}
		p = d.sealed
	}
	d.send(c, p, false)
}

// send writes what the socket takes and keeps the rest.
func (d *driver) send(c *conn, p []byte, kept bool) {
	n, errno := rawWrite(c.fd, p)
	switch errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		n = 0
	default:
		d.lose(c, fmt.Errorf("write: %w", errno))
		return
	}
	if n < len(p) {
		c.rest = append(c.rest[:0], p[n:]...)
	} else if kept {
		c.rest = c.rest[:0]
	}
}

// drain reads what has come for a client.
func (d *driver) drain(c *conn, now time.Time) {
	if c.tls != nil && c.tls.ahead {
		c.tls.ahead = false
		d.decrypt(c, nil, now)
	}
	for c.fd >= 0 {
		n, errno := rawRead(c.fd, d.buf)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0:
			d.lose(c, fmt.Errorf("read: %w", errno))
			return
		case n == 0:
			d.lose(c, errors.New("the server hung up"))
			return
		}
		var there bool
		if c.tls != nil {
			there = d.decrypt(c, d.buf[:n], now)
		} else {
			there = d.take(c, d.buf[:n], now)
		}
		if !there || n < len(d.buf) {
			return
		}
	}
}

// take counts the frames in what a client was sent. It returns whether the client is still there.
func (d *driver) take(c *conn, p []byte, now time.Time) bool {
	for len(p) > 0 {
		k, f, done, err := c.r.next(p)
		if err != nil {
			d.lose(c, err)
			return false
		}
		p = p[k:]
		if done && !d.receive(c, &f, now) {
			return false
		}
	}
	return true
}

// decrypt is take for a client with TLS.
func (d *driver) decrypt(c *conn, p []byte, now time.Time) bool {
	c.tls.under.in = p
	for {
		n, err := c.tls.top.Read(d.plain)
		if n > 0 && !d.take(c, d.plain[:n], now) {
			return false
		}
		switch {
		case errors.Is(err, nothing{}):
			return true
		case errors.Is(err, io.EOF):
			err = errors.New("the server hung up")
		}
		if err != nil {
			d.lose(c, fmt.Errorf("read: %w", err))
			return false
		}
	}
}

// receive counts a frame. It returns whether the client is still there.
func (d *driver) receive(c *conn, f *frame, now time.Time) bool {
	if d.measure {
		d.stats.bytes += int64(f.wire)
		d.stats.payload += int64(f.payload)
	}
	switch f.opcode {
	case opClose:
		d.lose(c, closedBy(f.control))
		return false
	case opPing:
		if len(c.rest) == 0 {
			pong := appendFrame(nil, opPong, func(b []byte) []byte { return append(b, f.control...) })
			d.say(c, pong)
		}
		return c.fd >= 0
	case opBinary, opText:
		if c.probe && !now.IsZero() {
			if d.measure && !c.last.IsZero() {
				note(d.stats.gaps, now.Sub(c.last))
			}
			c.last = now
		}
		if d.measure {
			d.stats.frames++
		}
	}
	return true
}

// lose counts a client that is gone. Its descriptor stays open to the end, so
// that its number can't come to mean another one.
func (d *driver) lose(c *conn, err error) {
	d.errors[err.Error()]++
	if c.probe {
		_ = unix.EpollCtl(d.poller, unix.EPOLL_CTL_DEL, c.fd, nil)
	}
	c.fd = -1
}

// The calls can't block, so the scheduler need not know of them.

func rawRead(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}

func rawWrite(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}

func raiseFileLimit(want int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if limit.Cur >= uint64(want) {
		return nil
	}
	if limit.Max < uint64(want) {
		// Root may go above.
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(want), Max: uint64(want)}); err != nil {
			return fmt.Errorf("load: %d files may be open and %d are needed; raise it with ulimit -n", limit.Max, want)
		}
		return nil
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("load: raising the limit of open files: %w", err)
	}
	return nil
}
