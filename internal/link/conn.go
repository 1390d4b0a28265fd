package link

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// window is how many bytes may be under way in a direction. Whoever sends more waits, as for a
	// socket's buffer.
	window = 256 << 10
	// chunk is how many bytes are read at once.
	chunk = 16 << 10
)

// Conn returns a connection that reads and writes conn over the line. Closing it closes conn, once what
// was written has arrived.
func (l *Link) Conn(conn net.Conn) net.Conn {
	near, far := net.Pipe()
	start := time.Now()
	c := &lined{Conn: near, over: conn}
	go func() {
		_ = transfer(conn, far, l.Up, start, nil, nil)
		_ = conn.Close()
	}()
	go func() {
		_ = transfer(far, conn, l.Down, start, nil, nil)
		_ = far.Close()
	}()
	return c
}

// lined is a connection over a line, which has the addresses of the one below.
type lined struct {
	net.Conn
	over net.Conn
}

func (c *lined) LocalAddr() net.Addr  { return c.over.LocalAddr() }
func (c *lined) RemoteAddr() net.Addr { return c.over.RemoteAddr() }

// transfer moves bytes from one connection to another, each at its time, until there are no more: then it
// returns nil, when all have arrived. If it can't read or write it returns why, and what was under way is
// lost; so it is when halt is closed.
func transfer(to io.Writer, from io.Reader, lane *Lane, start time.Time, halt <-chan struct{}, count func(bytes int, took time.Duration)) error {
	q := &queue{}
	q.moved.L = &q.mu
	var reading error
	done := make(chan struct{})
	go func() {
		defer close(done)
		reading = q.fill(from, lane, start)
		q.end()
	}()
	err := q.drain(to, start, halt, count)
	if err != nil {
		q.stop()
		if c, ok := from.(io.Closer); ok {
			_ = c.Close() // what is being read
		}
	}
	<-done
	if err == nil && !errors.Is(reading, io.EOF) && !errors.Is(reading, io.ErrClosedPipe) {
		err = reading
	}
	return err
}

// queue is what is under way in a direction.
type queue struct {
	mu      sync.Mutex
	moved   sync.Cond // something came, went or ended
	parcels []parcel
	bytes   int
	ended   bool // nothing comes any more
	stopped bool // nobody takes anything any more
}

// parcel is some bytes and when they arrive, in milliseconds since the start.
type parcel struct {
	at, sent float64
	content  []byte
}

func since(start time.Time) float64 { return float64(time.Since(start)) / float64(time.Millisecond) }

// fill reads until that fails, and returns why; nil: the queue was stopped.
func (q *queue) fill(from io.Reader, lane *Lane, start time.Time) error {
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		q.mu.Lock()
		for q.bytes >= window && !q.stopped {
			q.moved.Wait()
		}
		if q.stopped {
			q.mu.Unlock()
			return nil
		}
		now := since(start)
		if n > 0 {
			q.parcels = append(q.parcels, parcel{lane.Arrival(now, n), now, append([]byte(nil), buf[:n]...)})
			q.bytes += n
		} else if err != nil {
			// The end takes as long as what comes before it.
			q.parcels = append(q.parcels, parcel{at: lane.Arrival(now, 0), sent: now})
		}
		q.moved.Broadcast()
		q.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.moved.Broadcast()
}

func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.moved.Broadcast()
}

// next waits for the next parcel; false: there is none any more.
func (q *queue) next() (parcel, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.parcels) == 0 && !q.ended {
		q.moved.Wait()
	}
	if len(q.parcels) == 0 {
		return parcel{}, false
	}
	return q.parcels[0], true
}

// taken notes that the first parcel has arrived.
func (q *queue) taken() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= len(q.parcels[0].content)
	q.parcels[0] = parcel{}
	q.parcels = q.parcels[1:]
	q.moved.Broadcast()
}

// drain writes what arrives, when it does.
func (q *queue) drain(to io.Writer, start time.Time, halt <-chan struct{}, count func(bytes int, took time.Duration)) error {
	for {
		p, ok := q.next()
		if !ok {
			return nil
		}
		if wait := p.at - since(start); wait > 0 {
			select {
			case <-time.After(time.Duration(wait * float64(time.Millisecond))):
			case <-halt:
				return net.ErrClosed
			}
		}
		if len(p.content) > 0 {
			if _, err := to.Write(p.content); err != nil {
				return err
			}
			if count != nil {
				count(len(p.content), time.Duration((p.at-p.sent)*float64(time.Millisecond)))
			}
		}
		q.taken()
	}
}
