package client

import (
	"fmt"

	"github.com/tickroom/tickroom/netcode/replica"
)

// explainPatience is how many hashes may come, without the explanation that was asked
// for, before a desync is reported with none.
const explainPatience = 5

// Desync is the error that the replica did not hold what the server said it should.
type Desync struct {
	Tick uint32 // of the hash that was wrong
	// Mismatches names what is wrong as of the snapshot after that. It is empty if
	// the server did not explain, or nothing was wrong any more.
	Mismatches []replica.Mismatch
}

// Error names the tick and the first entities that differ.
func (d *Desync) Error() string {
	s := fmt.Sprintf("client: desync: the state hash of tick %d is wrong", d.Tick)
	for i, m := range d.Mismatches {
		if i == 4 {
			return s + fmt.Sprintf("; and %d more", len(d.Mismatches)-i)
		}
		s += "; " + m.String()
	}
	return s
}

// verify compares the replica with the server's hashes.
func (s *Session) verify(f *replica.Frame) error {
	if f.HasHash {
		s.stats.HashChecks++
		if d := &s.desync; d.tick != 0 {
			d.hashes++
		} else if s.rep.Hash() != f.Hash {
			s.stats.Desyncs++
			d.tick = f.Tick
			s.out.mismatch = true
		}
	}
	if d := &s.desync; d.tick != 0 && (len(f.EntityHashes) > 0 || d.hashes >= explainPatience) {
		err := &Desync{Tick: d.tick}
		if len(f.EntityHashes) > 0 {
			err.Mismatches = s.rep.Compare(f.EntityHashes)
		}
		return err
	}
	return nil
}

// DesyncPending reports whether a hash was wrong and the server's explanation has
// not come yet.
func (s *Session) DesyncPending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.desync.tick != 0
}
