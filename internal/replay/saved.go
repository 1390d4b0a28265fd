package replay

import (
	"slices"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// saveEvery is how many ticks lie between two rooms that are saved, at first.
	saveEvery = 100
	// maxSaved is how many bytes all may have: of more, every other one goes.
	maxSaved = 256 << 20
)

// saved is a room between two ticks, and where its journal goes on.
type saved struct {
	tick uint32
	room *tickroomv1.JournalCheckpoint
	next int // chunk
	left int // entries of the chunk before that, at its end
}

// save returns the room as it is now. The game must be a world.Saver.
func (r *Run) save() (*saved, error) {
	room, err := r.replay.Checkpoint()
	if err != nil {
		return nil, err
	}
	return &saved{r.At(), room, r.cursor.next, len(r.cursor.left)}, nil
}

// resume makes a run that goes on from there.
func (s *saved) resume(j *journal.Journal, k world.Kind) (r *Run, err error) {
	r = &Run{cursor: cursor{j: j, next: s.next}}
	if s.left > 0 {
		b, err := j.Block(j.Chunks[s.next-1])
		if err != nil {
			return nil, err
		}
		all := b.GetEntries()
		r.cursor.left, r.cursor.tick = all[len(all)-s.left:], b.GetTick()
	}
	defer r.recover("Restore", &err)
	r.replay, err = journal.ResumeReplay(k, j.Header, s.room, nil, nil)
	return r, err
}

// archive holds rooms of a journal, by tick.
type archive struct {
	all   []*saved
	every uint32
	size  int  // bytes
	off   bool // what is saved can't be restored
}

// add saves a run's room, if it is time to. Whether such a room can be restored is tried once.
func (a *archive) add(r *Run, k world.Kind) error {
	if a.off || !r.Room().Saves() || len(a.all) > 0 && r.At()-a.all[len(a.all)-1].tick < max(a.every, saveEvery) {
		return nil
	}
	s, err := r.save()
	if err != nil {
		return err
	}
	if len(a.all) == 0 {
		_, err := s.resume(r.cursor.j, k)
		if a.off = err != nil; a.off {
			return nil // then none is saved
		}
	}
	a.all = append(a.all, s)
	a.size += len(s.room.GetRoom())
	for a.size > maxSaved && len(a.all) > 2 {
		a.every = 2 * max(a.every, saveEvery)
		a.thin()
	}
	return nil
}

// thin drops every other room.
func (a *archive) thin() {
	i := 0
	a.all = slices.DeleteFunc(a.all, func(s *saved) bool {
		if i++; i%2 == 0 {
			a.size -= len(s.room.GetRoom())
			return true
		}
		return false
	})
}

// before returns the last room that is not after a tick, nil if there is none.
func (a *archive) before(tick uint32) *saved {
	i, there := slices.BinarySearchFunc(a.all, tick, func(s *saved, tick uint32) int { return int(s.tick) - int(tick) })
	if there {
		return a.all[i]
	}
	if i == 0 {
		return nil
	}
	return a.all[i-1]
}
