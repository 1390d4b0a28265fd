package attack

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/gobwas/ws"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// connections are attacks by those who connect, and never come into a room.
func connections() []Kind {
	return []Kind{
		{Name: "silent", Rate: 2000, Doc: "opens connections that say nothing", run: silent},
		{Name: "handshakes", Rate: 1000, Doc: "opens WebSockets and closes them at once", run: handshakes},
		{Name: "tls", Rate: 300, Doc: "begins TLS handshakes, has the server sign, and goes away", run: tlsHandshakes, unfit: tlsOnly},
		{Name: "upgrades", Rate: 300, Doc: "opens WebSockets and says no hello", run: upgrades},
		{Name: "hellos", Rate: 500, Doc: "says hellos that are wrong: kinds, rooms, names, options, seats and sessions that there are not", run: wrongHellos},
		{Name: "tokens", Rate: 300, Doc: "says hellos with tokens whose signature is not right", run: forgedHellos},
		{Name: "garbage", Rate: 300, Doc: "opens WebSockets and sends frames of random bytes", run: garbage},
	}
}

func silent(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.tcp(ctx, "")
		if err != nil {
			return err
		}
		s.keep(c)
		if s.holds() > 3000 { // so that the attacker, too, has descriptors left
			s.release()
		}
		return nil
	})
	s.hold(ctx)
	return nil
}

func handshakes(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, err := d.open(ctx, "/ws")
		if err != nil {
			return err
		}
		return l.Close()
	})
	return nil
}

// clientHello returns the first record of a TLS handshake. It can be sent again and again: the
// server has to agree on a key and to sign each time, the attacker has nothing to do.
func clientHello(t *Target) ([]byte, error) {
	cfg, err := t.tls("http/1.1")
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	defer theirs.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(ours, cfg).Handshake() // it fails: nobody answers
	}()
	head := make([]byte, 5)
	_, err = io.ReadFull(theirs, head)
	rest := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if err == nil {
		_, err = io.ReadFull(theirs, rest)
	}
	_ = ours.Close()
	<-done
	return slices.Concat(head, rest), err
}

func tlsHandshakes(ctx context.Context, s *Strike) error {
	hello, err := clientHello(s.Target)
	if err != nil {
		return err
	}
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.tcp(ctx, "")
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		if _, err = c.Write(hello); err != nil {
			return err
		}
		_, err = io.ReadFull(c, make([]byte, 600)) // until it has signed
		return err
	})
	return nil
}

func upgrades(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, err := d.open(ctx, "/ws")
		if err != nil {
			return err
		}
		s.keep(l)
		return nil
	})
	s.hold(ctx)
	return nil
}

// greet says a hello by a connection of its own, and returns what the server said.
func (s *Strike) greet(ctx context.Context, h *tickroomv1.Hello) error {
	l, _, err := s.dialer().enter(ctx, h)
	if err != nil {
		return err
	}
	return l.Close()
}

func wrongHellos(ctx context.Context, s *Strike) error {
	long := rand.Text() + rand.Text() + rand.Text()
	all := []func() *tickroomv1.Hello{
		func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: rand.Text()} },
		func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Room: "walkers-" + rand.Text()} },
		func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Name: long} },
		func() *tickroomv1.Hello {
			return &tickroomv1.Hello{Kind: "walkers", Options: map[string]string{rand.Text(): "1"}}
		},
		func() *tickroomv1.Hello { return &tickroomv1.Hello{Seat: rand.Text() + rand.Text()} },
		func() *tickroomv1.Hello {
			return &tickroomv1.Hello{Kind: "walkers", Room: "walkers-" + rand.Text(), Resume: rand.Text(), ResumeTick: 7}
		},
		func() *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "quiz-show"} },
	}
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error { return s.greet(ctx, all[s.done.Load()%int64(len(all))]()) })
	return nil
}

func forgedHellos(ctx context.Context, s *Strike) error {
	algs := []string{"EdDSA", "RS256", "HS256"}
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		return s.greet(ctx, &tickroomv1.Hello{Kind: "walkers", Token: forge(algs[s.done.Load()%3], "")})
	})
	return nil
}

func garbage(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, err := d.open(ctx, "/ws")
		if err != nil {
			return err
		}
		defer l.Close()
		p := make([]byte, 2000)
		_, _ = rand.Read(p)
		_ = l.SetDeadline(time.Now().Add(time.Second))
		switch s.done.Load() % 3 {
		case 0: // no frame at all
			_, err = l.Write(p)
		case 1: // a frame that is no message of the protocol
			_, err = l.Write(frame(nil, ws.OpBinary, p))
		default: // a fragment of a message that never ends
			_, err = l.Write(append([]byte{0x02}, frame(nil, ws.OpContinuation, p)[1:]...))
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, l.r)
		if err == nil {
			err = errors.New("closed")
		}
		return err
	})
	return nil
}
