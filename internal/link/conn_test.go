package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Messages take their time there and back, whoever closes first gets its last bytes through, and
// nothing is left over.
func TestConn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, below := net.Pipe()
		c := NewLink(Profile{Up: Direction{Delay: 30}, Down: Direction{Delay: 20}}, 1).Conn(below)
		go func() { // an echo
			buf := make([]byte, 100)
			for {
				n, err := server.Read(buf)
				if err != nil {
					_ = server.Close()
					return
				}
				if _, err := server.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		for range 10 {
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 499*time.Millisecond || took > 510*time.Millisecond {
			t.Errorf("ten round trips of 50 ms took %v", took)
		}
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		var timeout net.Error
		if _, err := c.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("a read after its deadline: %v", err)
		}
		if c.RemoteAddr() != below.RemoteAddr() || c.LocalAddr() != below.LocalAddr() {
			t.Error("it has addresses of its own")
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		<-time.After(time.Second)
		if _, err := below.Write([]byte("x")); err == nil {
			t.Error("the connection below is open still")
		}
	})
}

// A writer waits when as much as a socket takes is under way.
func TestConnIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, below := net.Pipe()
		c := NewLink(Profile{Up: Direction{Rate: 64 << 10}}, 1).Conn(below)
		go func() { _, _ = io.Copy(io.Discard, server) }()
		began := time.Now()
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 10*time.Second || took > 16*time.Second {
			t.Errorf("a megabyte at 64 KB a second, of which 256 KB wait in the line, was taken in %v", took)
		}
		_ = c.Close()
		_ = server.Close()
		<-time.After(10 * time.Second) // what was under way is found to be lost when it arrives
	})
}

func TestProxy(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Profile: Profile{Up: Direction{Delay: 10, Jitter: 1}, Down: Direction{Delay: 10}}, Seed: 1, To: server.Addr().String(), Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, ln) }()

	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	sent := bytes.Repeat([]byte("0123456789"), 50_000)
	go func() {
		_, _ = c.Write(sent)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came back: %v", len(got), len(sent), err)
	}
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("there and back in %v", took)
	}
	_ = c.Close()

	// One that goes on is closed when the proxy ends.
	c, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Connections != 2 || s.Up != int64(len(sent))+1 || s.Down != s.Up || s.Longest < 10*time.Millisecond {
		t.Errorf("%+v", s)
	}
	if _, err := io.ReadAll(c); err == nil {
		return
	}
}
