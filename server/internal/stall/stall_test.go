package stall_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/stall"
)

// ended is what a handler of the tests has come to.
type ended struct {
	read, wrote int
	err         error
}

// site serves, for HTTP/1.1 and HTTP/2: /read reads the body, /write answers with long bytes, /stream says a word now
// and one when the test lets it, /bare is excepted. What the first two have come to is in the channel.
type site struct {
	*httptest.Server
	done chan ended
	word chan struct{}
}

const long = 8 << 20

func serve(t *testing.T, l stall.Limits) *site {
	t.Helper()
	s := &site{done: make(chan ended, 16), word: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/read", func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		s.done <- ended{read: int(n), err: err}
	})
	mux.HandleFunc("/write", func(w http.ResponseWriter, _ *http.Request) {
		n, err := w.Write(make([]byte, long))
		s.done <- ended{wrote: n, err: err}
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, "one")
		w.(http.Flusher).Flush() //nolint:forcetypeassert // it has it
		select {
		case <-s.word:
			fmt.Fprintln(w, "two")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/bare", func(w http.ResponseWriter, _ *http.Request) {
		_, hijacks := w.(http.Hijacker)
		fmt.Fprint(w, hijacks)
	})
	s.Server = httptest.NewUnstartedServer(stall.Handler(mux, l, func(r *http.Request) bool { return r.URL.Path == "/bare" }))
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	s.Config.Protocols = both
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *site) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// come returns what a handler has come to.
func (s *site) come(t *testing.T) ended {
	t.Helper()
	select {
	case e := <-s.done:
		return e
	case <-t.Context().Done():
	case <-time.After(time.Minute):
	}
	t.Fatal("the request goes on")
	return ended{}
}

var short = stall.Limits{Body: 100 * time.Millisecond, Piece: 100 * time.Millisecond}

func TestABodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := serve(t, short)
	fmt.Fprint(s.dial(t), "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	if e := s.come(t); e.read != 4 || e.err == nil {
		t.Errorf("HTTP/1.1: %+v", e)
	}
	f := s.frames(t, false)
	f.headers(t, 1, "POST", "/read")
	if e := s.come(t); e.err == nil {
		t.Errorf("HTTP/2: %+v", e)
	}
}

func TestAnAnswerThatIsNotTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, short)
	c := s.dial(t)
	_ = c.SetReadBuffer(4 << 10)
	fmt.Fprint(c, "GET /write HTTP/1.1\r\nHost: x\r\n\r\n")
	if e := s.come(t); e.wrote == long || e.err == nil {
		t.Errorf("HTTP/1.1: %+v", e)
	}
	// With a window of nothing not a byte of the answer is ever sent.
	f := s.frames(t, true)
	for i := range uint32(8) {
		f.headers(t, 2*i+1, "GET", "/write")
	}
	for range 8 {
		if e := s.come(t); e.err == nil {
			t.Errorf("HTTP/2: %+v", e)
		}
	}
}

// TestASlowReaderIsWaitedFor takes an answer for far longer than a piece may take.
func TestASlowReaderIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := serve(t, stall.Limits{Piece: 2 * time.Second})
	c := s.dial(t)
	_ = c.SetReadBuffer(64 << 10)
	fmt.Fprint(c, "GET /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	got, began := 0, time.Now()
	b := make([]byte, 64<<10)
	for {
		n, err := c.Read(b)
		if got += n; err != nil {
			break
		}
		if got < long/2 {
			<-time.After(40 * time.Millisecond) // a line that is slow
		}
	}
	if e := s.come(t); e.err != nil || e.wrote != long || got < long {
		t.Errorf("%+v, %d bytes after %v", e, got, time.Since(began))
	}
}

// TestAStreamIsLeftAlone says nothing on one for longer than any limit.
func TestAStreamIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, short)
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	for name, tr := range map[string]*http.Transport{"HTTP/1.1": {}, "HTTP/2": {Protocols: h2}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/stream", strings.NewReader("hello"))
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(resp.Body)
		if line, err := r.ReadString('\n'); line != "one\n" {
			t.Fatal(name, line, err)
		}
		<-time.After(3 * short.Piece)
		s.word <- struct{}{}
		if line, err := r.ReadString('\n'); line != "two\n" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		_ = resp.Body.Close()
		tr.CloseIdleConnections()
		cancel()
	}
}

// TestTheNextRequestOfAConnection is made when the time of the one before is over.
func TestTheNextRequestOfAConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, short)
	c := s.dial(t)
	r := bufio.NewReader(c)
	for _, path := range []string{"/read", "/bare", "/read", "/nowhere", "/bare"} {
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", path)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(path, err)
		}
		b, err := io.ReadAll(resp.Body)
		if path == "/bare" && string(b) != "true" || err != nil {
			t.Errorf("%s: %q, %v", path, b, err)
		}
		<-time.After(2 * short.Piece)
	}
}

// framer is a client of HTTP/2 that sends what it is told, and makes nothing of what comes.
type framer struct{ net.Conn }

// frames begins with settings: the initial window of streams is nothing if closed says so.
func (s *site) frames(t *testing.T, closed bool) framer {
	t.Helper()
	f := framer{s.dial(t)}
	if _, err := io.WriteString(f, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var settings []byte
	if closed {
		settings = []byte{0, 4, 0, 0, 0, 0} // SETTINGS_INITIAL_WINDOW_SIZE
	}
	f.frame(t, 4, 0, 0, settings)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, f)
	}()
	t.Cleanup(func() {
		_ = f.Close()
		<-over
	})
	return f
}

// frame writes a frame (RFC 9113, section 4.1).
func (f framer) frame(t *testing.T, typ, flags byte, stream uint32, payload []byte) {
	t.Helper()
	n := len(payload)
	b := binary.BigEndian.AppendUint32([]byte{byte(n >> 16), byte(n >> 8), byte(n), typ, flags}, stream)
	if _, err := f.Write(append(b, payload...)); err != nil {
		t.Fatal(err)
	}
}

// headers begins a request, which has a body if its method is POST.
func (f framer) headers(t *testing.T, stream uint32, method, path string) {
	t.Helper()
	var b []byte
	for _, h := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "x"}, {":path", path}} {
		// Literal fields without indexing, whose names are new (RFC 7541, section 6.2.2).
		b = append(b, 0)
		for _, s := range h {
			b = append(append(b, byte(len(s))), s...)
		}
	}
	flags := byte(4) // END_HEADERS
	if method == http.MethodGet {
		flags |= 1 // END_STREAM
	}
	f.frame(t, 1, flags, stream, b)
}
