package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

func hello(t *testing.T, s *Session) *tickroomv1.Hello {
	t.Helper()
	f := new(tickroomv1.ClientFrame)
	if err := proto.Unmarshal(s.AppendHello(nil), f); err != nil {
		t.Fatal(err)
	}
	return f.GetHello()
}

func TestTokenAndSeat(t *testing.T) {
	t.Parallel()
	cfg := Config{Token: "t1", Seat: "seat"}
	s, err := NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if h := hello(t, s); h.Token != "t1" || h.Seat != "seat" || h.Kind != "" {
		t.Errorf("hello %v", h)
	}
	w := welcome()
	w.PlayerId, w.ExpiresUs = "ann", 5e6
	s.cfg.Schema = walkers.Schema
	if err := feed(t, s, &tickroomv1.ServerFrame{Welcome: w}, 0); err != nil {
		t.Fatal(err)
	}
	if at, ok := s.Expires(); s.PlayerID() != "ann" || !ok || !at.Equal(time.Unix(5, 0)) {
		t.Errorf("player %q until %v %t", s.PlayerID(), at, ok)
	}
	var heard []Auth
	s.OnAuth(func(a Auth) { heard = append(heard, a) })
	for _, a := range []*tickroomv1.Auth{{ExpiresUs: 5e6, Renew: true}, {ExpiresUs: 5e6, Error: "stale"}, {}} {
		if err := feed(t, s, &tickroomv1.ServerFrame{Auth: a}, 0); err != nil {
			t.Fatal(err)
		}
	}
	want := []Auth{{Expires: time.UnixMicro(5e6), Renew: true}, {Expires: time.UnixMicro(5e6), Refused: "stale"}, {}}
	if fmt.Sprint(heard) != fmt.Sprint(want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if _, ok := s.Expires(); ok {
		t.Error("a token that never expires has a time")
	}
	if err := s.SetToken("t2"); err != nil || !s.Ready() {
		t.Fatalf("a new token is not to be sent: %v", err)
	}
	if f := sent(t, s); f.GetToken() != "t2" || sent(t, s) != nil {
		t.Errorf("sent %v", f)
	}
	_ = s.SetToken("t3")
	s.Lost()
	if h := hello(t, s); h.Token != "t3" || h.Seat != "" || h.Resume != "s1" || h.Kind != "walkers" {
		t.Errorf("on coming back: hello %v", h)
	}
	for token, text := range map[string]string{"": "empty", strings.Repeat("x", MaxToken+1): "65537 bytes"} {
		if err := s.SetToken(token); !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), text) {
			t.Errorf("a token of %d bytes: %v", len(token), err)
		}
	}
	if _, err := NewSession(Config{Kind: "x", Token: strings.Repeat("x", MaxToken+1)}); err == nil {
		t.Error("a session with a token of 65537 bytes")
	}
}

// A long token must not make a message that the server would not take.
func TestTokenStaysWithinTheLimit(t *testing.T) {
	t.Parallel()
	s := joined(t, walkers)
	s.SendInput(0, make([]byte, 500))
	_ = s.SetToken(strings.Repeat("x", 700))
	first, _ := s.AppendMessage(nil)
	second, _ := s.AppendMessage(nil)
	if len(first) > 600 || len(second) < 700 || len(second) > 1000 {
		t.Errorf("messages of %d and %d bytes", len(first), len(second))
	}
}

// tokens counts up.
func tokens(n *atomic.Int32) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return fmt.Sprint("t", n.Add(1)), nil }
}

func TestClientRenews(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	url := serve(t, func(p peer) {
		f, err := p.read()
		if err != nil || f.GetHello().GetToken() != "t1" {
			t.Errorf("hello %v, %v", f, err)
		}
		w := welcome()
		w.ServerTimeUs, w.ExpiresUs = 1e6, 3600e6
		p.send(&tickroomv1.ServerFrame{Welcome: w})
		p.send(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 3600e6, Renew: true}})
		p.until(func(f *tickroomv1.ClientFrame) bool { return f.Token == "t2" })
		p.send(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 3600e6, Error: "not yours"}})
		<-closed
	})
	trouble := make(chan error, 4)
	var n atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, url, Options{Config: walkers, TokenSource: tokens(&n), OnTokenError: func(err error) { trouble <- err }})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-trouble; !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), "not yours") {
		t.Errorf("told %v", err)
	}
	close(closed)
	c.Close(CloseNormal, "")
}

func TestClientWithoutSourceIsTold(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	url := serve(t, func(p peer) {
		p.seat()
		p.send(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 3600e6, Renew: true}})
		<-closed
	})
	trouble := make(chan error, 4)
	auths := make(chan Auth, 4)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cfg := walkers
	cfg.Token = "t0"
	c, err := Dial(ctx, url, Options{
		Config: cfg, OnTokenError: func(err error) { trouble <- err },
		Setup: func(s *Session) { s.OnAuth(func(a Auth) { auths <- a }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-trouble; !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), "1970-01-01T01:00:00Z") {
		t.Errorf("told %v", err)
	}
	if a := <-auths; !a.Renew {
		t.Errorf("the program's own callback was told %v", a)
	}
	close(closed)
	c.Close(CloseNormal, "")
}

// closing seats a client with a hold window, closes with a code, and gives the hello
// of the connection that follows.
func closing(t *testing.T, code uint16, hellos chan<- *tickroomv1.Hello, end <-chan struct{}) string {
	var n atomic.Int32
	return serve(t, func(p peer) {
		f, err := p.read()
		if err != nil {
			t.Errorf("server: %v", err)
			return
		}
		hellos <- f.GetHello()
		w := welcome()
		w.HoldSeconds, w.Resumed = 20, f.GetHello().GetResume() != ""
		p.send(&tickroomv1.ServerFrame{Welcome: w})
		if n.Add(1) == 1 {
			_ = p.conn.Close(websocket.StatusCode(code), "so it is")
			return
		}
		<-end
	})
}

func TestClientComesBackWithANewToken(t *testing.T) {
	t.Parallel()
	hellos, end := make(chan *tickroomv1.Hello, 4), make(chan struct{})
	var n atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cfg := walkers
	cfg.Token, cfg.Seat = "t0", "seat"
	c, err := Dial(ctx, closing(t, 4016, hellos, end), Options{Config: cfg, TokenSource: tokens(&n)})
	if err != nil {
		t.Fatal(err)
	}
	if h := <-hellos; h.Token != "t0" || h.Seat != "seat" {
		t.Errorf("first hello %v", h)
	}
	if h := <-hellos; h.Token != "t1" || h.Seat != "" || h.Resume != "s1" {
		t.Errorf("second hello %v", h)
	}
	close(end)
	c.Close(CloseNormal, "")
}

func TestClientStaysAway(t *testing.T) {
	t.Parallel()
	// Without a source of tokens there is no coming back after 4016 either.
	for _, code := range []uint16{4016, 4017, 4018, 4019, 4020} {
		hellos, end := make(chan *tickroomv1.Hello, 4), make(chan struct{})
		close(end)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		c, err := Dial(ctx, closing(t, code, hellos, end), Options{Config: walkers})
		if err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		var ce *CloseError
		if err := c.Err(); !errors.As(err, &ce) || ce.Code != code || len(hellos) != 1 {
			t.Errorf("%d: %v after %d hellos", code, err, len(hellos))
		}
		cancel()
	}
}

func TestTokenSourceFails(t *testing.T) {
	t.Parallel()
	no := errors.New("the account service is away")
	_, err := Dial(t.Context(), "http://127.0.0.1:1", Options{
		Config: walkers, TokenSource: func(context.Context) (string, error) { return "", no },
	})
	if !errors.Is(err, no) || !errors.Is(err, ErrToken) {
		t.Errorf("%v", err)
	}
}

// The renewer alone, in virtual time.
func TestRenewalInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := joined(t, walkers)
		var mu sync.Mutex // for the race detector, which knows of no bubble's order
		var asked []time.Duration
		var told []error
		start := time.Now()
		fail := 2
		c := &Client{s: s, log: slog.New(slog.DiscardHandler), start: start, woken: make(chan struct{}, 1)}
		c.opts.TokenSource = func(context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, time.Since(start))
			if fail--; fail >= 0 {
				return "", errors.New("not now")
			}
			return fmt.Sprint("t", len(asked)), nil
		}
		c.opts.OnTokenError = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, err)
		}
		past := func(d time.Duration) {
			mu.Unlock()
			defer mu.Lock()
			<-time.After(d)
			synctest.Wait()
		}
		r := newRenewer(c)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.run(ctx) }()
		s.Welcome().ServerTimeUs, s.Welcome().ExpiresUs = 1e6, 1e6+600e6
		r.welcomed()
		mu.Lock()
		past(539 * time.Second)
		if len(asked) != 0 {
			t.Errorf("asked at %v, a token that is good for 600 s", asked)
		}
		past(31 * time.Second)
		if len(asked) != 3 || asked[0] != 540*time.Second || len(told) != 2 || sent(t, s).GetToken() != "t3" {
			t.Errorf("asked at %v, told %v", asked, told)
		}
		// An answer makes it good for a hundred seconds, of which a fifth is left.
		r.heard(Auth{Expires: time.UnixMicro(1e6).Add(time.Since(start) + 100*time.Second)})
		before := time.Since(start)
		past(200 * time.Second)
		if len(asked) != 4 || asked[3]-before != 80*time.Second {
			t.Errorf("asked at %v after %v", asked, before)
		}
		// What the server has refused is not offered again.
		if err := r.ready(ctx, "other"); err != nil || len(asked) != 4 {
			t.Errorf("%v; asked at %v", err, asked)
		}
		mu.Unlock()
		if err := r.ready(ctx, "t4"); err != nil || len(asked) != 5 {
			t.Errorf("%v; asked at %v", err, asked)
		}
		if err := r.fetch(ctx, "t6"); err == nil {
			t.Error("the token that was refused was taken again")
		}
		cancel()
		<-done
	})
}
