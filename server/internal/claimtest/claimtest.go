// Package claimtest has what every claim.Claims must do, as tests.
package claimtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/claim"
)

// Store is what is tested.
type Store struct {
	// A and B are two views of the same claims, as two servers have them.
	A, B claim.Claims
	// Past lets so much time go by.
	Past func(d time.Duration)
	// Lose has all claims forgotten, as a Redis does that has lost its memory. It may be nil.
	Lose func()
}

// short is a lease that ends soon, long one that does not.
const (
	short = 60 * time.Millisecond
	long  = time.Hour
)

// Suite runs the tests, each on a store that open returns.
func Suite(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(t *testing.T, s Store){
		"a claim has one owner":                       oneOwner,
		"what an owner says is seen by all":           notes,
		"one that has run out is taken":               runsOut,
		"one that nobody has taken is renewed":        renewedLate,
		"one that is given back is taken at once":     givenBack,
		"it is known how long nobody has wanted one":  idle,
		"only those who want to take one do":          wantedOnly,
		"one that is taken is above what is known":    aboveKnown,
		"of many at once one has it":                  many,
		"any number is asked for at once":             pages,
		"one that was forgotten goes on":              forgotten,
		"one that was forgotten is taken with a rise": forgottenAndTaken,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func want(t *testing.T, c claim.Claims, owner string, lease time.Duration, name string, take bool) claim.Claim {
	t.Helper()
	got, err := c.Want(t.Context(), owner, lease, []claim.Wanted{{Name: name, Take: take}})
	if err != nil || len(got) != 1 || got[0].Name != name {
		t.Fatalf("%s wants %s: %+v, %v", owner, name, got, err)
	}
	return got[0]
}

func renew(t *testing.T, c claim.Claims, lease time.Duration, held claim.Claim) claim.Claim {
	t.Helper()
	got, err := c.Renew(t.Context(), lease, []claim.Claim{held})
	if err != nil || len(got) != 1 || got[0].Name != held.Name {
		t.Fatalf("%s renews %s: %+v, %v", held.Owner, held.Name, got, err)
	}
	return got[0]
}

func owned(t *testing.T, c claim.Claim, owner string, epoch uint64) {
	t.Helper()
	if c.Owner != owner || c.Epoch != epoch || owner != "" && !c.Held() {
		t.Fatalf("%+v; want the owner %s with epoch %d", c, owner, epoch)
	}
}

// above fails unless a claim has an owner, and an epoch above another one's.
func above(t *testing.T, c claim.Claim, owner string, than claim.Claim) {
	t.Helper()
	owned(t, c, owner, c.Epoch)
	if c.Epoch <= than.Epoch {
		t.Fatalf("%+v has no higher epoch than %+v", c, than)
	}
}

func oneOwner(t *testing.T, s Store) {
	a := want(t, s.A, "a", long, "x", true)
	above(t, a, "a", claim.Claim{})
	for range 2 {
		owned(t, want(t, s.A, "a", long, "x", true), "a", a.Epoch) // its answer was lost, say
		owned(t, want(t, s.B, "b", long, "x", true), "a", a.Epoch)
	}
	b := want(t, s.B, "b", long, "y", true)
	owned(t, b, "b", b.Epoch)
	b.Name = "x"
	owned(t, renew(t, s.B, long, b), "a", a.Epoch)
	got := renew(t, s.A, short, a)
	owned(t, got, "a", a.Epoch)
	if got.Left > short || want(t, s.B, "b", long, "x", false).Left > short {
		t.Errorf("it is good for %v", got.Left)
	}
}

func notes(t *testing.T, s Store) {
	a := want(t, s.A, "a", long, "x", true)
	if c := want(t, s.B, "b", long, "x", true); c.Note != "" {
		t.Errorf("%+v", c)
	}
	a.Note = "here: ünder \"1\""
	renew(t, s.A, long, a)
	if c := want(t, s.B, "b", long, "x", true); c.Note != a.Note {
		t.Errorf("%+v", c)
	}
}

func runsOut(t *testing.T, s Store) {
	a := want(t, s.A, "a", short, "x", true)
	a.Note = "mine"
	renew(t, s.A, short, a)
	s.Past(2 * short)
	b := want(t, s.B, "b", long, "x", true)
	above(t, b, "b", a)
	if b.Note != "" {
		t.Errorf("the note is of the owner before: %+v", b)
	}
	owned(t, renew(t, s.A, long, a), "b", b.Epoch)
	if err := s.A.Release(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	owned(t, want(t, s.A, "a", long, "x", true), "b", b.Epoch)
}

func renewedLate(t *testing.T, s Store) {
	a := want(t, s.A, "a", short, "x", true)
	s.Past(2 * short)
	if c := want(t, s.B, "b", long, "x", false); c.Held() {
		t.Errorf("%+v", c)
	}
	owned(t, renew(t, s.A, long, a), "a", a.Epoch)
	owned(t, want(t, s.B, "b", long, "x", true), "a", a.Epoch)
}

func givenBack(t *testing.T, s Store) {
	a := want(t, s.A, "a", long, "x", true)
	for range 2 {
		if err := s.A.Release(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if c := want(t, s.B, "b", long, "x", false); c.Held() || c.Owner != "" {
		t.Errorf("%+v", c)
	}
	// It is given back for good.
	if c := renew(t, s.A, long, a); c.Owner == "a" {
		t.Errorf("%+v", c)
	}
	b := want(t, s.B, "b", long, "x", true)
	above(t, b, "b", a)
	if err := s.B.Release(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	again := want(t, s.A, "a", long, "x", true)
	above(t, again, "a", b)
	owned(t, renew(t, s.A, long, a), "a", again.Epoch) // with the first epoch nothing is renewed
}

func idle(t *testing.T, s Store) {
	a := want(t, s.A, "a", long, "x", true)
	s.Past(short)
	if c := renew(t, s.A, long, a); c.Idle < short/2 {
		t.Errorf("idle for %v", c.Idle)
	}
	before := renew(t, s.A, long, a).Idle
	want(t, s.B, "b", long, "x", true)
	if c := renew(t, s.A, long, a); c.Idle >= before {
		t.Errorf("idle for %v, and wanted just now", c.Idle)
	}
}

func wantedOnly(t *testing.T, s Store) {
	if c := want(t, s.A, "a", long, "x", false); c.Held() || c.Owner != "" || c.Epoch != 0 {
		t.Errorf("%+v", c)
	}
	b := want(t, s.B, "b", long, "x", true)
	above(t, b, "b", claim.Claim{})
}

func aboveKnown(t *testing.T, s Store) {
	later := uint64(time.Now().Add(1000 * time.Hour).UnixMilli())
	got, err := s.A.Want(t.Context(), "a", long, []claim.Wanted{{Name: "x", Take: true, Above: later}})
	if err != nil || got[0].Epoch != later+1 {
		t.Fatal(got, err)
	}
}

func many(t *testing.T, s Store) {
	var wg sync.WaitGroup
	var got [16]claim.Claim
	for i := range got {
		wg.Go(func() {
			c := []claim.Claims{s.A, s.B}[i%2]
			list, err := c.Want(t.Context(), fmt.Sprint("o", i), long, []claim.Wanted{{Name: "x", Take: true}})
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = list[0]
		})
	}
	wg.Wait()
	for i := range got {
		owned(t, got[i], got[0].Owner, got[0].Epoch)
	}
}

func pages(t *testing.T, s Store) {
	var wanted []claim.Wanted
	for i := range 450 {
		wanted = append(wanted, claim.Wanted{Name: fmt.Sprint("n", i), Take: i%2 == 0})
	}
	got, err := s.A.Want(t.Context(), "a", long, wanted)
	if err != nil || len(got) != len(wanted) {
		t.Fatal(len(got), err)
	}
	var held []claim.Claim
	for i := range got {
		if got[i].Name != wanted[i].Name || (got[i].Owner == "a") != wanted[i].Take {
			t.Fatalf("%d: %+v", i, got[i])
		}
		if got[i].Owner == "a" {
			got[i].Note = got[i].Name
			held = append(held, got[i])
		}
	}
	again, err := s.A.Renew(t.Context(), long, held)
	if err != nil || len(again) != len(held) {
		t.Fatal(len(again), err)
	}
	for i := range again {
		if again[i].Name != held[i].Name || again[i].Epoch != held[i].Epoch || again[i].Note != held[i].Name {
			t.Fatalf("%d: %+v; want %+v", i, again[i], held[i])
		}
	}
	if none, err := s.A.Want(context.Background(), "a", long, nil); len(none) != 0 || err != nil {
		t.Error(none, err)
	}
}

func forgotten(t *testing.T, s Store) {
	if s.Lose == nil {
		return
	}
	a := want(t, s.A, "a", long, "x", true)
	a.Note = "here"
	s.Lose()
	owned(t, renew(t, s.A, long, a), "a", a.Epoch)
	if c := want(t, s.B, "b", long, "x", true); c.Owner != "a" || c.Note != "here" {
		t.Errorf("%+v", c)
	}
}

func forgottenAndTaken(t *testing.T, s Store) {
	if s.Lose == nil {
		return
	}
	a := want(t, s.A, "a", long, "x", true)
	s.Lose()
	s.Past(5 * time.Millisecond)
	b := want(t, s.B, "b", long, "x", true)
	above(t, b, "b", a)
	owned(t, renew(t, s.A, long, a), "b", b.Epoch)
}
