package quiz

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// wire is a bus that keeps every byte that a house or a client is sent.
type wire struct {
	t       testing.TB
	now     int64
	rooms   []*wired
	posts   []posted
	scratch world.Scratch
}

type posted struct {
	world.Post
	from string
}

// wired is a room on a wire.
type wired struct {
	*world.Room
	game    world.Game
	heard   int
	house   bytes.Buffer // what it was sent, if it is a house
	clients []*wiredClient
}

// wiredClient is a client with all that it was sent.
type wiredClient struct {
	*world.Player
	down netcode.Downlink
	got  bytes.Buffer
}

func (w *wire) add(id string, k world.Kind, options map[string]string) *wired {
	w.t.Helper()
	r, g, err := world.NewRoom(k, world.Setup{ID: id, Seed: 1, Options: options, Now: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	room := &wired{Room: r, game: g}
	w.rooms = append(w.rooms, room)
	return room
}

// join lets a client in, with a house's or a host's roles.
func (w *wire) join(r *wired, name string, host bool) *wiredClient {
	w.t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: uint32(len(r.clients) + 1), Name: name, PlayerID: name}
	var data []byte
	if host {
		p.Roles = []string{"host"}
		data = (&quizv1.Entry{Host: true}).AppendProto(nil)
	}
	if err := r.Join(p, data); err != nil {
		w.t.Fatal(err)
	}
	c := &wiredClient{Player: p, down: netcode.NewDownlink(p.Interest, 1<<20)}
	r.clients = append(r.clients, c)
	return c
}

// command hands a command to the game, and keeps the reply as the client is sent it.
func (w *wire) command(r *wired, c *wiredClient, m interface {
	CommandID() uint32
	AppendProto([]byte) []byte
}) error {
	reply, err := r.HandleCommand(c.Player, m.CommandID(), m.AppendProto(nil), nil)
	c.got.Write(reply)
	if err != nil {
		c.got.WriteString(err.Error())
	}
	return err
}

// step simulates one tick of all rooms.
func (w *wire) step() {
	w.t.Helper()
	w.now += second / 20
	for _, r := range w.rooms {
		r.SetNow(w.now)
		topics, _ := r.Topics()
		for ; r.heard < len(w.posts); r.heard++ {
			p := w.posts[r.heard]
			for _, t := range topics {
				if t.Name != p.Topic {
					continue
				}
				r.house.Write(p.Data)
				if _, err := r.HandleMessage(&world.Posting{Topic: p.Topic, From: p.from, Number: uint64(r.heard + 1)}, p.ID, p.Data); err != nil {
					w.t.Fatalf("%s, %s: %v", r.ID(), p.Topic, err)
				}
			}
		}
		r.Step()
		for _, p := range r.TakePosts() {
			w.posts = append(w.posts, posted{p, r.ID()})
		}
		for _, c := range r.clients {
			frame, err := c.down.AppendSnapshot(nil, &w.scratch, r.Committed(), 0)
			if err != nil {
				w.t.Fatal(err)
			}
			c.got.Write(frame)
			if err := c.down.Ack(r.Committed()); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// heardOf is all that clients and houses were sent while a question could be answered.
type heardOf struct {
	names []string
	bytes [][]byte
}

// playWithKey plays a show of one question with a key, up to when its key is decided, and returns all
// that everybody was sent; then it looks whether the key and the note come.
func playWithKey(t *testing.T, letter, note string) heardOf {
	t.Helper()
	w := &wire{t: t, now: 1_700_000_000_000_000}
	sh := w.add("show", ShowKind(nil), map[string]string{"file": "none"})
	houses := []*wired{w.add("house-1", Kind(), nil), w.add("house-2", Kind(), nil)}
	host := w.join(houses[0], "host", true)
	ann, bob := w.join(houses[0], "ann", false), w.join(houses[1], "bob", false)
	for range 5 {
		w.step()
	}
	// A backend loads the show, so that the key does not come by a house's host.
	file := fmt.Sprintf("mode: elimination\nshuffle: true\nlobby: 1\nseconds: 2\nquestions:\n"+
		"- {text: one, options: [a, b, c], answer: %s, note: %s}\n- {text: two, options: [a, b, c], answer: %s, note: %s}\n", letter, note, letter, note)
	_, err := sh.HandleMessage(&world.Posting{Topic: orderTopic("main"), Number: 1}, (&quizv1.Order{}).MessageID(), (&quizv1.Order{File: file}).AppendProto(nil))
	if err != nil {
		t.Fatal(err)
	}
	s := sh.game.(*show)
	for n := 0; s.phase != quizv1.Phase_PHASE_CLOSED; n++ {
		if n > 20*60 {
			t.Fatal("the question never closed")
		}
		w.step()
		if s.phase == quizv1.Phase_PHASE_OPEN && w.now == s.ask.OpensAt+second/2 {
			for i, c := range []*wiredClient{ann, bob} {
				if err := w.command(houses[i], c, &quizv1.Answer{Question: 1, Option: uint32(i), Run: 1}); err != nil {
					t.Fatal(err)
				}
				_ = w.command(houses[i], c, &quizv1.Answer{Question: 1, Option: 2, Run: 1})
				_ = w.command(houses[i], c, &quizv1.Results{})
			}
			_ = w.command(houses[0], host, &quizv1.Results{})
		}
	}
	for range 3 { // what was posted in the last tick arrives
		w.step()
	}
	var h heardOf
	for i, r := range houses {
		h.names = append(h.names, r.ID())
		h.bytes = append(h.bytes, bytes.Clone(r.house.Bytes()))
		for _, c := range houses[i].clients {
			h.names = append(h.names, c.Name)
			h.bytes = append(h.bytes, bytes.Clone(c.got.Bytes()))
		}
	}
	for range 40 {
		w.step()
	}
	if !bytes.Contains(ann.got.Bytes(), []byte(note)) || !bytes.Contains(houses[1].house.Bytes(), []byte(note)) {
		t.Fatal("the note never came: this test would find nothing")
	}
	return h
}

// TestKeyIsInNoByte plays the same show with different keys, and compares every byte that any house
// or client is sent before the question is closed: as none differs, none has the key in it.
func TestKeyIsInNoByte(t *testing.T) {
	t.Parallel()
	a, b := playWithKey(t, "A", "MARK-ONE"), playWithKey(t, "C", "MARK-TWO")
	for i, name := range a.names {
		if !bytes.Equal(a.bytes[i], b.bytes[i]) {
			n := 0
			for n < min(len(a.bytes[i]), len(b.bytes[i])) && a.bytes[i][n] == b.bytes[i][n] {
				n++
			}
			t.Errorf("%s is sent other bytes with another key, from byte %d of %d and %d on:\n%s", name, n, len(a.bytes[i]), len(b.bytes[i]),
				hex.Dump(a.bytes[i][max(0, n-40):min(n+40, len(a.bytes[i]))]))
		}
		if len(a.bytes[i]) < 500 || bytes.Contains(a.bytes[i], []byte("MARK")) {
			t.Errorf("%s was sent %d bytes, with the note or not enough of them", name, len(a.bytes[i]))
		}
	}
}
