// Package sinktest has the tests that every sink of journals is to pass.
package sinktest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/replay"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// Open makes a sink that has taken nothing. read returns what it has kept, as a file; it is called once, after all
// that was taken.
type Open func(t *testing.T) (sink journal.Sink, read func() []byte)

// Run runs the tests.
func Run(t *testing.T, open Open) {
	t.Run("a room is played again", func(t *testing.T) { played(t, open) })
	t.Run("what is given is not kept", func(t *testing.T) { scribbled(t, open) })
	t.Run("all types of chunks come in order", func(t *testing.T) { ordered(t, open) })
}

// Played drives a room of walkers for some ticks, which a recorder is told of.
func Played(t testing.TB, rec journal.Recorder, ticks int) *journal.Caller {
	t.Helper()
	c, err := journal.New(walkers.Kind(), world.Setup{ID: "meadow", Seed: 5, Options: map[string]string{"npcs": "3"}, Now: 1e15}, rec)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var here []*world.Player
	for i := range ticks {
		if len(here) < 4 {
			p := &world.Player{Interest: world.NewInterest(c.World), ID: uint32(i + 1), Name: fmt.Sprint("p", i)}
			if err := c.Join(p, nil); err != nil {
				t.Fatal(err)
			}
			here = append(here, p)
		}
		c.SetNow(1e15 + int64(i+1)*50_000)
		for _, p := range here {
			in := walkersv1.WalkerInput{Direction: rnd.Float32() * 6}
			if err := c.HandleInput(p, world.Input{Seq: p.InputSeq + 1, Data: in.AppendProto(nil)}); err != nil {
				t.Fatal(err)
			}
		}
		c.Step()
	}
	return c
}

// Opened reads a journal that is good to its end.
func Opened(t testing.TB, file []byte) *journal.Journal {
	t.Helper()
	j, err := journal.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if j.Cut >= 0 {
		t.Fatalf("the journal is cut after %d of %d bytes", j.Cut, len(file))
	}
	return j
}

func played(t *testing.T, open Open) {
	for _, flush := range []float64{0, 0.05, 1} {
		sink, read := open(t)
		w := journal.NewWriter("build", 0.5, sink)
		w.FlushEvery(flush)
		c := Played(t, w, 205)
		w.Flush()
		j := Opened(t, read())
		res, err := replay.Verify(j, walkers.Kind(), nil)
		if err != nil || res.Ticks != 205 || res.Bad != 0 || res.Hashes < 20 {
			t.Errorf("played again: %+v, %v", res, err)
		}
		if c.Committed() != 205 {
			t.Errorf("%d ticks were played", c.Committed())
		}
	}
}

// scribbler is a sink that spoils what it has handed on.
type scribbler struct{ journal.Sink }

func (s scribbler) Take(p journal.Piece) {
	p.Content = bytes.Clone(p.Content)
	s.Sink.Take(p)
	for i := range p.Content {
		p.Content[i] = 0xff
	}
}

func scribbled(t *testing.T, open Open) {
	sink, read := open(t)
	w := journal.NewWriter("build", 0.5, scribbler{sink})
	w.FlushEvery(0)
	Played(t, w, 50)
	w.Flush()
	if res, err := replay.Verify(Opened(t, read()), walkers.Kind(), nil); err != nil || res.Ticks != 50 || res.Bad != 0 {
		t.Errorf("played again: %+v, %v", res, err)
	}
}

func ordered(t *testing.T, open Open) {
	sink, read := open(t)
	w := journal.NewWriter("build", 0.5, sink)
	c := Played(t, w, 30)
	for epoch := range uint64(3) {
		p, err := journal.Room(&tickroomv1.JournalRoom{Epoch: epoch + 1}, c.Committed())
		if err != nil {
			t.Fatal(err)
		}
		w.Flush()
		sink.Take(p)
	}
	saved, err := c.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	at, err := w.Checkpoint(&tickroomv1.JournalCheckpoint{Room: saved})
	if err != nil {
		t.Fatal(err)
	}
	sink.Take(at)
	c.Step()
	w.Flush()
	j := Opened(t, read())
	var types []journal.Type
	for _, ch := range j.Chunks {
		if n := len(types); n == 0 || types[n-1] != ch.Type || ch.Type != journal.TypeBlock {
			types = append(types, ch.Type)
		}
	}
	if got := fmt.Sprintf("%c", types); got != "[B R R R C B]" {
		t.Errorf("chunks %s", got)
	}
	known, err := j.Known()
	if err != nil || known.GetEpoch() != 3 {
		t.Errorf("known: %v, %v", known, err)
	}
	newest, err := j.Newest()
	if err != nil || newest.GetTick() != 30 || !bytes.Equal(newest.GetRoom(), saved) {
		t.Errorf("the newest checkpoint is of tick %d, %v", newest.GetTick(), err)
	}
}
