package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// recordWalkers writes the journal of a room of walkers with a seed into a file.
func recordWalkers(t *testing.T, name string, k world.Kind, seed uint64) {
	t.Helper()
	ring := journal.NewRing(2400, nil)
	w := journal.NewWriter(journal.Build(), 1, ring)
	c, err := journal.New(k, world.Setup{ID: "meadow", Seed: seed, Now: 1_700_000_000_000_000, Options: map[string]string{"npcs": "3"}}, w)
	if err != nil {
		t.Fatal(err)
	}
	p := &world.Player{Interest: world.NewInterest(c.World), ID: 1, Name: "Ann", PlayerID: "u1"}
	if err := c.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	watcher := &world.Player{Interest: world.NewInterest(c.World), ID: 2, Name: "Bo", Spectator: true}
	if err := c.Join(watcher, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		c.SetNow(c.Now() + 50_000)
		if err := c.HandleInput(p, world.Input{Seq: uint32(i + 1), Data: (&walkersv1.WalkerInput{Direction: 1}).AppendProto(nil)}); err != nil {
			t.Fatal(err)
		}
		if i == 20 {
			c.SetAway(p, true)
			c.SetAway(p, false)
			if _, err := c.HandleCommand(p, 0, 1, (&walkersv1.Shout{Text: "hello"}).AppendProto(nil), nil); err != nil {
				t.Fatal(err)
			}
		}
		c.Step()
	}
	c.Leave(p)
	w.Flush()
	mark, err := journal.Mark(&tickroomv1.JournalMark{Reason: "operator", Tick: 30, AtUs: 1_700_000_001_500_000, Text: "somebody wanted it"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.Join(ring.Snapshot(mark), nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReplayTranscript runs the commands on a journal, and compares what they print.
func TestReplayTranscript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, other, cut, foreign := filepath.Join(dir, "room.trj"), filepath.Join(dir, "other.trj"), filepath.Join(dir, "cut.trj"), filepath.Join(dir, "foreign.trj")
	recordWalkers(t, file, walkers.Kind(), 1)
	recordWalkers(t, other, walkers.Kind(), 2)
	k := walkers.Kind()
	k.Name = "strollers"
	recordWalkers(t, foreign, k, 1)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, b[:len(b)*3/4], 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, args := range []string{
		"info room.trj", "verify room.trj", "bisect room.trj", "events room.trj", "info cut.trj", "verify cut.trj",
		"bisect room.trj other.trj", "verify foreign.trj", "info nothing.trj", "verify", "bisect room.trj --replays 1", "vrify room.trj",
	} {
		out.WriteString("$ tickroom replay " + args + "\n")
		words := []string{"replay"}
		for _, a := range strings.Fields(args) {
			if strings.HasSuffix(a, ".trj") {
				a = filepath.Join(dir, a)
			}
			words = append(words, a)
		}
		var stdout, stderr strings.Builder
		code := run(words, &stdout, &stderr)
		out.WriteString(stdout.String() + stderr.String())
		if code != ExitOK {
			out.WriteString("exit code " + string(rune('0'+code)) + "\n")
		}
	}
	got := strings.ReplaceAll(out.String(), dir+string(filepath.Separator), "")
	got = strings.ReplaceAll(got, journal.Build(), "BUILD")
	got = strings.ReplaceAll(got, fmt.Sprintf("%016x", walkers.Kind().Schema.Fingerprint()), "SCHEMA")
	got = regexp.MustCompile(`in [0-9.]+ s, \d+ times`).ReplaceAllString(got, "in SECONDS, MANY times")
	const golden = "testdata/replay.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\nIf that is meant: go test ./cli -run Replay -update", got, want)
	}
}
