// Package hookstest has what every hooks.Store must do, as tests.
package hookstest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/hooks"
)

// Bounds are those of the stores that are tested.
var Bounds = hooks.Bounds{Waiting: 5, Dead: 3}

// Suite runs the tests, each on an empty store that open returns, whose bounds are Bounds. open
// closes it when the test ends.
func Suite(t *testing.T, open func(t *testing.T) hooks.Store) {
	for name, test := range map[string]func(t *testing.T, s hooks.Store){
		"letters wait in their order":                 order,
		"letters are read page by page":               pages,
		"each webhook has its own":                    webhooks,
		"what is put in again is passed over":         repeated,
		"what is done is forgotten":                   done,
		"what is buried is dead":                      buried,
		"when too many wait the oldest is dead":       tooMany,
		"when too many are dead the oldest is lost":   tooManyDead,
		"dead letters come back behind all others":    retried,
		"dead letters come back, and push others out": retriedFull,
		"dead letters are forgotten":                  forgotten,
		"a letter is kept as it is":                   whole,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 123_000_000, time.UTC)

func letter(id string, to ...string) hooks.Letter {
	if to == nil {
		to = []string{"shop"}
	}
	return hooks.Letter{ID: id, Type: "room.made", Room: "r1", Kind: "k", Life: "l1", Time: noon, Body: []byte(`{"id":"` + id + `"}`), To: to}
}

// writer numbers the letters of a test.
type writer struct {
	s    hooks.Store
	last uint64
}

func (w *writer) put(t *testing.T, ids ...string) {
	t.Helper()
	var all []hooks.Letter
	for _, id := range ids {
		all = append(all, letter(id))
	}
	if err := w.s.Append(t.Context(), "w", w.last+1, all); err != nil {
		t.Fatal(err)
	}
	w.last += uint64(len(ids))
}

func waiting(t *testing.T, s hooks.Store, to string) []hooks.Waiting {
	t.Helper()
	got, err := s.Waiting(t.Context(), to, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func dead(t *testing.T, s hooks.Store) []hooks.Dead {
	t.Helper()
	got, err := s.Dead(t.Context(), "shop", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func place(t *testing.T, s hooks.Store, id string) hooks.Place {
	t.Helper()
	for _, w := range waiting(t, s, "shop") {
		if w.ID == id {
			return w.Place
		}
	}
	t.Fatalf("%s does not wait", id)
	return ""
}

// holds checks which letters there are, and their numbers.
func holds(t *testing.T, s hooks.Store, wantWaiting, wantDead string, lost uint64) {
	t.Helper()
	var w, d []string
	for _, l := range waiting(t, s, "shop") {
		w = append(w, l.ID)
	}
	for _, l := range dead(t, s) {
		d = append(d, l.ID)
	}
	if gw, gd := strings.Join(w, " "), strings.Join(d, " "); gw != wantWaiting || gd != wantDead {
		t.Fatalf("waiting %q, dead %q; want %q and %q", gw, gd, wantWaiting, wantDead)
	}
	c, err := s.Counts(t.Context(), "shop")
	if want := (hooks.Counts{Waiting: len(w), Dead: len(d), Lost: lost}); err != nil || c != want {
		t.Fatalf("%+v, %v; want %+v", c, err, want)
	}
}

func bury(t *testing.T, s hooks.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.Bury(t.Context(), "shop", place(t, s, id), "it was answered 500", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

func order(t *testing.T, s hooks.Store) {
	holds(t, s, "", "", 0)
	w := writer{s: s}
	w.put(t, "a", "b")
	w.put(t, "c")
	holds(t, s, "a b c", "", 0)
}

func pages(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b", "c", "d", "e")
	var got []string
	for after := hooks.Place(""); ; {
		page, err := s.Waiting(t.Context(), "shop", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			got, after = append(got, l.ID), l.Place
		}
		// What is done behind the place is no matter.
		if err := s.Done(t.Context(), "shop", []hooks.Place{after}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
		t.Error(got)
	}
}

func webhooks(t *testing.T, s hooks.Store) {
	if err := s.Append(t.Context(), "w", 1, []hooks.Letter{letter("a", "shop", "log"), letter("b", "log"), letter("c")}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "a c", "", 0)
	log := waiting(t, s, "log")
	if len(log) != 2 || log[0].ID != "a" || log[1].ID != "b" {
		t.Error(log)
	}
	if err := s.Done(t.Context(), "log", []hooks.Place{log[0].Place, log[1].Place}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "a c", "", 0)
}

func repeated(t *testing.T, s hooks.Store) {
	if _, memory := s.(*hooks.Memory); memory {
		return // no answer is lost in memory
	}
	for _, first := range []struct {
		n   uint64
		ids []string
	}{{1, []string{"a", "b"}}, {1, []string{"a", "b"}}, {1, []string{"a", "b", "c"}}, {3, []string{"c", "d"}}} {
		var all []hooks.Letter
		for _, id := range first.ids {
			all = append(all, letter(id))
		}
		if err := s.Append(t.Context(), "w", first.n, all); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, s, "a b c d", "", 0)
	if err := s.Append(t.Context(), "another", 1, []hooks.Letter{letter("e")}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "a b c d e", "", 0)
}

func done(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b", "c")
	gone := []hooks.Place{place(t, s, "a"), place(t, s, "c")}
	for range 2 {
		if err := s.Done(t.Context(), "shop", gone); err != nil {
			t.Fatal(err)
		}
		holds(t, s, "b", "", 0)
	}
	if err := s.Done(t.Context(), "shop", nil); err != nil {
		t.Error(err)
	}
}

func buried(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b")
	p := place(t, s, "a")
	for range 2 {
		if err := s.Bury(t.Context(), "shop", p, "it was answered 500", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		holds(t, s, "b", "a", 0)
	}
	if d := dead(t, s)[0]; d.Why != "it was answered 500" || !d.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", d)
	}
}

func tooMany(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b", "c", "d", "e", "f")
	w.put(t, "g")
	holds(t, s, "c d e f g", "a b", 0)
	if d := dead(t, s)[0]; d.Why != hooks.Overflow || time.Since(d.At) > time.Hour {
		t.Errorf("%+v", d)
	}
}

func tooManyDead(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b", "c", "d", "e")
	bury(t, s, "a", "b", "c", "d")
	holds(t, s, "e", "b c d", 1)
	w.put(t, "f", "g", "h", "i", "j")
	holds(t, s, "f g h i j", "c d e", 2)
}

func retried(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b", "c", "d")
	bury(t, s, "a", "b", "c")
	all := dead(t, s)
	n, err := s.Retry(t.Context(), "shop", []hooks.Place{all[2].Place, all[0].Place})
	if err != nil || n != 2 {
		t.Fatal(n, err)
	}
	holds(t, s, "d a c", "b", 0)
	if n, err := s.Retry(t.Context(), "shop", []hooks.Place{all[0].Place}); err != nil || n != 0 {
		t.Error(n, err)
	}
	holds(t, s, "d a c", "b", 0)
}

func retriedFull(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a")
	bury(t, s, "a")
	w.put(t, "b", "c", "d", "e", "f")
	if n, err := s.Retry(t.Context(), "shop", []hooks.Place{dead(t, s)[0].Place}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	holds(t, s, "c d e f a", "b", 0)
}

func forgotten(t *testing.T, s hooks.Store) {
	w := writer{s: s}
	w.put(t, "a", "b")
	bury(t, s, "a", "b")
	if n, err := s.Forget(t.Context(), "shop", []hooks.Place{dead(t, s)[0].Place, "nowhere"}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	holds(t, s, "", "b", 0)
}

func whole(t *testing.T, s hooks.Store) {
	l := letter("a")
	l.Type, l.Room, l.Body = "x.y", "r\x00'\"€", []byte("\x00\xff"+strings.Repeat("x", 1000))
	if err := s.Append(t.Context(), "w", 1, []hooks.Letter{l}); err != nil {
		t.Fatal(err)
	}
	same := func(got hooks.Letter) {
		t.Helper()
		if got.ID != l.ID || got.Type != l.Type || got.Room != l.Room || got.Kind != l.Kind || got.Life != l.Life || !got.Time.Equal(l.Time) || string(got.Body) != string(l.Body) {
			t.Errorf("%+v", got)
		}
	}
	same(waiting(t, s, "shop")[0].Letter)
	bury(t, s, "a")
	same(dead(t, s)[0].Letter)
	if _, err := s.Retry(t.Context(), "shop", []hooks.Place{dead(t, s)[0].Place}); err != nil {
		t.Fatal(err)
	}
	same(waiting(t, s, "shop")[0].Letter)
}
