package redisbans

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// mirror is what is known here of the bans in Redis. Changes come to it from three
// sides, in any order and more than once: those made here, those told on the channel,
// and those found when everything is read. Their versions show which is the newest.
type mirror struct {
	bans *limits.MemoryBans // has a lock of its own
	now  func() time.Time

	mu    sync.Mutex
	epoch string
	// All changes up to floor are known. Of those after it some may be: newer has their
	// subjects, and some that are not after it any more.
	floor int64
	newer map[string]int64
}

func newMirror(size int, now func() time.Time) *mirror {
	// While bans are exchanged for others there may be more than Redis has at any time.
	return &mirror{bans: limits.NewMemoryBans(2*size, now), now: now, newer: map[string]int64{}}
}

// own takes in a change that was made here.
func (m *mirror) own(c change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.epoch != m.epoch {
		return nil // all is about to be read anew
	}
	return m.apply(c)
}

// told takes in a change that was told on the channel, where they come in their
// order. It reports whether one before it is missing.
func (m *mirror) told(c change) (gap bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.epoch != m.epoch {
		return true, nil
	}
	if c.version <= m.floor {
		return false, nil
	}
	if err := m.apply(c); err != nil {
		return false, err
	}
	if c.version > m.floor+1 {
		return true, nil
	}
	m.floor = c.version
	return false, nil
}

// apply takes in a change unless it is known, or a newer one of the same subject.
func (m *mirror) apply(c change) error {
	if c.version <= m.floor || c.version <= m.newer[c.subject] {
		return nil
	}
	var err error
	if c.removed {
		_, err = m.bans.Remove(context.Background(), c.subject)
	} else {
		err = m.bans.Add(context.Background(), c.ban)
	}
	if err != nil {
		return fmt.Errorf("limits: a ban from Redis: %w", err)
	}
	m.newer[c.subject] = c.version
	return nil
}

// current reports whether all changes up to a version are known, and forgets what is
// not needed then.
func (m *mirror) current(epoch string, version int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch || version > m.floor {
		return false
	}
	m.forget(version)
	return true
}

// forget forgets the versions of changes up to one. No reading that began before that
// one may be under way.
func (m *mirror) forget(version int64) {
	for subject, v := range m.newer {
		if v <= version {
			delete(m.newer, subject)
		}
	}
}

// begin prepares for reading everything, and reports whether Redis has lost what it had: then it
// has another epoch, or an older version.
func (m *mirror) begin(epoch string, version int64) (lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch == m.epoch && version >= m.floor {
		return false
	}
	lost = m.epoch != "" && m.floor > 0
	m.epoch, m.floor = epoch, 0
	clear(m.newer)
	return lost
}

// item is a ban as it was read.
type item struct {
	version int64
	ban     limits.Ban
}

// merge takes in all that was read, which is from a moment at or after version: what
// was not changed since is among it, by subject.
func (m *mirror) merge(version int64, read map[string]item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx := context.Background()
	list, err := m.bans.List(ctx)
	if err != nil {
		return err // never, of bans in memory
	}
	var errs []error
	here := make(map[string]limits.Ban, len(list))
	for _, b := range list {
		subject := b.Subject()
		here[subject] = b
		if _, still := read[subject]; !still && m.newer[subject] <= version {
			_, err := m.bans.Remove(ctx, subject)
			errs = append(errs, err)
		}
	}
	now := m.now()
	for subject, it := range read {
		if m.newer[subject] >= it.version || !it.ban.Active(now) {
			continue
		}
		if old, known := here[subject]; known && same(old, it.ban) {
			continue // so that nobody is told of it again
		}
		errs = append(errs, m.bans.Add(ctx, it.ban))
		if it.version > version {
			m.newer[subject] = it.version
		}
	}
	m.floor = max(m.floor, version)
	m.forget(version)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("limits: bans from Redis: %w", err)
	}
	return nil
}

func same(a, b limits.Ban) bool {
	times := a.Until.Equal(b.Until) && a.Since.Equal(b.Since)
	a.Until, a.Since, b.Until, b.Since = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return times && a == b
}

// knows reports whether an epoch is the one that is followed.
func (m *mirror) knows(epoch string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.epoch == epoch
}
