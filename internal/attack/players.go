package attack

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// players are attacks by those who come into rooms.
func players() []Kind {
	return []Kind{
		{Name: "held", Rate: 100, Doc: "has a room made, joins it, acknowledges one tick, and breaks the connection, so that the session is held", run: heldRooms},
		{Name: "churn", Rate: 200, Doc: "joins and leaves again", run: churn},
		{Name: "resume", Rate: 300, Doc: "resumes one session again and again from its first tick, so that all events are repeated", run: resume},
		{Name: "pingers", Rate: 100, Doc: "joins, never reads, and sends nothing but pings and what it says to be acknowledgements", run: pingers},
		{Name: "spectators", Rate: 200, Doc: "watches rooms, by ever new connections", run: spectators},
	}
}

func heldRooms(ctx context.Context, s *Strike) error {
	d := s.dialer()
	askers := make([]asker, 4)
	for i := range askers {
		askers[i].d = d
		defer askers[i].close()
	}
	s.repeat(ctx, len(askers), func(ctx context.Context, w int) error {
		t, err := askers[w].call(ctx, "CreateRoom", `{"kind":"arena","open":true}`)
		if err != nil {
			return err
		}
		path, err := d.path(t.Assignment.URL)
		if err != nil {
			return err
		}
		l, err := d.open(ctx, path)
		if err != nil {
			return err
		}
		defer l.Close()
		welcome, f, err := l.join(&tickroomv1.Hello{Seat: t.Assignment.Seat, Token: t.GuestToken})
		if err != nil {
			return err
		}
		return l.say(&tickroomv1.ClientFrame{Ack: max(f.GetTick(), welcome.GetTick())})
	})
	s.hold(ctx)
	return nil
}

func churn(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, _, err := d.enter(ctx, &tickroomv1.Hello{Kind: "walkers"})
		if err != nil {
			return err
		}
		_, _ = l.Write(frame(nil, ws.OpClose, []byte{0x03, 0xe8}))
		return l.Close()
	})
	return nil
}

// session is one that an attacker has, and can come back into.
type session struct {
	welcome *tickroomv1.Welcome
	l       *line
	command uint32
}

// shout makes events for everybody in the room.
func (v *session) shout(kind string, text string) error {
	v.command++
	// The command's one field that matters is a text numbered 1, in all kinds.
	data := append([]byte{0x0a, byte(len(text))}, text...)
	id := uint32(1)
	if kind == "arena" {
		id = 2
	}
	return v.l.say(&tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: v.command, Command: id, Data: data}}})
}

func resume(ctx context.Context, s *Strike) error {
	d := s.dialer()
	l, w, err := d.enter(ctx, &tickroomv1.Hello{Kind: "arena"})
	if err != nil {
		return err
	}
	v := &session{welcome: w, l: l}
	text := string(make([]byte, 0, 120))
	for len(text) < 100 {
		text += "spam "
	}
	// Something to be repeated, first.
	first := uint32(0)
	for range 5 {
		_ = v.l.SetDeadline(time.Now().Add(2 * time.Second))
		p, err := v.l.next()
		if err != nil {
			return err
		}
		f := new(tickroomv1.ServerFrame)
		if proto.Unmarshal(p, f) == nil && f.GetTick() > 0 {
			first = f.GetTick()
		}
		if err := v.shout("arena", text); err != nil {
			return err
		}
	}
	_ = v.l.Close()
	token := w.GetSession()
	s.repeat(ctx, 1, func(ctx context.Context, _ int) error {
		l, err := d.open(ctx, "/ws")
		if err != nil {
			return err
		}
		defer l.Close()
		back, _, err := l.join(&tickroomv1.Hello{Kind: w.GetKind(), Room: w.GetRoom(), Resume: token, ResumeTick: first})
		if err != nil {
			return err
		}
		token = cmp.Or(back.GetSession(), token)
		_ = l.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
		_, _ = io.Copy(io.Discard, l.r)
		return nil
	})
	return nil
}

func pingers(ctx context.Context, s *Strike) error {
	d := s.dialer()
	var mu sync.Mutex
	var all []*session
	var pings sync.WaitGroup
	defer pings.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pings.Go(func() {
		for sleep(ctx, 500*time.Millisecond) {
			mu.Lock()
			for _, v := range all {
				_ = v.l.SetWriteDeadline(time.Now().Add(time.Millisecond))
				_, _ = v.l.Write(frame(nil, ws.OpPing, []byte("are you there?")))
				_ = v.l.say(&tickroomv1.ClientFrame{Ping: &tickroomv1.Ping{ClientTimeUs: 1}})
			}
			mu.Unlock()
		}
	})
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, w, err := d.enter(ctx, &tickroomv1.Hello{Kind: "arena"})
		if err != nil {
			return err
		}
		mu.Lock()
		all = append(all, &session{welcome: w, l: l})
		mu.Unlock()
		s.keep(l)
		return nil
	})
	s.hold(ctx)
	return nil
}

func spectators(ctx context.Context, s *Strike) error {
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		l, _, err := d.enter(ctx, &tickroomv1.Hello{Kind: "arena", Spectate: true, Name: rand.Text()[:8]})
		if err != nil {
			return err
		}
		s.keep(l)
		return nil
	})
	s.hold(ctx)
	return nil
}

// floods are attacks by players who send more than they should.
func floods() []Kind {
	return []Kind{
		{Name: "chat", Rate: 400, Doc: "chats to a whole room, from as many connections as it gets in", run: flood("arena", func(v *session, n int) error {
			return v.shout("arena", fmt.Sprint("spam spam spam spam spam spam spam ", n))
		})},
		{Name: "comments", Rate: 1000, Doc: "comments in a live room, from as many connections as it gets in", run: flood("danmaku", func(v *session, n int) error { return v.shout("danmaku", fmt.Sprint("spam ", n)) })},
		{Name: "answers", Rate: 1000, Doc: "answers in a quiz, whether asked or not", run: flood("quiz", answer)},
		{Name: "inputs", Rate: 3000, Doc: "sends inputs and acknowledgements as fast as it may", run: flood("walkers", input)},
		{Name: "mismatches", Rate: 1000, Doc: "says again and again that its state's hash is not the server's", run: flood("arena", func(v *session, _ int) error { return v.l.say(&tickroomv1.ClientFrame{Mismatch: true}) })},
		{Name: "renewals", Rate: 400, Doc: "sends forged tokens within a session", run: flood("walkers", func(v *session, _ int) error { return v.l.say(&tickroomv1.ClientFrame{Token: forge("EdDSA", "")}) })},
	}
}

func answer(v *session, n int) error {
	v.command++
	return v.l.say(&tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: v.command, Command: 1, Data: []byte{0x08, byte(n & 0x7f), 0x10, 1}}}})
}

func input(v *session, n int) error {
	v.command++
	return v.l.say(&tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: v.command}}, Ack: uint32(n)})
}

// flooders is how many players a flood has.
const flooders = 40

// flood returns an attack by players of a kind, who come back when they are put out.
func flood(kind string, send func(v *session, n int) error) func(ctx context.Context, s *Strike) error {
	return func(ctx context.Context, s *Strike) error {
		d := s.dialer()
		all := make([]*session, flooders)
		var drains sync.WaitGroup
		defer drains.Wait()
		defer s.release()
		s.repeat(ctx, 4, func(ctx context.Context, w int) error {
			n := int(s.done.Load())
			i := w + 4*(n%(flooders/4)) // each worker has players of its own
			if all[i] == nil {
				l, welcome, err := d.enter(ctx, &tickroomv1.Hello{Kind: kind})
				if err != nil {
					return err
				}
				v := &session{welcome: welcome, l: l}
				all[i] = v
				s.keep(l)
				drains.Go(func() {
					for {
						if _, err := l.next(); err != nil {
							if !errors.Is(err, io.EOF) {
								s.refused(err.Error())
							}
							_ = l.Close()
							return
						}
					}
				})
			}
			_ = all[i].l.SetWriteDeadline(time.Now().Add(time.Second))
			err := send(all[i], n)
			if err != nil {
				all[i] = nil
			}
			return err
		})
		return nil
	}
}
