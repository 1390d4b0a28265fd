package replica

import (
	"fmt"
)

// MaxFrame is the most bytes that a frame in parts may have, all of them together.
const MaxFrame = 16 << 20

// parts puts the pieces of a frame together.
type parts struct {
	buf  []byte // what has come
	left int    // what has yet to; 0: nothing is under way
}

// part is one field of that name, taken apart.
type part struct {
	there bool
	left  uint64
	data  []byte
}

func (p *part) parse(b []byte) error {
	p.there = true
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			p.left = uint64(uint32(fd.num))
		case 2<<3 | lengthed:
			p.data = fd.bytes
		}
		b = rest
	}
	return nil
}

// add takes the next piece, and returns the whole if it is the last one.
func (p *parts) add(q part) ([]byte, error) {
	n := len(q.data)
	switch {
	case n == 0:
		return nil, fmt.Errorf("%w: an empty part", ErrMalformed)
	case p.left == 0 && uint64(n)+q.left > MaxFrame:
		return nil, fmt.Errorf("%w: a frame of %d bytes in parts: the limit is %d", ErrMalformed, uint64(n)+q.left, MaxFrame)
	case p.left != 0 && uint64(n)+q.left != uint64(p.left):
		return nil, fmt.Errorf("%w: a part out of place: %d bytes and %d after them, where %d were left", ErrMalformed, n, q.left, p.left)
	}
	if p.left == 0 {
		p.buf = make([]byte, 0, n+int(q.left)) // the last one may still be in use
	}
	p.buf = append(p.buf, q.data...)
	if p.left = int(q.left); p.left > 0 {
		return nil, nil
	}
	whole := p.buf
	p.buf = nil
	return whole, nil
}

// drop forgets the pieces of a frame that is not whole.
func (p *parts) drop() { *p = parts{} }
