package match

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// bombs are tickets whose queries ask for as much as one may; whether they hold of each other is for
// the caller to say.
func bombs(n int, hold bool) []store.Ticket {
	var list strings.Builder
	for i := range 64 {
		fmt.Fprintf(&list, ",%q", fmt.Sprint(i))
	}
	one := "a has any (" + list.String()[1:] + ")"
	query := strings.Repeat(one+" or ", 4) + one
	crowd := make([]string, 64)
	for i := range crowd {
		crowd[i] = fmt.Sprint("no ", i)
	}
	if hold {
		crowd[63] = "63"
	}
	out := guests("bomb ", n)
	for i := range out {
		out[i].Query, out[i].Attributes = query, map[string]any{"a": crowd}
	}
	return out
}

// guests are tickets of players who have no ratings yet.
func guests(name string, n int) []store.Ticket {
	out := make([]store.Ticket, n)
	for i := range out {
		out[i] = solo(fmt.Sprint(name, i), 1500, epoch)
	}
	return out
}

// TestDearQueriesWait sees that tickets whose queries ask for much have their part of a pass, and
// no more, so that the others are matched by it.
func TestDearQueriesWait(t *testing.T) {
	t.Parallel()
	m := mustNew(t, fives())
	honest := guests("guest ", 10)
	mustAdd(t, m, bombs(200, false)...)
	mustAdd(t, m, honest...)
	r := m.Pass(epoch)
	if len(r.Matches) != 1 || len(r.Matches[0].Tickets) != len(honest) {
		t.Errorf("%d matches of the ten who ask for nothing", len(r.Matches))
	}
	// All of them are looked at within some passes.
	seen := map[string]bool{}
	for i := range 100 {
		now := epoch.Add(time.Duration(i) * time.Second)
		p, work := m.begin(now), 0
		for k := range p.cands {
			if c := &p.cands[k]; c.e.work > dear && !c.waits {
				seen[c.e.t.ID] = true
				work += p.work(k)
			}
		}
		if work > dearPass {
			t.Fatalf("pass %d lets in what asks for %d", i, work)
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d of 200 are looked at in 100 seconds", len(seen))
	}
}

func TestDearQueriesAreMatched(t *testing.T) {
	t.Parallel()
	m := mustNew(t, fives())
	mustAdd(t, m, bombs(160, true)...)
	players := 0
	for i := range 60 {
		for _, d := range m.Pass(epoch.Add(time.Duration(i) * time.Second)).Matches {
			players += len(d.Tickets)
		}
	}
	if players != 160 {
		t.Errorf("%d of 160 are in matches", players)
	}
}

// TestAnExplanationEndsWithItsCaller sees that nobody computes what nobody waits for.
func TestAnExplanationEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	m := mustNew(t, fives())
	mustAdd(t, m, bombs(20, false)...)
	gone := errors.New("the caller is gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, _, err := m.Explain(ctx, "bomb 1", epoch); !errors.Is(err, gone) {
		t.Error(err)
	}
	if x, ok, err := m.Explain(t.Context(), "bomb 1", epoch); !ok || err != nil || x.Waiting != 19 {
		t.Error(x, ok, err)
	}
}

func BenchmarkPassBombs(b *testing.B) {
	benchPass(b, fives(), append(bombs(580, false), guests("guest ", 10)...))
}
