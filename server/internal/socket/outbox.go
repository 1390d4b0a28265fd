package socket

import (
	"sync"
	"time"
)

// outbox holds the bytes the kernel has not taken yet, oldest first. Empty, it owns no
// memory. Its bound is kept by its users.
type outbox struct {
	buf   *buffer
	off   int       // bytes of buf already taken
	since time.Time // when a byte was last taken, or the first one came in
}

type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// newBuffer returns an empty buffer, which is to be freed once.
func newBuffer() *buffer {
	buf := buffers.Get().(*buffer)
	buf.b = buf.b[:0]
	return buf
}

// free gives the buffer to whoever needs one next.
func (buf *buffer) free() {
	if cap(buf.b) <= keepBuffer {
		buffers.Put(buf)
	}
}

// len returns the number of bytes that wait.
func (o *outbox) len() int {
	if o.buf == nil {
		return 0
	}
	return len(o.buf.b) - o.off
}

// bytes returns what waits. It is valid until the outbox is changed.
func (o *outbox) bytes() []byte {
	if o.buf == nil {
		return nil
	}
	return o.buf.b[o.off:]
}

// fill makes room for appending and returns the buffer to append to.
func (o *outbox) fill() *buffer {
	if o.buf == nil {
		o.buf, o.off, o.since = newBuffer(), 0, time.Now()
	}
	if o.off > 0 && o.off >= len(o.buf.b)/2 {
		o.buf.b = append(o.buf.b[:0], o.buf.b[o.off:]...)
		o.off = 0
	}
	return o.buf
}

func (o *outbox) add(b []byte) {
	buf := o.fill()
	buf.b = append(buf.b, b...)
}

// took notes that the kernel has taken n bytes.
func (o *outbox) took(n int) {
	if n == 0 {
		return
	}
	o.off += n
	o.since = time.Now()
	if o.off == len(o.buf.b) {
		o.drop()
	}
}

// drop forgets what waits.
func (o *outbox) drop() {
	buf := o.buf
	if buf == nil {
		return
	}
	o.buf, o.off, o.since = nil, 0, time.Time{}
	buf.free()
}

// stuck reports whether nothing of what waits has been taken for longer than limit.
func (o *outbox) stuck(limit time.Duration) bool {
	return o.buf != nil && time.Since(o.since) > limit
}
