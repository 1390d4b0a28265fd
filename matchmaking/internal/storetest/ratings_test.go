package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var ratingCases = map[string]func(t *testing.T, a, b store.Ratings){
	"rate":                   rate,
	"rate what does not fit": rateWrong,
	"many at once":           rateMany,
}

// points gives each player some points more.
func points(p float64) func([]store.Rated) ([]store.Rated, error) {
	return func(r []store.Rated) ([]store.Rated, error) {
		for i := range r {
			r[i].Mu += p
			r[i].Sigma = 1 / 3.0
			r[i].Matches++
		}
		return r, nil
	}
}

func rate(t *testing.T, a, b store.Ratings) {
	got, err := a.Ratings(t.Context(), "m", []string{"y", "x"})
	ok(t, err)
	same(t, "new players", got, []store.Rated{{Player: "y"}, {Player: "x"}})
	first := []store.Rated{{Player: "x", Mu: 0.1, Sigma: 1 / 3.0, Matches: 1}, {Player: "y", Mu: 0.1, Sigma: 1 / 3.0, Matches: 1}}
	got, done, err := a.Rate(t.Context(), "m", "match1", []string{"x", "y"}, points(0.1))
	ok(t, err)
	if !done {
		t.Fatal("the first time: repeated")
	}
	same(t, "after a match", got, first)
	got, done, err = b.Rate(t.Context(), "m", "match1", []string{"x", "y"}, points(5))
	ok(t, err)
	if done {
		t.Fatal("rated twice")
	}
	same(t, "after the same match", got, first)
	got, err = b.Ratings(t.Context(), "m", []string{"z", "y"})
	ok(t, err)
	same(t, "ratings", got, []store.Rated{{Player: "z"}, first[1]})
	// Another mode knows nothing of it.
	got, done, err = b.Rate(t.Context(), "m2", "match1", []string{"x"}, points(7))
	ok(t, err)
	same(t, "another mode", got, []store.Rated{{Player: "x", Mu: 7, Sigma: 1 / 3.0, Matches: 1}})
	if !done {
		t.Fatal("another mode: repeated")
	}
	// Those who are unchanged stay new.
	_, done, err = a.Rate(t.Context(), "m", "match2", []string{"x", "z"}, func(r []store.Rated) ([]store.Rated, error) {
		r[0].Mu, r[0].Matches = 2, 2
		return r, nil
	})
	ok(t, err)
	got, err = b.Ratings(t.Context(), "m", []string{"x", "z"})
	ok(t, err)
	same(t, "ratings", got, []store.Rated{{Player: "x", Mu: 2, Sigma: 1 / 3.0, Matches: 2}, {Player: "z"}})
	if !done {
		t.Fatal("the second match: repeated")
	}
	got, err = b.Ratings(t.Context(), "m", nil)
	if err != nil || len(got) > 0 {
		t.Fatalf("of nobody: %v, %v", got, err)
	}
}

func rateWrong(t *testing.T, a, b store.Ratings) {
	no := errors.New("no")
	for what, fn := range map[string]func([]store.Rated) ([]store.Rated, error){
		"an error":       func(r []store.Rated) ([]store.Rated, error) { return r, no },
		"fewer":          func(r []store.Rated) ([]store.Rated, error) { return r[:1], nil },
		"another player": func(r []store.Rated) ([]store.Rated, error) { r[1].Player = "z"; return r, nil },
		"no match more":  func(r []store.Rated) ([]store.Rated, error) { r[1].Mu++; return r, nil },
	} {
		_, done, err := a.Rate(t.Context(), "m", "match", []string{"x", "y"}, fn)
		if err == nil || done || (what == "an error") != errors.Is(err, no) {
			t.Errorf("%s: %t, %v", what, done, err)
		}
	}
	_, done, err := b.Rate(t.Context(), "m", "match", []string{"x", "y"}, points(1))
	if err != nil || !done {
		t.Fatalf("after all that: %t, %v", done, err)
	}
}

func rateMany(t *testing.T, a, b store.Ratings) {
	// Each match is reported twice, and all have a player in common.
	const matches, at = 40, 8
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	defer cancel()
	var done atomic.Int64
	var wg sync.WaitGroup
	for i := range at {
		s := []store.Ratings{a, b}[i%2]
		wg.Go(func() {
			for n := i / 2; n < matches; n += at / 4 {
				for {
					_, now, err := s.Rate(ctx, "m", fmt.Sprint(n), []string{"all", fmt.Sprint("p", n)}, points(1))
					if errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
						continue // too many at once
					}
					if err != nil {
						t.Error(err)
						return
					}
					if now {
						done.Add(1)
					}
					break
				}
			}
		})
	}
	wg.Wait()
	got, err := b.Ratings(t.Context(), "m", []string{"all", "p0", "p39"})
	ok(t, err)
	same(t, "ratings", got, []store.Rated{
		{Player: "all", Mu: matches, Sigma: 1 / 3.0, Matches: matches},
		{Player: "p0", Mu: 1, Sigma: 1 / 3.0, Matches: 1},
		{Player: "p39", Mu: 1, Sigma: 1 / 3.0, Matches: 1},
	})
	if done.Load() != matches {
		t.Errorf("%d matches were rated; want %d", done.Load(), matches)
	}
}
