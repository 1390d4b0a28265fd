package socket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// securedPair makes the two ends of TLS after a handshake, both in memory.
func securedPair(t testing.TB, version uint16) (server, client *bottom) {
	t.Helper()
	a, b := net.Pipe()
	server, client = &bottom{net: a}, &bottom{net: b}
	srv := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate()}, SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true})
	cli := tls.Client(client, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, DynamicRecordSizingDisabled: true})
	done := make(chan error, 1)
	go func() { done <- cli.Handshake() }()
	if err := errors.Join(srv.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	_, _ = server.handOver(srv), client.handOver(cli)
	return server, client
}

// wired is a connection that ticks drive, with TLS, and the other end of its socket.
type wired struct {
	*rawConn
	peer   int
	client *bottom
}

func wire(t testing.TB, g *Gateway, version uint16) *wired {
	t.Helper()
	server, client := securedPair(t, version)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &wired{newRaw(g, detached{fds[0] + 1}, nil, server, nil), fds[1], client}
	g.seat(&pending{onEnd: func() {}}, w.rawConn)
	t.Cleanup(func() {
		w.Close(closecode.Lost, "")
		_ = unix.Close(w.peer)
	})
	return w
}

// FuzzRecords: however the bytes of a client's records are cut, the messages in them arrive; and if
// a bit of them is wrong, those before it do, and nothing that was not sent.
func FuzzRecords(f *testing.F) {
	g, err := New(Options{MaxMessage: 16 << 10, Logger: slog.New(slog.DiscardHandler), OnHello: newRoom(f).onHello})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0, 1, 2, 3, 100, 255}, []byte{0, 1, 2, 3, 255}, uint32(0), false)
	f.Add([]byte{5, 4, 3, 255, 254}, []byte{}, uint32(0), true)
	f.Add([]byte{9, 8, 7}, []byte{3, 3, 3}, uint32(333), false)
	f.Add([]byte{9, 8, 7}, []byte{1, 100}, uint32(1), true)
	f.Fuzz(func(t *testing.T, sizes, cuts []byte, flip uint32, old bool) {
		version := uint16(tls.VersionTLS13)
		if old {
			version = tls.VersionTLS12
		}
		w := wire(t, g, version)
		stream, want := talk(t, w.client, sizes[:min(len(sizes), 32)])
		if flip > 0 && len(stream) > 0 {
			bit := int(flip) % (8 * len(stream))
			stream[bit/8] ^= 1 << (bit % 8)
		}
		var (
			got []string
			err error
		)
		scratch := make([]byte, 4096)
		take := func(msg []byte) error { got = append(got, string(msg)); return nil }
		for len(stream) > 0 && err == nil {
			n := len(stream)
			if len(cuts) > 0 {
				n, cuts = int(cuts[0])*int(cuts[0])/16+1, cuts[1:]
			}
			piece := stream[:min(n, len(stream), 8<<10)]
			stream = stream[len(piece):]
			if _, err := unix.Write(w.peer, piece); err != nil {
				break // it has hung up
			}
			for range 1 + len(piece)/(len(scratch)/2) {
				err = w.Poll(scratch, take)
			}
		}
		if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("got %d messages, %.100q, want %.100q", len(got), got, want)
		}
		if flip > 0 {
			return
		}
		if err := w.Poll(scratch, take); err != nil || len(got) != len(want) {
			t.Fatalf("got %d messages of %d: %v", len(got), len(want), err)
		}
		w.answers(t)
	})
}

// talk has a client say messages of some sizes, and returns the bytes and the messages. Some come two to
// a record, some as several.
func talk(t testing.TB, client *bottom, sizes []byte) (stream []byte, messages []string) {
	t.Helper()
	var plain []byte
	for i, size := range sizes {
		p := fmt.Sprint(i, strings.Repeat("x", int(size)*int(size)/8))
		messages = append(messages, p)
		plain = append(plain, binaryFrame(p)...)
		if size%2 == 1 && i < len(sizes)-1 {
			continue
		}
		for _, piece := range [][]byte{plain[:len(plain)/3], plain[len(plain)/3:]} {
			var err error
			if stream, err = client.seal(stream, piece); err != nil {
				t.Fatal(err)
			}
		}
		plain = nil
	}
	return stream, messages
}

// answers sends the client something, which it must understand.
func (w *wired) answers(t testing.TB) {
	t.Helper()
	if err := w.SendReliable(payload("an answer")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := unix.Read(w.peer, buf)
	if err != nil {
		t.Fatal(err)
	}
	w.client.in = buf[:n]
	plain := make([]byte, 4096)
	if n, err = w.client.top.Read(plain); err != nil || string(plain[:n]) != "\x82\x09an answer" {
		t.Fatalf("%q, %v", plain[:n], err)
	}
}
