// Package bustest has the tests that every bus must pass, and what they are written with.
package bustest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/world"
)

// limit is how long something may take that has to happen.
const limit = 60 * time.Second

// Ear is a bus.Listener that remembers what it hears.
type Ear struct {
	mu     sync.Mutex
	places int // how many messages it takes; less than 0: all
	heard  []*bus.Message
	states []string // "deaf", "hears" and "missed", with "message" in between
	change chan struct{}
}

// NewEar returns a listener that takes so many messages; less than 0: all.
func NewEar(places int) *Ear { return &Ear{places: places, change: make(chan struct{})} }

func (e *Ear) changed() {
	close(e.change)
	e.change = make(chan struct{})
}

// Hear implements bus.Listener.
func (e *Ear) Hear(m *bus.Message) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.places == 0 {
		return false
	}
	e.places--
	e.heard = append(e.heard, m)
	e.note("message")
	return true
}

// note adds what happens, once if it happens again and again.
func (e *Ear) note(what string) {
	if len(e.states) == 0 || e.states[len(e.states)-1] != what {
		e.states = append(e.states, what)
	}
	e.changed()
}

// Deaf implements bus.Listener.
func (e *Ear) Deaf(string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.note("deaf")
}

// Hears implements bus.Listener.
func (e *Ear) Hears(_ string, missed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if missed {
		e.note("missed")
		return
	}
	e.note("hears")
}

// Places sets how many more messages it takes.
func (e *Ear) Places(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.places = n
}

// Heard returns what it has heard.
func (e *Ear) Heard() []*bus.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// States returns what has happened, in a row.
func (e *Ear) States() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.states, " ")
}

// Texts returns the messages as texts.
func (e *Ear) Texts() (all []string) {
	for _, m := range e.Heard() {
		all = append(all, string(m.Data))
	}
	return all
}

// Await waits until something is so.
func (e *Ear) Await(t *testing.T, what string, so func(e *Ear) bool) {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		e.mu.Lock()
		change := e.change
		e.mu.Unlock()
		if so(e) {
			return
		}
		select {
		case <-change:
		case <-timer.C:
			t.Fatalf("not within %v: %s; it is %q, with %d messages", limit, what, e.States(), len(e.Heard()))
		}
	}
}

// AwaitState waits until the last thing that has happened is one.
func (e *Ear) AwaitState(t *testing.T, state string) {
	t.Helper()
	e.Await(t, state, func(e *Ear) bool { return strings.HasSuffix(e.States(), state) })
}

// AwaitCount waits until it has heard so many messages.
func (e *Ear) AwaitCount(t *testing.T, n int) {
	t.Helper()
	e.Await(t, fmt.Sprint(n, " messages"), func(e *Ear) bool { return len(e.Heard()) >= n })
}

// Want fails the test if the messages are not these texts, after so many have come.
func (e *Ear) Want(t *testing.T, want ...string) {
	t.Helper()
	e.AwaitCount(t, len(want))
	if got := e.Texts(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

// Listen has an ear listen, and waits until it hears.
func Listen(t *testing.T, b bus.Bus, topic string, since world.Since, e *Ear) bus.Subscription {
	t.Helper()
	s := b.Subscribe(topic, since, e)
	e.Await(t, "it hears", func(e *Ear) bool { return strings.Contains(e.States(), "hears") })
	return s
}

// Texts returns n texts that begin alike.
func Texts(begins string, n int) (all []string) {
	for i := range n {
		all = append(all, begins+strconv.Itoa(i+1))
	}
	return all
}

// Posts returns messages for a topic.
func Posts(topic string, texts ...string) (all []world.Post) {
	for _, s := range texts {
		all = append(all, world.Post{Topic: topic, ID: 7, Type: "game.Note", Data: []byte(s)})
	}
	return all
}

// Post posts a message of a backend, and fails the test if it can't.
func Post(t *testing.T, b bus.Bus, topic, key, text string) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	n, err := b.Post(ctx, &bus.Draft{Topic: topic, Key: key, ID: 7, Type: "game.Note", Data: []byte(text)})
	if err != nil || n == 0 {
		t.Fatalf("posted as %d: %v", n, err)
	}
	return n
}

// Keep is what the tests' buses keep of a topic.
var Keep = bus.Keep{Age: time.Hour, Messages: 1000, Bytes: 64 << 20, Keys: time.Hour}

// Suite runs the tests. open returns a function that opens the bus of another server, until the
// test ends; of all those of one call, each hears what the others post.
func Suite(t *testing.T, open func(t *testing.T, keep bus.Keep) (server func() bus.Bus)) {
	for name, test := range map[string]func(t *testing.T, open func(t *testing.T, keep bus.Keep) (server func() bus.Bus)){
		"order": order, "since": since, "keys": keys, "otherBody": otherBody, "aFullListener": full, "trimming": trimming, "ends": ends,
		"manyTopics": manyTopics, "data": data, "crowd": crowd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

type opener = func(t *testing.T, keep bus.Keep) (server func() bus.Bus)

// order: all hear the same, in the order in which each has posted.
func order(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	one, two := NewEar(-1), NewEar(-1)
	Listen(t, a, "news", world.Now, one)
	Listen(t, b, "news", world.Now, two)
	a.Send("x", Posts("news", Texts("x", 20)...))
	b.Send("y", Posts("news", Texts("y", 20)...))
	Post(t, b, "news", "", "backend")
	for _, e := range []*Ear{one, two} {
		e.AwaitCount(t, 41)
		last := uint64(0)
		from := map[string][]string{}
		for _, m := range e.Heard() {
			if m.Number <= last || m.Topic != "news" || m.ID != 7 || m.Type != "game.Note" {
				t.Errorf("after %d: %+v", last, m)
			}
			last = m.Number
			from[m.From] = append(from[m.From], string(m.Data))
		}
		if !slices.Equal(from["x"], Texts("x", 20)) || !slices.Equal(from["y"], Texts("y", 20)) || !slices.Equal(from[""], []string{"backend"}) {
			t.Errorf("heard %v", from)
		}
	}
	if !slices.Equal(one.Texts(), two.Texts()) {
		t.Errorf("the orders are %q and %q", one.Texts(), two.Texts())
	}
}

// since: who comes later hears what is kept, or what comes.
func since(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	Post(t, a, "news", "", "1")
	Post(t, a, "news", "", "2")
	now, start := NewEar(-1), NewEar(-1)
	Listen(t, b, "news", world.Now, now)
	Listen(t, b, "news", world.Start, start)
	start.AwaitCount(t, 2)
	again := NewEar(-1)
	Listen(t, b, "news", world.Start, again)
	Post(t, a, "news", "", "3")
	now.Want(t, "3")
	start.Want(t, "1", "2", "3")
	again.Want(t, "1", "2", "3")
	if got := start.States(); got != "hears message" {
		t.Error(got)
	}
}

// keys: a message with a key is posted once.
func keys(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	e, other := NewEar(-1), NewEar(-1)
	Listen(t, a, "gifts", world.Now, e)
	Listen(t, a, "room/r", world.Now, other)
	var numbers [8]uint64
	var wg sync.WaitGroup
	for i := range numbers {
		wg.Go(func() { numbers[i] = Post(t, []bus.Bus{a, b}[i%2], "gifts", "k", "rose") })
	}
	wg.Wait()
	for _, n := range numbers {
		if n != numbers[0] {
			t.Errorf("the numbers are %v", numbers)
		}
	}
	Post(t, b, "room/r", "k", "the key of another topic")
	Post(t, b, "gifts", "k2", "lily")
	Post(t, b, "gifts", "", "1")
	Post(t, b, "gifts", "", "1")
	e.Want(t, "rose", "lily", "1", "1")
	other.Want(t, "the key of another topic")
	if m := e.Heard()[0]; m.Key != "k" || m.Number != numbers[0] || m.From != "" {
		t.Errorf("%+v", m)
	}
}

// otherBody: a key that was used is refused for another message, and the first one stays.
func otherBody(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	e := NewEar(-1)
	Listen(t, a, "gifts", world.Now, e)
	draft := func(id uint32, typ, data string) *bus.Draft {
		return &bus.Draft{Topic: "gifts", Key: "k", ID: id, Type: typ, Data: []byte(data)}
	}
	first, err := a.Post(t.Context(), draft(1, "v1.Gift", "rose"))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []bus.Bus{a, b} {
		for _, d := range []*bus.Draft{draft(1, "v1.Gift", "lily"), draft(1, "v1.Other", "rose"), draft(2, "v1.Gift", "rose"), draft(1, "v1.Gift", "")} {
			if n, err := from.Post(t.Context(), d); !errors.Is(err, bus.ErrKey) || n != 0 {
				t.Errorf("%s %d %q with the key of another message: %d, %v", d.Type, d.ID, d.Data, n, err)
			}
		}
		if n, err := from.Post(t.Context(), draft(1, "v1.Gift", "rose")); err != nil || n != first {
			t.Errorf("the same once more: %d, %v; the first one was %d", n, err, first)
		}
		if n, err := from.Posted(t.Context(), draft(1, "v1.Gift", "rose")); err != nil || n != first {
			t.Errorf("the same was posted as %d, %v; the first one was %d", n, err, first)
		}
		if n, err := from.Posted(t.Context(), draft(1, "v1.Gift", "lily")); !errors.Is(err, bus.ErrKey) || n != 0 {
			t.Errorf("another message was posted with the key: %d, %v", n, err)
		}
		for _, d := range []*bus.Draft{{Topic: "gifts", Key: "none"}, {Topic: "others", Key: "k"}, {Topic: "gifts"}} {
			if n, err := from.Posted(t.Context(), d); err != nil || n != 0 {
				t.Errorf("topic %q, key %q: %d, %v; nothing was posted with it", d.Topic, d.Key, n, err)
			}
		}
	}
	Post(t, b, "gifts", "", "last")
	e.Want(t, "rose", "last")
}

// full: a listener without a place gets all of it later.
func full(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	for _, topic := range []string{"news", "room/full"} {
		e, free := NewEar(3), NewEar(-1)
		s := Listen(t, b, topic, world.Now, e)
		Listen(t, b, topic, world.Now, free)
		a.Send("x", Posts(topic, Texts("", 10)...))
		free.AwaitCount(t, 10)
		e.Want(t, Texts("", 3)...)
		e.Places(4)
		s.Resume()
		e.Want(t, Texts("", 7)...)
		a.Send("x", Posts(topic, "11"))
		free.AwaitCount(t, 11)
		e.Places(-1)
		s.Resume()
		e.Want(t, Texts("", 11)...)
		a.Send("x", Posts(topic, "12"))
		e.Want(t, Texts("", 12)...)
		if got := e.States(); got != "hears message" {
			t.Error(got)
		}
	}
}

// trimming: of what is not kept the listener is told that it has missed it.
func trimming(t *testing.T, open opener) {
	keep := Keep
	keep.Messages = 10
	server := open(t, keep)
	a, b := server(), server()
	e := NewEar(3)
	s := Listen(t, b, "news", world.Now, e)
	a.Send("x", Posts("news", Texts("", 5)...))
	e.AwaitCount(t, 3)
	a.Send("x", Posts("news", Texts("more ", 30)...))
	Post(t, a, "news", "", "last")
	e.Places(-1)
	s.Resume()
	e.AwaitCount(t, 13)
	e.Want(t, append(Texts("", 3), append(Texts("more ", 30)[21:], "last")...)...)
	if got := e.States(); got != "hears message missed message" {
		t.Error(got)
	}
	// Who begins with what is kept misses nothing.
	late := NewEar(-1)
	Listen(t, b, "news", world.Start, late)
	late.AwaitCount(t, 10)
	if got := late.States(); got != "hears message" {
		t.Error(got)
	}
}

// ends: nothing comes after a subscription's end, and another one begins anew.
func ends(t *testing.T, open opener) {
	server := open(t, Keep)
	a := server()
	e, witness := NewEar(-1), NewEar(-1)
	for range 3 {
		s := Listen(t, a, "news", world.Now, e)
		s.Close()
		s.Close()
		s.Resume()
	}
	Listen(t, a, "news", world.Now, witness)
	Post(t, a, "news", "", "1")
	witness.Want(t, "1")
	Listen(t, a, "news", world.Now, e)
	Post(t, a, "news", "", "2")
	e.Want(t, "2")
}

// manyTopics: each hears its own, be they rooms', players' or free.
func manyTopics(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	ears := map[string]*Ear{}
	for i := range 40 {
		for _, begins := range []string{"room/", "player/", "show/"} {
			topic := begins + strconv.Itoa(i)
			ears[topic] = NewEar(-1)
			Listen(t, []bus.Bus{a, b}[i%2], topic, world.Now, ears[topic])
		}
	}
	for topic := range ears {
		a.Send("x", Posts(topic, topic, "end"))
	}
	for topic, e := range ears {
		e.Want(t, topic, "end")
	}
}

// data: what is posted comes as it is.
func data(t *testing.T, open opener) {
	server := open(t, Keep)
	a, b := server(), server()
	e := NewEar(-1)
	Listen(t, b, "data", world.Now, e)
	long := bytes.Repeat([]byte{0, 0xff, '\r', '\n', '$'}, world.MaxPost/5)
	for _, d := range []string{"", "\x00", string(long), "é", ""} {
		a.Send("x", Posts("data", d))
	}
	e.Want(t, "", "\x00", string(long), "é", "")
}

// crowd: many post at once, to few topics, and some who listen come and go.
func crowd(t *testing.T, open opener) {
	server := open(t, Keep)
	servers := []bus.Bus{server(), server(), server()}
	const senders, each = 6, 100
	topics := []string{"a", "b", "room/c"}
	ears := map[string][]*Ear{}
	for _, topic := range topics {
		for _, s := range servers {
			e := NewEar(-1)
			Listen(t, s, topic, world.Now, e)
			ears[topic] = append(ears[topic], e)
		}
	}
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			b := servers[i%len(servers)]
			for n := range each {
				for _, topic := range topics {
					if i == 0 {
						Post(t, b, topic, strconv.Itoa(n), strconv.Itoa(n))
					} else if lost := b.Send(strconv.Itoa(i), Posts(topic, strconv.Itoa(n))); lost > 0 {
						t.Errorf("%d are lost", lost)
					}
				}
				if n%20 == 0 {
					e := NewEar(-1)
					s := b.Subscribe(topics[n%3], world.Start, e)
					e.AwaitState(t, "message")
					s.Close()
				}
			}
		})
	}
	wg.Wait()
	for topic, all := range ears {
		for _, e := range all {
			e.AwaitCount(t, senders*each)
			next := map[string]int{}
			for _, m := range e.Heard() {
				if string(m.Data) != strconv.Itoa(next[m.From]) {
					t.Errorf("%s: %q of %q, want %d", topic, m.Data, m.From, next[m.From])
				}
				next[m.From]++
			}
		}
	}
}
