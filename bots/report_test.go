package bots

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickroom/tickroom/internal/pilots"
	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// listener is a pilot that counts the messages and sends a command.
type listener struct {
	*pilots.Walker
	messages *atomic.Int64
}

func (l listener) Received(s *client.Session, _ time.Duration) {
	if s.Replica() != nil && s.Frame() != nil {
		l.messages.Add(1)
	}
}

// TestEncrypted lets bots play over TLS, of which some stop reading, and a pilot listen.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	s := &rooms{t: t, closes: nil}
	s.start() // for its closes
	srv := httptest.NewTLSServer(s)
	t.Cleanup(srv.Close)
	var heard atomic.Int64
	cfg := config(srv.URL, 6)
	cfg.TLS = srv.Client().Transport.(*http.Transport).TLSClientConfig
	cfg.Kinds = map[string]Behaviour{"walkers": {Schema: walkersv1.Schema, NewPilot: func(rnd *rand.Rand) Pilot {
		return listener{pilots.NewWalker(rnd), &heard}
	}}}
	cfg.Slow, cfg.Churn, cfg.Duration = 0.3, 0.5, 2500*time.Millisecond
	cfg.Require = []string{"joined == 6", "desyncs==0", "input_to_state_ms.p50 > 0", "failed < 1"}
	rep, err := Run(t.Context(), cfg)
	if err != nil || rep.Joined != 6 || rep.HashChecks == 0 || rep.Stalls == 0 {
		t.Fatalf("%v; %+v", err, rep)
	}
	if n := heard.Load(); n < int64(rep.Snapshots) {
		t.Errorf("pilots heard %d messages, and %d snapshots came", n, rep.Snapshots)
	}
	if len(rep.Timeline) < 2 || rep.Timeline[0].AtS != 1 || rep.Timeline[1].Seated == 0 || rep.Timeline[1].SnapshotsPerS == 0 || rep.Timeline[1].BytesInPerS == 0 {
		t.Errorf("the timeline is %+v", rep.Timeline)
	}
	// A server that is not known is an error for each bot.
	cfg.TLS, cfg.Duration = nil, 100*time.Millisecond
	if rep, err := Run(t.Context(), cfg); err == nil || rep.Joined != 0 || !strings.Contains(strings.Join(keys(rep.Errors), " "), "certificate") {
		t.Errorf("%v; %+v", err, rep)
	}
}

func keys(m map[string]int) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	return names
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	rep := &Report{Joined: 3, JoinsPerS: 2.5, RTT: Latency{Count: 4, P99: 12}, Errors: map[string]int{"a": 2}}
	for text, want := range map[string]string{
		"joined==3": "", " joins_per_s >= 2.5 ": "", "rtt_ms.p99 < 12.5": "", "failed <= 2": "", "desyncs == 0": "",
		"joined > 3":             "required joined > 3, and it is 3",
		"rtt_ms.p99 <= 11":       "required rtt_ms.p99 <= 11, and it is 12",
		"snapshot_gap_ms.p99<60": "required snapshot_gap_ms.p99<60, and it was never measured",
		"failed == 0":            "required failed == 0, and it is 2",
	} {
		r, err := parseRequirement(text, &Report{})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := ""
		if err := r.unmet(rep); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, bad := range []string{"", "joined", "joined = 3", "joined == x", "joined == 1e", "kind == 3", "rtt_ms == 3", "rtt_ms.p98 < 3", "errors.a < 1"} {
		if r, err := parseRequirement(bad, &Report{}); err == nil {
			t.Errorf("%q was read as %+v", bad, r)
		}
	}
}

// TestTimeline: two loops tell of each second, and a long run has longer parts.
func TestTimeline(t *testing.T) {
	t.Parallel()
	line := timeline{loops: 2, open: map[int64]*second{}, each: 1}
	w := func(at int64, ms int64) *window {
		w := &window{at: at, snapshots: 10, inputToState: windowed(), gap: windowed()}
		_ = w.inputToState.RecordValue(ms * 1000)
		return w
	}
	line.tell(w(1, 10), 3, 30, 500)
	if len(line.samples) != 0 {
		t.Error("a second is over when one of two loops has told of it")
	}
	line.tell(w(1, 20), 4, 15, 100)
	s := line.samples[0]
	if s.Seated != 7 || s.SnapshotsPerS != 25 || s.BytesInPerS != 600 || s.InputToStateP99 < 19.8 || s.InputToStateP99 > 20.2 || s.InputToStateP50 > 11 {
		t.Errorf("%+v", s)
	}
	for at := range int64(3 * maxSamples) {
		line.tell(w(at+2, 1), 1, 11, 1)
		line.tell(w(at+2, 1), 1, 11, 1)
	}
	if n := len(line.samples); n > maxSamples || n < maxSamples/2 || line.each != 4 || len(line.open) != 0 {
		t.Errorf("%d samples of %d seconds", n, line.each)
	}
	for i := range line.samples[1:] {
		if d := line.samples[i+1].AtS - line.samples[i].AtS; d != 4 {
			t.Fatalf("sample %d is %v s after the one before", i+1, d)
		}
	}
	if s := line.samples[5]; s.SnapshotsPerS != 2 || s.Seated != 2 {
		t.Errorf("%+v", s)
	}
}

func TestReportPage(t *testing.T) {
	t.Parallel()
	rep := &Report{
		Kind: "walkers", Clients: 5, Timeline: []Sample{{AtS: 1, Seated: 1}, {AtS: 2, Seated: 5, InputToStateP50: 3}},
		Curves: map[string][]float64{nameRTT: {0, 1, 2}},
	}
	var page bytes.Buffer
	if err := rep.WritePage(&page); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(page.String(), `<script id="data" type="application/json">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var data struct {
		Title string
		Plots []struct {
			Title string
			Lines []struct{ Ys []float64 }
		}
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	if data.Title != "5 bots play walkers" || len(data.Plots) != 6 {
		t.Fatalf("%+v", data)
	}
	if diff := cmp.Diff([]float64{1, 5}, data.Plots[0].Lines[0].Ys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{0.5, 1, 2}, data.Plots[5].Lines[0].Ys); diff != "" {
		t.Error(diff)
	}
}
