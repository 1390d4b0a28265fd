package redisfault

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxOpen bounds the calls of a line that are not answered yet. Further ones wait.
	maxOpen = 4096
	// writeTimeout is how long either side may take to take something.
	writeTimeout = 10 * time.Second
)

// line is one connection of a client, and that to the redis-server which belongs to it.
type line struct {
	p              *Proxy
	client, server net.Conn
	// fates are what becomes of the answers that are to come, the oldest first.
	fates chan fate
	// silent means that something was lost: the client hears nothing any more.
	silent atomic.Bool

	mu sync.Mutex // calls are sent one after another, each with its fate

	// The goroutine that reads calls.
	multi  bool // the client is in the middle of a transaction
	lost   bool // a call is lost, and so are those after it
	passes bool // whatever comes is passed on; it is a subscription
}

// fate is what becomes of an answer.
type fate struct {
	fault Fault
	// swallow is set for the answer to what the client did not send.
	swallow bool
	// subscribes is set if no answers are counted from here on.
	subscribes bool
}

func newLine(p *Proxy, client, server net.Conn) *line {
	return &line{p: p, client: client, server: server, fates: make(chan fate, maxOpen)}
}

// run carries calls and answers until both sides are done.
func (l *line) run() {
	var wg sync.WaitGroup
	wg.Go(l.answers)
	l.calls()
	wg.Wait()
	l.cut()
}

// cut breaks both connections.
func (l *line) cut() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// calls passes on what the client sends, until it sends no more. What it has sent still
// arrives when it is gone.
func (l *line) calls() {
	var late sync.WaitGroup // repeated calls
	r := bufio.NewReaderSize(l.client, lineBuffer)
	for {
		b, err := appendCall(nil, r)
		if err != nil {
			break
		}
		l.p.pass()
		if l.passes {
			err = write(l.server, b)
		} else {
			err = l.call(b, &late)
		}
		if err != nil {
			l.cut()
			break
		}
	}
	late.Wait()
	if c, ok := l.server.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // it may have failed already
	}
}

// call does with a call what is planned for it.
func (l *line) call(b []byte, late *sync.WaitGroup) error {
	c := parse(b)
	c.bound = l.multi
	switch c.Name {
	case "MULTI":
		l.multi = true
	case "EXEC", "DISCARD", "RESET":
		l.multi = false
	}
	if l.lost {
		return nil
	}
	f := l.p.decide(&c)
	switch f.Kind {
	case LoseCall:
		l.lost = true
		l.silent.Store(true)
		return nil
	case CutCall:
		l.cut()
		return net.ErrClosed
	case DelayCall:
		l.p.hold(f.After)
	}
	if subscribes[c.Name] {
		late.Wait() // the answers are counted no more from here on
		l.passes = true
	}
	if err := l.send(b, fate{fault: f, subscribes: l.passes}); err != nil || f.Kind != Repeat {
		return err
	}
	late.Go(func() {
		l.p.hold(f.After)
		l.p.pass()
		_ = l.send(b, fate{swallow: true}) // if not, the line has ended
	})
	return nil
}

func (l *line) send(b []byte, f fate) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.fates <- f:
	case <-l.p.end:
		return net.ErrClosed
	}
	return write(l.server, b)
}

// answers passes on what the redis-server says, until it says no more. The client may be gone
// by then.
func (l *line) answers() {
	r := bufio.NewReaderSize(l.server, lineBuffer)
	var a arrival
	deaf := false // the client hears nothing any more
	for {
		b, err := appendValue(nil, r)
		if err != nil {
			_ = l.client.Close() // the client is to notice, even if it says nothing
			return
		}
		f := a.fate(l.fates, b[0] == '>')
		if f.fault.Kind == DelayAnswer {
			l.p.hold(f.fault.After)
		}
		l.p.pass()
		switch {
		case f.swallow || deaf:
		case f.fault.Kind == LoseAnswer:
			l.silent.Store(true)
			deaf = true
		case f.fault.Kind == CutAnswer:
			_ = write(l.client, b[:(len(b)+1)/2])
			l.cut()
			return
		default:
			deaf = write(l.client, b) != nil
		}
	}
}

// arrival finds the fates of answers.
type arrival struct {
	passes bool  // it is a subscription by now
	next   *fate // taken off the fates, and its answer has not come
}

// fate returns that of an answer. What nobody has asked for, such as a push, has none.
func (a *arrival) fate(fates <-chan fate, push bool) fate {
	if a.passes {
		return fate{}
	}
	if a.next == nil {
		select {
		case f := <-fates:
			a.next = &f
		default:
			return fate{}
		}
	}
	f := *a.next
	if push && !f.subscribes {
		return fate{}
	}
	a.next, a.passes = nil, f.subscribes
	return f
}

func write(c net.Conn, b []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}
