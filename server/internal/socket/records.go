package socket

import "encoding/binary"

const (
	recordHeader    = 5        // bytes of a TLS record's header
	recordData      = 16 << 10 // the most that a record carries
	recordMost      = 96       // bytes that a record is longer than what it carries, at most
	recordHandshake = byte(22) // type of a record of a handshake; in TLS 1.3 only before its keys are known
)

// records finds where TLS records begin and end in bytes that are cut anywhere. A record's
// header, RFC 8446 section 5.1, is in the clear: type, version, length. It judges nothing; that
// is for TLS.
type records struct {
	head [recordHeader]byte // of the record that is being read, and
	have uint8              // how many of its bytes have come
	left uint16             // bytes of the record's body that are missing
}

// next takes the bytes at the beginning of b that belong to the record that is being read. It
// returns how many they are, and whether the record is whole with them.
func (r *records) next(b []byte) (n int, whole bool) {
	if r.have < recordHeader {
		n = copy(r.head[r.have:], b)
		if r.have += uint8(n); r.have < recordHeader {
			return n, false
		}
		r.left = binary.BigEndian.Uint16(r.head[3:])
	}
	body := min(int(r.left), len(b)-n)
	n += body
	if r.left -= uint16(body); r.left > 0 {
		return n, false
	}
	r.have = 0
	return n, true
}

// size returns the bytes of the record that has become whole just now.
func (r *records) size() int { return recordHeader + int(binary.BigEndian.Uint16(r.head[3:])) }

// handshake takes all of b and returns the bytes of the records of a handshake that have become whole.
func (r *records) handshake(b []byte) (size int) {
	for len(b) > 0 {
		n, whole := r.next(b)
		b = b[n:]
		if whole && r.head[0] == recordHandshake {
			size += r.size()
		}
	}
	return size
}

// sealedSize bounds how many bytes n bytes are when they are encrypted.
func sealedSize(n int) int { return n + (n/recordData+1)*recordMost }
