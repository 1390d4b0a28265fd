package attack

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/client"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// line is a WebSocket as attackers have it: without care.
type line struct {
	net.Conn
	r *bufio.Reader
}

// upgrade returns the header of a WebSocket's handshake.
func upgrade(host, path string, more ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: " + client.Subprotocol + "\r\n" +
		strings.Join(more, "") + "\r\n"
}

// open opens a WebSocket.
func (d *dialer) open(ctx context.Context, path string, more ...string) (*line, error) {
	c, err := d.dial(ctx, "http/1.1")
	if err != nil {
		return nil, err
	}
	l := &line{Conn: c, r: bufio.NewReaderSize(c, 4096)}
	if err := l.upgrade(upgrade(d.target.host(), path, more...)); err != nil {
		_ = c.Close()
		return nil, err
	}
	return l, nil
}

func (l *line) upgrade(header string) error {
	_ = l.SetDeadline(time.Now().Add(dialLimit))
	if _, err := io.WriteString(l, header); err != nil {
		return err
	}
	status, err := l.header()
	if err != nil {
		return err
	}
	if !strings.Contains(status, " 101 ") {
		return errors.New("handshake: " + status)
	}
	return nil
}

// header reads the head of an HTTP answer, and returns its first line.
func (l *line) header() (string, error) {
	first := ""
	for {
		b, err := l.r.ReadSlice('\n')
		if err != nil {
			return first, err
		}
		text := strings.TrimRight(string(b), "\r\n")
		if first == "" {
			first = text
		}
		if text == "" {
			return first, nil
		}
	}
}

// frame appends a client's frame.
func frame(b []byte, op ws.OpCode, payload []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	// A mask of zeros is as good as any other, and costs nothing.
	return append(append(b, 0, 0, 0, 0), payload...)
}

// say sends a frame of the protocol.
func (l *line) say(m *tickroomv1.ClientFrame) error {
	p, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = l.Write(frame(nil, ws.OpBinary, p))
	return err
}

// next returns the payload of the next message. A close frame is an error that says its code.
func (l *line) next() ([]byte, error) {
	for {
		h, err := ws.ReadHeader(l.r)
		if err != nil {
			return nil, err
		}
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(l.r, p); err != nil {
			return nil, err
		}
		switch h.OpCode {
		case ws.OpClose:
			if len(p) >= 2 {
				return nil, fmt.Errorf("closed with %d: %s", binary.BigEndian.Uint16(p), p[2:])
			}
			return nil, errors.New("closed")
		case ws.OpBinary, ws.OpText, ws.OpContinuation:
			return p, nil
		}
	}
}

// join says hello and waits for the welcome, with what comes along.
func (l *line) join(h *tickroomv1.Hello) (*tickroomv1.Welcome, *tickroomv1.ServerFrame, error) {
	h.Version = 1
	if err := l.say(&tickroomv1.ClientFrame{Hello: h}); err != nil {
		return nil, nil, err
	}
	for {
		p, err := l.next()
		if err != nil {
			return nil, nil, err
		}
		f := new(tickroomv1.ServerFrame)
		if err := proto.Unmarshal(p, f); err != nil {
			return nil, nil, err
		}
		if f.GetWelcome() != nil {
			return f.GetWelcome(), f, nil
		}
	}
}

// enter opens a WebSocket and joins by it.
func (d *dialer) enter(ctx context.Context, h *tickroomv1.Hello) (*line, *tickroomv1.Welcome, error) {
	l, err := d.open(ctx, "/ws")
	if err != nil {
		return nil, nil, err
	}
	w, _, err := l.join(h)
	if err != nil {
		_ = l.Close()
		return nil, nil, err
	}
	_ = l.SetDeadline(time.Time{})
	return l, w, nil
}

// post is a request of the matchmaking service, as bytes.
func post(host, method, body string, more ...string) string {
	return "POST /tickroom.v1.MatchmakingService/" + method + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: " +
		fmt.Sprint(len(body)) + "\r\n" + strings.Join(more, "") + "\r\n" + body
}

// asker calls by one connection, which it opens anew when it is lost.
type asker struct {
	d *dialer
	l *line
}

// ask sends a request and returns the answer's body. An answer that is not 200 is an error.
func (a *asker) ask(ctx context.Context, request string) ([]byte, error) {
	if a.l == nil {
		c, err := a.d.dial(ctx, "http/1.1")
		if err != nil {
			return nil, err
		}
		a.l = &line{Conn: c, r: bufio.NewReader(c)}
	}
	body, err := a.exchange(ctx, request)
	if err != nil {
		var s *status
		if !errors.As(err, &s) {
			a.close()
		}
	}
	return body, err
}

// status is an answer that is not 200.
type status struct{ text string }

func (s *status) Error() string { return s.text }

func (a *asker) exchange(ctx context.Context, request string) ([]byte, error) {
	l := a.l
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Now()) })
	defer stop()
	_ = l.SetDeadline(time.Now().Add(2 * dialLimit))
	if _, err := io.WriteString(a.l, request); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(a.l.r, nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.Close {
		a.close()
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &status{fmt.Sprintf("%s: %.120s", resp.Status, strings.TrimSpace(string(body)))}
	}
	return body, err
}

func (a *asker) close() {
	if a.l != nil {
		_ = a.l.Close()
		a.l = nil
	}
}

func newReader(c net.Conn) *bufio.Reader { return bufio.NewReaderSize(c, 4096) }

// stream reads the head of the answer of a stream, as Connect has it, and returns what reads its
// messages one by one.
func (l *line) stream() (next func() ([]byte, error), err error) {
	resp, err := http.ReadResponse(l.r, nil) //nolint:bodyclose // it is read until the connection ends
	if err != nil {
		return nil, err
	}
	body := resp.Body // it ends with the connection
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(&status{resp.Status}, body.Close())
	}
	return func() ([]byte, error) {
		var head [5]byte
		if _, err := io.ReadFull(body, head[:]); err != nil {
			return nil, err
		}
		b := make([]byte, binary.BigEndian.Uint32(head[1:]))
		_, err := io.ReadFull(body, b)
		return b, err
	}, nil
}
