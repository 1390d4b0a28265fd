package load

import (
	"os"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	s := newStats()
	s.frames, s.bytes, s.payload, s.sent, s.sentBytes = 400, 400*82, 400*80, 200, 200*21
	for i := range 100 {
		note(s.gaps, time.Duration(i+1)*time.Millisecond)
	}
	note(s.late, time.Hour)
	var r Report
	s.report(&r, 10, 2*time.Second)
	if r.MeanFrame != 82 || r.MeanPayload != 80 || r.MeanSent != 21 || r.FramesPerClientPerS != 20 {
		t.Errorf("report %+v", r)
	}
	if r.TickGapMS.P50 < 49 || r.TickGapMS.P50 > 51 || r.TickGapMS.Max < 99 || r.TickGapMS.Max > 101 {
		t.Errorf("gaps %+v", r.TickGapMS)
	}
	if r.LateMS.Max < 59e3 {
		t.Errorf("what is out of range is the most: %+v", r.LateMS)
	}
	s.reset()
	var empty Report
	s.report(&empty, 0, 0)
	if empty.Frames != 0 || empty.TickGapMS != (Quantiles{}) {
		t.Errorf("after a reset %+v", empty)
	}
}

func TestParseUsage(t *testing.T) {
	u, err := parseUsage([]byte("42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 99 1000 7 18446744073709551615 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if u.CPU != 2*time.Second || u.RSS != 7*int64(os.Getpagesize()) {
		t.Errorf("usage %+v", u)
	}
	for _, bad := range []string{"", "42 (a) S 1 2", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x 50 0 0 20 0 3 0 99 1000 7 1"} {
		if _, err := parseUsage([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	if u, err := UsageOf(os.Getpid()); err != nil || u.RSS == 0 {
		t.Errorf("usage of this process: %+v, %v", u, err)
	}
}

func TestParseBusy(t *testing.T) {
	d, err := parseBusy([]byte("cpu  100 10 50 9999 777 20 20 0 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"))
	if err != nil || d != 2*time.Second {
		t.Errorf("%v, %v", d, err)
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu0 1 1 1 1 1 1 1 1", "cpu 1 1 x 1 1 1 1 1"} {
		if _, err := parseBusy([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	if _, err := busyTime(); err != nil {
		t.Error(err)
	}
}
