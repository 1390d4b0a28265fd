package room

import (
	"log/slog"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// far is a connection whose round trips take as long as it is told.
type far struct {
	quiet
	rtt time.Duration
}

func (f *far) RTT() time.Duration { return f.rtt }

// TestRTTIsTheLeastOfTheNewestSamples samples soon after the beginning, and then now and then.
func TestRTTIsTheLeastOfTheNewestSamples(t *testing.T) {
	t.Parallel()
	e, err := New("r", walkers.Kind(), 1, nil, Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	conn := &far{}
	c, err := e.Join(conn, &Joiner{Hello: &tickroomv1.Hello{}})
	if err != nil {
		t.Fatal(err)
	}
	rate := uint32(e.room.TickRate)
	sample := func(seconds uint32, ms, want float64) {
		t.Helper()
		conn.rtt = time.Duration(ms * float64(time.Millisecond))
		e.sampleRTT(c, seconds*rate)
		if got := 1000 * c.player.RTT(); got < want-0.001 || got > want+0.001 {
			t.Errorf("after a sample of %g ms it is %g ms, want %g", ms, got, want)
		}
	}
	sample(0, 0, 0) // not known yet
	sample(1, 50, 50)
	sample(1, 80, 50)
	sample(1, 70, 50)
	sample(1, 60, 50)
	sample(1, 10, 50)  // not yet
	sample(15, 90, 60) // the 50 is too old by now
	sample(15, 100, 60)
	sample(15, 30, 30)
	if e.connect(c, &far{}, &Joiner{Hello: &tickroomv1.Hello{}}, ""); c.trips.n != 0 {
		t.Error("another connection begins with the samples of the one before")
	}
}
