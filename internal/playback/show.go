package playback

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/replay"
	"github.com/tickroom/tickroom/world"
)

// maxPlayheads is how many pages may show the replay at once: each has a room of its own.
const maxPlayheads = 16

// fillTicks is how many ticks are played at once of runs that are to stand somewhere. Meanwhile nobody can take one.
const fillTicks = 32

// Show is a journal that is shown.
type Show struct {
	journal *journal.Journal
	kind    world.Kind
	story   *replay.Story
	reel    *replay.Reel
	log     *slog.Logger
	taken   chan struct{} // a run was taken from the reel; holds one

	mu    sync.Mutex
	heads map[string]*Playhead // by id
	all   sync.WaitGroup       // of heads
}

// New plays a journal once, of which the kind is, and returns its Show. What goes wrong is logged to log, nowhere
// if that is nil.
func New(j *journal.Journal, k world.Kind, log *slog.Logger) (*Show, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	story, err := replay.Tell(j, k)
	if err != nil {
		return nil, err
	}
	return &Show{
		journal: j, kind: k, story: story, log: log,
		reel: replay.NewReel(j, k, story), taken: make(chan struct{}, 1), heads: map[string]*Playhead{},
	}, nil
}

// Story returns what happened in the room.
func (s *Show) Story() *replay.Story { return s.story }

// Run keeps runs of the journal ready all over it, until ctx is done. All playheads have ended when it returns.
func (s *Show) Run(ctx context.Context) {
	defer s.all.Wait()
	for {
		for s.reel.Fill(fillTicks) {
			if ctx.Err() != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.taken:
		}
	}
}

// take returns a run that stands at a tick or before it.
func (s *Show) take(tick uint32) (*replay.Run, error) {
	run, err := s.reel.Take(tick)
	s.more()
	return run, err
}

// more has Run look whether there is something to fill.
func (s *Show) more() {
	select {
	case s.taken <- struct{}{}:
	default: // it is going to look
	}
}

// open makes a playhead, nil if there are too many.
func (s *Show) open() *Playhead {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heads) >= maxPlayheads {
		return nil
	}
	p := newPlayhead(s, rand.Text()[:12])
	s.heads[p.id] = p
	s.all.Add(1)
	return p
}

// close forgets a playhead that has ended.
func (s *Show) close(p *Playhead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.heads, p.id)
	s.all.Done()
}

// head returns the playhead with an id, nil if there is none.
func (s *Show) head(id string) *Playhead {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads[id]
}
