package socket

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// sink takes what a frame reader finds. Slices are valid during the call only. An error
// stops the reader.
type sink interface {
	message(text bool, msg []byte) error
	control(op byte, payload []byte) error
}

// reader is the receiving side of RFC 6455 on a server: bytes in, cut anywhere, messages
// and control frames out. It does no I/O, and between frames it owns no memory.
//
// Lengths that are not written in the fewest bytes are accepted, as every other server
// does, although the RFC forbids them.
type reader struct {
	max  int  // bytes of a message
	text bool // text messages are allowed
	part *partial
}

// partial is what a reader keeps while a frame or a message is incomplete.
type partial struct {
	head  [maxHeader]byte // a header of which nhead bytes have arrived
	nhead int

	frame header // the frame being read, and
	left  int    // how much of its payload is missing

	ctrl  [maxControlLength]byte // payload of an incomplete control frame
	nctrl int

	op        byte   // of the message being read; 0 if there is none
	msg       []byte // its payload so far
	fragments int
	utf8      textCheck
}

// keepBuffer is the biggest buffer that goes back to a pool.
const keepBuffer = 64 << 10

var partials = sync.Pool{New: func() any { return new(partial) }}

// open returns the partial, new if there is none.
func (r *reader) open() *partial {
	if r.part == nil {
		r.part = partials.Get().(*partial)
	}
	return r.part
}

// tidy drops the partial if nothing is incomplete.
func (r *reader) tidy() {
	if p := r.part; p != nil && p.op == 0 && p.nhead == 0 && p.left == 0 {
		r.drop()
	}
}

// drop forgets what is incomplete.
func (r *reader) drop() {
	p := r.part
	if p == nil {
		return
	}
	r.part = nil
	buf := p.msg[:0]
	if cap(buf) > keepBuffer {
		buf = nil
	}
	*p = partial{msg: buf}
	partials.Put(p)
}

// maxFragments bounds the frames of one message, empty ones included.
func (r *reader) maxFragments() int { return 128 + r.max/8 }

// feed reads b, which it unmasks in place. An error is final: the reader must not be used
// again, but for drop.
func (r *reader) feed(b []byte, to sink) error {
	for len(b) > 0 {
		if p := r.part; p != nil && p.left > 0 {
			n := min(p.left, len(b))
			if err := r.piece(p, b[:n]); err != nil {
				return err
			}
			b = b[n:]
			if p.left == 0 {
				if err := r.end(p, to); err != nil {
					return err
				}
			}
			continue
		}
		h, n, ok, err := r.next(b)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		b = b[n:]
		if h.length > len(b) {
			p := r.open()
			p.frame, p.left, p.nctrl = h, h.length, 0
			if !h.control() {
				if err := r.fragment(p, h); err != nil {
					return err
				}
			}
			continue
		}
		payload := b[:h.length]
		b = b[h.length:]
		mask(payload, h.key)
		if err := r.whole(h, payload, to); err != nil {
			return err
		}
	}
	return nil
}

// next reads a header from b, which may continue one that began earlier, and returns how
// many bytes of b it took. If the header is still incomplete all of b was kept.
func (r *reader) next(b []byte) (h header, n int, ok bool, err error) {
	p := r.part
	if p == nil || p.nhead == 0 {
		h, n, err = r.parse(b)
		if n > 0 || err != nil {
			return h, n, true, err
		}
		p = r.open()
		p.nhead = copy(p.head[:], b)
		return h, 0, false, nil
	}
	had := p.nhead
	got := copy(p.head[had:], b)
	h, n, err = r.parse(p.head[:had+got])
	if n > 0 || err != nil {
		p.nhead = 0
		r.tidy()
		return h, n - had, true, err
	}
	p.nhead += got
	return h, 0, false, nil
}

// parse reads and judges the header at the start of b. It returns its size, or 0 if b is
// too short for a verdict.
func (r *reader) parse(b []byte) (h header, size int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.op, h.fin = b[0]&0x0F, b[0]&bitFin != 0
	short := uint64(b[1] &^ bitMask)
	if v := r.judge(h, b[0], b[1], short); v != nil {
		return h, 0, v
	}
	size = 2
	length := short
	switch short {
	case length16:
		if len(b) < 4 {
			return h, 0, nil
		}
		length, size = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case length64:
		if len(b) < 10 {
			return h, 0, nil
		}
		length, size = binary.BigEndian.Uint64(b[2:]), 10
		if length > math.MaxInt64 {
			return h, 0, violation(closecode.ProtocolError, "length with its top bit set")
		}
	}
	if !h.control() && length > uint64(r.max-r.size()) {
		return h, 0, tooBig(r.max)
	}
	if len(b) < size+4 {
		return h, 0, nil
	}
	h.length = int(length)
	h.key = binary.LittleEndian.Uint32(b[size:])
	return h, size + 4, nil
}

// judge returns what is wrong with the first two bytes of a header, or nil.
func (r *reader) judge(h header, first, second byte, short uint64) *CloseError {
	if first&bitsRsv != 0 {
		return violation(closecode.ProtocolError, "reserved bit set")
	}
	inside := r.part != nil && r.part.op != 0 // a fragmented message
	switch h.op {
	case opContinuation:
		if !inside {
			return violation(closecode.ProtocolError, "continuation of nothing")
		}
	case opText, opBinary:
		if inside {
			return violation(closecode.ProtocolError, "new message inside a fragmented one")
		}
	case opClose, opPing, opPong:
		if !h.fin {
			return violation(closecode.ProtocolError, "fragmented control frame")
		}
		if short > maxControlLength {
			return violation(closecode.ProtocolError, "control frame over 125 bytes")
		}
	default:
		return violation(closecode.ProtocolError, "reserved opcode")
	}
	if second&bitMask == 0 {
		return violation(closecode.ProtocolError, "frame without a mask")
	}
	if h.op == opText && !r.text {
		return violation(closecode.UnsupportedData, "text messages are not spoken here")
	}
	return nil
}

// size returns how much of the current message has arrived so far.
func (r *reader) size() int {
	if r.part == nil {
		return 0
	}
	return len(r.part.msg)
}

// whole handles a frame whose payload has arrived in one piece, and is unmasked.
func (r *reader) whole(h header, payload []byte, to sink) error {
	if h.control() {
		return to.control(h.op, payload)
	}
	if h.fin && h.op != opContinuation {
		if h.op == opText {
			var check textCheck
			if !check.add(payload) || !check.done() {
				return errText()
			}
		}
		return to.message(h.op == opText, payload)
	}
	p := r.open()
	if err := r.fragment(p, h); err != nil {
		return err
	}
	if err := p.add(payload); err != nil {
		return err
	}
	return r.finish(p, h.fin, to)
}

// fragment opens a message or counts its continuation.
func (r *reader) fragment(p *partial, h header) error {
	if h.op != opContinuation {
		p.op, p.fragments = h.op, 0
	}
	if p.fragments++; p.fragments > r.maxFragments() {
		return violation(closecode.Policy, "message in too many fragments")
	}
	return nil
}

// piece takes a part of the payload of an incomplete frame.
func (r *reader) piece(p *partial, b []byte) error {
	p.frame.key = mask(b, p.frame.key)
	p.left -= len(b)
	if p.frame.control() {
		p.nctrl += copy(p.ctrl[p.nctrl:], b)
		return nil
	}
	return p.add(b)
}

// end handles an incomplete frame that has become whole.
func (r *reader) end(p *partial, to sink) error {
	if !p.frame.control() {
		return r.finish(p, p.frame.fin, to)
	}
	err := to.control(p.frame.op, p.ctrl[:p.nctrl])
	r.tidy()
	return err
}

// add appends to the message. The buffer grows with what arrives, not with what a header
// promises.
func (p *partial) add(b []byte) error {
	if p.op == opText && !p.utf8.add(b) {
		return errText()
	}
	p.msg = append(p.msg, b...)
	return nil
}

// finish delivers the message if this was its last frame.
func (r *reader) finish(p *partial, fin bool, to sink) error {
	if !fin {
		return nil
	}
	text := p.op == opText
	if text && !p.utf8.done() {
		return errText()
	}
	err := to.message(text, p.msg)
	p.op, p.msg = 0, p.msg[:0]
	r.tidy()
	return err
}

func tooBig(limit int) *CloseError {
	return violation(closecode.TooBig, fmt.Sprintf("a message of more than %d bytes", limit))
}

func errText() *CloseError { return violation(closecode.InvalidData, "text is not UTF-8") }
