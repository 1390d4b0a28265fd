package netcode_test

import (
	"testing"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/world"
)

// news is a reliable event of so many bytes.
type news int

func (news) EventID() (uint32, bool)       { return 1, true }
func (n news) AppendProto(b []byte) []byte { return append(b, make([]byte, n)...) }
func (news) UnmarshalProto([]byte) error   { return nil }

// TestWhatComesBackIsBounded has a client that claims to be back at an old tick, in a group, and
// of events of its own.
func TestWhatComesBackIsBounded(t *testing.T) {
	t.Parallel()
	if netcode.MaxFrame != replica.MaxFrame {
		t.Error("what is sent at most is not what clients take")
	}
	for _, own := range []bool{false, true} {
		s := newScene(1000)
		alone := &world.Player{Interest: s.in}
		s.tick()
		s.snapshot(t)
		if err := s.down.Ack(1); err != nil {
			t.Fatal(err)
		}
		for range 90 { // 360,000 bytes
			for range 20 {
				if own {
					alone.Emit(news(200))
				} else {
					s.g.Emit(news(200))
				}
			}
			s.tick()
			s.snapshot(t)
		}
		for range 3 {
			s.down.Resume(1)
			b := s.snapshot(t)
			if !s.down.EventsMissed() || len(b) > netcode.MaxResumed+1000 || len(b) < 40_000 {
				t.Errorf("own %t: %d bytes come, missed %t", own, len(b), s.down.EventsMissed())
			}
		}
		// What it has acknowledged it has had.
		if err := s.down.Ack(s.w.Committed()); err != nil {
			t.Fatal(err)
		}
		s.down.Resume(1)
		if b := s.snapshot(t); s.down.EventsMissed() || len(b) > 1000 {
			t.Errorf("own %t: %d bytes come again", own, len(b))
		}
	}
}
