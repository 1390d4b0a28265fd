package roomservice

import (
	"context"
	"sync"
	"time"
)

const (
	// showKept is for how long a show is known that was there: what is posted to it is kept for
	// about as long, for the one that is made anew, and a call that is repeated has its answer.
	showKept = time.Hour
	// maxShows bounds the shows that are known; any may be forgotten, which are looked for again.
	maxShows = 10_000
)

// showNames are the shows that there are, or were a while ago, by the kind of their houses and their
// name.
type showNames struct {
	s *Service

	mu   sync.Mutex
	seen map[[2]string]time.Time
}

// known reports whether there is a show, or was a while ago. If nobody can tell now it is taken to be
// there: a paid message is not turned away for that.
func (n *showNames) known(ctx context.Context, kind, show string) bool {
	key, now := [2]string{kind, show}, time.Now()
	n.mu.Lock()
	last := n.seen[key]
	n.mu.Unlock()
	if !last.IsZero() && now.Sub(last) < showKept {
		return true
	}
	if n.s.o.Registry.ShowByDefault(kind) == show {
		return true
	}
	for _, since := range []time.Time{now.Add(-fresh), now} {
		list, err := n.s.rooms.get(ctx, since)
		if err != nil {
			return true
		}
		for i := range list {
			if r := &list[i]; r.Show == show && n.s.o.Registry.OfShow(r.Kind, kind) {
				n.note(key, now)
				return true
			}
		}
	}
	return n.s.o.Registry.HasShow(kind, show)
}

func (n *showNames) note(key [2]string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil || len(n.seen) >= maxShows {
		n.seen = map[[2]string]time.Time{}
	}
	n.seen[key] = now
}
