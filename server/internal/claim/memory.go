package claim

import (
	"context"
	"sync"
	"time"
)

// Memory keeps claims in memory.
type Memory struct {
	now func() time.Time

	mu     sync.Mutex
	claims map[string]*kept
	swept  time.Time // when those were looked for that are to be forgotten
}

// kept is a claim.
type kept struct {
	owner, note   string
	epoch         uint64
	until, wanted time.Time
}

var _ Claims = (*Memory)(nil)

// NewMemory returns a Memory without claims that goes by the clock now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, claims: map[string]*kept{}, swept: now()}
}

// Want implements Claims.
func (m *Memory) Want(_ context.Context, owner string, lease time.Duration, wanted []Wanted) ([]Claim, error) {
	now := m.lock()
	defer m.mu.Unlock()
	out := make([]Claim, len(wanted))
	for i, w := range wanted {
		k := m.claims[w.Name]
		if k == nil {
			k = &kept{}
			m.claims[w.Name] = k
		}
		k.wanted = now
		if w.Take && (k.owner == "" || !now.Before(k.until)) {
			// By the clock, so that it rises also after this was forgotten.
			*k = kept{owner: owner, epoch: max(k.epoch+1, w.Above+1, uint64(now.UnixMilli())), until: now.Add(lease), wanted: now}
		}
		out[i] = k.claim(w.Name, now)
	}
	return out, nil
}

// Renew implements Claims.
func (m *Memory) Renew(_ context.Context, lease time.Duration, held []Claim) ([]Claim, error) {
	now := m.lock()
	defer m.mu.Unlock()
	out := make([]Claim, len(held))
	for i := range held {
		h := &held[i]
		k := m.claims[h.Name]
		if k == nil || k.epoch == 0 {
			k = &kept{owner: h.Owner, epoch: h.Epoch, wanted: now}
			m.claims[h.Name] = k
		}
		if k.owner == h.Owner && k.epoch == h.Epoch {
			k.until, k.note = now.Add(lease), h.Note
		}
		out[i] = k.claim(h.Name, now)
	}
	return out, nil
}

// Release implements Claims.
func (m *Memory) Release(_ context.Context, held Claim) error {
	now := m.lock()
	defer m.mu.Unlock()
	if k := m.claims[held.Name]; k != nil && k.owner == held.Owner && k.epoch == held.Epoch {
		k.owner, k.note, k.until = "", "", now
	}
	return nil
}

func (k *kept) claim(name string, now time.Time) Claim {
	return Claim{Name: name, Owner: k.owner, Epoch: k.epoch, Note: k.note, Left: k.until.Sub(now), Idle: now.Sub(k.wanted)}
}

// lock begins a call, and forgets what is long over.
func (m *Memory) lock() (now time.Time) {
	m.mu.Lock()
	now = m.now()
	if now.Sub(m.swept) > time.Hour {
		m.swept = now
		for name, k := range m.claims {
			if now.Sub(k.until) > Forgotten && now.Sub(k.wanted) > Forgotten {
				delete(m.claims, name)
			}
		}
	}
	return now
}
