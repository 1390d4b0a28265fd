package playback

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	subprotocol = "tickroom.v1"
	// maxMessage is the longest message of a page, in bytes.
	maxMessage = 64 << 10
	// takes is how long a page may take for a message, or until it says hello.
	takes = 10 * time.Second
	// waiting is how many frames may wait for a page. With more it is skipped: the next one brings it to now.
	waiting = 4
)

// screen is the connection of a page that shows a replay. Its fields are the playhead's goroutine's, but for what
// comes from the page.
type screen struct {
	conn  *websocket.Conn
	out   chan []byte // frames; full: the page is skipped
	bye   chan closing
	input uint32 // number of the newest input
	sent  uint32 // newest tick
}

type closing struct {
	code   int
	reason string
}

// close ends the connection, once.
func (s *screen) close(code int, reason string) {
	select {
	case s.bye <- closing{code, reason}:
	default: // it is ending
	}
}

// put hands a frame to the page, and reports whether it takes it.
func (s *screen) put(frame []byte) bool {
	select {
	case s.out <- frame:
		return true
	default:
		return false
	}
}

// show sends what there is to be seen.
func (s *screen) show(v *view, now uint32) {
	if now == s.sent || len(s.out) == cap(s.out) || !v.down.Due(s.sent, now) {
		return
	}
	frame, err := v.append(nil, now, s.input)
	if err != nil { // events were forgotten, which it was to be told: let it join anew
		s.close(closecode.SessionGone, err.Error())
		return
	}
	s.sent = now
	s.put(frame)
}

// watch serves a page's connection.
func (s *Show) watch(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return // it was answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	first, hello, err := readHello(ctx, conn)
	if err != nil {
		_ = conn.Close(closecode.BadHello, err.Error())
		return
	}
	head := s.head(hello.GetRoom())
	if head == nil {
		_ = conn.Close(closecode.NoSuchRoom, "open /replay: it has a page for this")
		return
	}
	c := &screen{conn: conn, out: make(chan []byte, waiting), bye: make(chan closing, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.write(ctx)
		cancel()
	}()
	head.do(func() { head.attach(c, hello, first) })
	c.read(ctx, head)
	cancel()
	<-done
}

// readHello reads the first message.
func readHello(ctx context.Context, conn *websocket.Conn) (*netcode.ClientFrame, *tickroomv1.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, takes)
	defer cancel()
	_, b, err := conn.Read(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("no hello: %w", err)
	}
	f, hello := &netcode.ClientFrame{}, &tickroomv1.Hello{}
	if err := f.Parse(b); err != nil {
		return nil, nil, err
	}
	return f, hello, proto.Unmarshal(f.Hello, hello)
}

// write sends frames until the connection is to end.
func (s *screen) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-s.bye:
			// What the page has not taken is of no use any more.
			_ = s.conn.Close(websocket.StatusCode(b.code), b.reason)
			return
		case frame := <-s.out:
			ctx, cancel := context.WithTimeout(ctx, takes)
			err := s.conn.Write(ctx, websocket.MessageBinary, frame)
			cancel()
			if err != nil {
				return
			}
		}
	}
}

// read hands over what the page says, until the connection ends.
func (s *screen) read(ctx context.Context, head *Playhead) {
	for {
		_, b, err := s.conn.Read(ctx)
		if err != nil {
			head.do(func() { head.detach(s) })
			return
		}
		f := &netcode.ClientFrame{}
		if err := f.Parse(b); err != nil {
			s.close(closecode.BadMessage, err.Error())
			continue
		}
		head.do(func() { head.hear(s, f) })
	}
}
