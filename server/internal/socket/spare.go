package socket

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// What TLS keeps for each connection beside its keys are two buffers: of records that come in, and of the
// messages of handshakes. They have the size of the longest record, and of the client's hello, for
// as long as the connection lives, and there is no call that frees them. So what is empty is taken away here; where
// a future crypto/tls names them otherwise nothing is, and a test says so.

const (
	spareFirst = 1 << 10 // bytes of a buffer that is let be, after the handshake
	spareLater = 4 << 10 // the same later, so that what comes often has no buffer made for it each time
)

var spareBuffers = bufferOffsets("rawInput", "hand")

// bufferOffsets returns where in a tls.Conn buffers are.
func bufferOffsets(names ...string) (at []uintptr) {
	for _, name := range names {
		f, ok := reflect.TypeFor[tls.Conn]().FieldByName(name)
		if ok && f.Type == reflect.TypeFor[bytes.Buffer]() {
			at = append(at, f.Offset)
		}
	}
	return at
}

// spare takes away the buffers that are empty and have more than so many bytes. Whoever calls it has read all that
// TLS had to give.
func (b *bottom) spare(most int) {
	for _, at := range spareBuffers {
		buf := (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(b.top), at))
		if buf.Len() == 0 && buf.Cap() > most {
			*buf = bytes.Buffer{}
		}
	}
}
