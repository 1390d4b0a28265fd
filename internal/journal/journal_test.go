package journal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// play drives a room of walkers for some ticks, with players who come, go, are away and return, and
// returns its caller.
func play(t testing.TB, rec journal.Recorder, ticks int) *journal.Caller {
	t.Helper()
	c, err := journal.New(walkers.Kind(), world.Setup{ID: "w", Seed: 5, Options: map[string]string{"npcs": "7"}, Now: 1e15}, rec)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var here []*world.Player
	for i := range ticks {
		if len(here) < 8 && rnd.IntN(3) == 0 {
			p := &world.Player{
				Interest: world.NewInterest(c.World), ID: uint32(i + 1), Name: fmt.Sprint("p", i), PlayerID: fmt.Sprint("id", i), Network: 1<<63 + 5,
				Roles: []string{"", "host"}, Team: -3, Role: "keeper", InMatch: true, Spectator: i%5 == 0,
			}
			if err := c.Join(p, []byte{byte(i)}); err == nil {
				here = append(here, p)
			}
		}
		c.SetNow(1e15 + int64(i+1)*50_000)
		c.SetHeard(1e15+int64(i)*50_000-7, 1e15+int64(i+1)*50_000+9)
		for _, p := range here {
			if p.Spectator {
				continue
			}
			in := walkersv1.WalkerInput{Direction: rnd.Float32() * 6, Stop: rnd.IntN(3) == 0}
			if err := c.HandleInput(p, world.Input{Seq: p.InputSeq + 1 + uint32(rnd.IntN(2)), Back: uint32(rnd.IntN(3) * 40), Data: in.AppendProto(nil)}); err != nil {
				t.Fatal(err)
			}
		}
		if len(here) > 3 && rnd.IntN(10) == 0 {
			p := here[rnd.IntN(len(here))]
			c.SetAway(p, !p.Away())
			c.SetRTT(p, rnd.Float64())
			c.SetRoles(p, []string{"admin"})
			if rnd.IntN(2) == 0 {
				c.NumberAnew(p)
			}
		}
		if len(here) > 5 && rnd.IntN(10) == 0 {
			c.Leave(here[0])
			here = here[1:]
		}
		c.HandleDeaf("room/w")
		c.HandleHears("room/w", true)
		_ = c.HandleOutcome(&world.Outcome{Job: 9, Data: []byte("data"), Err: "error", Late: true})
		_, _ = c.HandleMessage(&world.Posting{Topic: "room/w", From: "x", Number: uint64(i + 1), Type: "t", Key: "k", At: 7}, 3, []byte("m"))
		c.SetShowEpoch(uint64(i))
		c.Step()
	}
	return c
}

// replay makes the calls of a journal again and returns the hash of each tick, those before the end of
// the journal, and the error that ended it.
func replay(t testing.TB, j *journal.Journal, rec journal.Recorder) (r *journal.Replay, hashes []uint64) {
	t.Helper()
	r, err := journal.NewReplay(walkers.Kind(), j.Header, nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range j.Chunks {
		if c.Type != journal.TypeBlock {
			continue
		}
		b, err := j.Block(c)
		if err != nil {
			t.Fatal(err)
		}
		if c.Tick+1 != b.GetTick() {
			t.Fatalf("the chunk is said to begin after tick %d, and begins in %d", c.Tick, b.GetTick())
		}
		for _, e := range b.GetEntries() {
			if err := r.Apply(e); err != nil {
				t.Fatal(err)
			}
			switch e.GetOp() {
			case tickroomv1.JournalOp_JOURNAL_OP_STEP:
				hashes = append(hashes, r.Room().Hash())
			case tickroomv1.JournalOp_JOURNAL_OP_HASH:
				if got, want := r.Room().Hash(), e.GetHash().GetRows(); got != want {
					t.Fatalf("tick %d has hash %x, the journal has %x", r.Room().Committed(), got, want)
				}
				if !bytes.Equal(r.Room().AppendRandom(nil), e.GetHash().GetRandom()) {
					t.Fatalf("tick %d: random numbers differ", r.Room().Committed())
				}
			}
		}
	}
	return r, hashes
}

func record(t testing.TB, ticks int, every float64) ([]byte, *journal.Caller) {
	t.Helper()
	ring := journal.NewRing(64<<20, nil)
	w := journal.NewWriter("build", every, ring)
	c := play(t, w, ticks)
	w.Flush()
	return snapshot(t, ring, c.Room), c
}

// snapshot returns the file of a ring, with the state of the room and a mark at its end.
func snapshot(t testing.TB, ring *journal.Ring, r *world.Room) []byte {
	t.Helper()
	state, err := journal.Compare(r)
	if err != nil {
		t.Fatal(err)
	}
	mark, err := journal.Mark(&tickroomv1.JournalMark{Reason: "operator", Tick: r.Committed()})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join(ring.Snapshot(state, mark), nil)
}

func open(t testing.TB, file []byte) *journal.Journal {
	t.Helper()
	j, err := journal.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// A room that is made from its journal is the same, tick by tick, and writes the same journal.
func TestReplayIsTheRoom(t *testing.T) {
	t.Parallel()
	for _, every := range []float64{0, 1} {
		file, c := record(t, 400, every)
		j := open(t, file)
		if !j.Indexed || j.Cut >= 0 || j.Header.GetBuild() != "build" || j.Header.GetSchema() != walkers.Kind().Schema.Fingerprint() {
			t.Fatalf("indexed: %v, cut after %d, header %v", j.Indexed, j.Cut, j.Header)
		}
		again := journal.NewRing(64<<20, nil)
		w := journal.NewWriter("build", every, again)
		r, hashes := replay(t, j, w)
		if len(hashes) != 400 || r.Room().Hash() != c.Hash() || r.Room().Now() != c.Now() || r.Room().ShowEpoch() != c.ShowEpoch() {
			t.Errorf("%d ticks, hash %x of %x, time %d of %d", len(hashes), r.Room().Hash(), c.Hash(), r.Room().Now(), c.Now())
		}
		was, err := c.World.Save()
		if err != nil {
			t.Fatal(err)
		}
		if is, err := r.Room().World.Save(); err != nil || !bytes.Equal(is, was) {
			t.Errorf("the states of the worlds differ (%v)", err)
		}
		w.Flush()
		if !bytes.Equal(snapshot(t, again, r.Room()), file) {
			t.Error("the replay's journal is another one")
		}
	}
}

// The fields that are encoded by hand are those of the generated code.
func TestEncodes(t *testing.T) {
	t.Parallel()
	file, _ := record(t, 60, 0)
	j := open(t, file)
	ops := map[tickroomv1.JournalOp]bool{}
	for _, c := range j.Chunks {
		if c.Type != journal.TypeBlock {
			continue
		}
		b, err := j.Block(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.GetEntries() {
			ops[e.GetOp()] = true
			if len(e.ProtoReflect().GetUnknown()) > 0 {
				t.Fatalf("%v has unknown fields", e)
			}
			switch e.GetOp() {
			case tickroomv1.JournalOp_JOURNAL_OP_JOIN:
				w := e.GetWho()
				if w.GetName() != fmt.Sprint("p", e.GetPlayer()-1) || w.GetNetwork() != 1<<63+5 || !slices.Equal(w.GetRoles(), []string{"", "host"}) || w.GetTeam() != -3 || w.GetRole() != "keeper" || !w.GetInMatch() || w.GetPlayerId() == "" {
					t.Errorf("who joins: %v", w)
				}
			case tickroomv1.JournalOp_JOURNAL_OP_MESSAGE:
				want := &tickroomv1.JournalPosting{Topic: "room/w", From: "x", Number: e.GetFrom().GetNumber(), Type: "t", Key: "k", AtUs: 7}
				if !proto.Equal(e.GetFrom(), want) || e.GetId() != 3 || string(e.GetData()) != "m" {
					t.Errorf("a message: %v", e)
				}
			case tickroomv1.JournalOp_JOURNAL_OP_OUTCOME:
				if want := (&tickroomv1.JournalOutcome{Job: 9, Data: []byte("data"), Error: "error", Late: true}); !proto.Equal(e.GetOutcome(), want) {
					t.Errorf("an outcome: %v", e)
				}
			}
		}
	}
	for op := range tickroomv1.JournalOp_name {
		o := tickroomv1.JournalOp(op)
		if !ops[o] && o != tickroomv1.JournalOp_JOURNAL_OP_COMMAND && o != tickroomv1.JournalOp_JOURNAL_OP_LEAVE && o != tickroomv1.JournalOp_JOURNAL_OP_SESSION && o != tickroomv1.JournalOp_JOURNAL_OP_BARRED {
			t.Errorf("no %v was recorded", o)
		}
	}
}

// What is no call is encoded as the generated code does.
func TestEncodesSessions(t *testing.T) {
	t.Parallel()
	ring := journal.NewRing(1<<20, nil)
	w := journal.NewWriter("", 1, ring)
	c := play(t, w, 1)
	s := &tickroomv1.JournalSession{TokenSha256: []byte("sum"), Guest: true, Name: "Ann", Roles: 5, Shows: " a ", ExpiresUs: 7, GraceUs: 8}
	w.Session(1<<20, s)
	w.Barred(true)
	w.Barred(false)
	_, _ = c.HandleCommand(&world.Player{ID: 3}, 1<<31, 9, []byte("x"), nil)
	w.Flush()
	j := open(t, bytes.Join(ring.Snapshot(), nil))
	b, err := j.Block(j.Chunks[len(j.Chunks)-1])
	if err != nil {
		t.Fatal(err)
	}
	e := b.GetEntries()
	want := []*tickroomv1.JournalEntry{
		{Op: tickroomv1.JournalOp_JOURNAL_OP_SESSION, Player: 1 << 20, Session: s},
		{Op: tickroomv1.JournalOp_JOURNAL_OP_BARRED, Flag: true},
		{Op: tickroomv1.JournalOp_JOURNAL_OP_BARRED},
		{Op: tickroomv1.JournalOp_JOURNAL_OP_COMMAND, Player: 3, Number: 1 << 31, Id: 9, Data: []byte("x")},
	}
	for i, e := range e[len(e)-len(want):] {
		if !proto.Equal(e, want[i]) {
			t.Errorf("entry %d is %v, want %v", i, e, want[i])
		}
	}
}

// A journal that was cut anywhere is read up to the last chunk that is whole.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	file, _ := record(t, 16, 0.2)
	whole := open(t, file)
	header := int64(0)
	for n := range len(file) {
		j, err := journal.Open(bytes.NewReader(file[:n]), int64(n))
		if err != nil {
			if header > 0 {
				t.Fatalf("cut after %d bytes: %v", n, err)
			}
			continue
		}
		if header == 0 {
			header = int64(n)
			if header != whole.Chunks[0].Offset {
				t.Fatalf("a cut after %d bytes can be read, the header ends at %d", n, whole.Chunks[0].Offset)
			}
		}
		want := 0
		for i, c := range whole.Chunks {
			end := whole.Chunks[min(i+1, len(whole.Chunks)-1)].Offset
			if i+1 < len(whole.Chunks) && end <= int64(n) || i+1 == len(whole.Chunks) && c.Offset < int64(n) && j.Cut < 0 && n > int(c.Offset) {
				want++
			}
		}
		if len(j.Chunks) != want && len(j.Chunks) != len(whole.Chunks) {
			t.Fatalf("cut after %d bytes: %d chunks, want %d", n, len(j.Chunks), want)
		}
		if !slices.Equal(j.Chunks, whole.Chunks[:len(j.Chunks)]) {
			t.Fatalf("cut after %d bytes: the chunks are %v, not as in the whole", n, j.Chunks)
		}
	}
	if j := open(t, file[:whole.Chunks[2].Offset+1]); j.Cut != whole.Chunks[2].Offset || len(j.Chunks) != 2 {
		t.Errorf("cut after %d: %d chunks, cut said at %d", whole.Chunks[2].Offset+1, len(j.Chunks), j.Cut)
	}
}

// A damaged journal is read up to the damage, and never wrongly.
func TestDamage(t *testing.T) {
	t.Parallel()
	file, _ := record(t, 16, 0.2)
	whole := open(t, file)
	for i := range file {
		broken := slices.Clone(file)
		broken[i] ^= 0x20
		j, err := journal.Open(bytes.NewReader(broken), int64(len(broken)))
		if err != nil {
			continue
		}
		for k, c := range j.Chunks {
			if c.Type != whole.Chunks[k].Type {
				t.Fatalf("byte %d is wrong, and chunk %d is another one", i, k)
			}
			if c.Type == journal.TypeBlock {
				got, err := j.Block(c)
				if err != nil {
					break
				}
				if want, _ := whole.Block(whole.Chunks[k]); !proto.Equal(got, want) {
					t.Fatalf("byte %d is wrong, and block %d is another one", i, k)
				}
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	file, _ := record(f, 20, 0.2)
	f.Add(file)
	f.Add(file[:len(file)/2])
	ring := journal.NewRing(1<<20, nil)
	w := journal.NewWriter("", 0.2)
	c := play(f, w, 20)
	saved, err := c.Checkpoint()
	if err != nil {
		f.Fatal(err)
	}
	at, err := w.Checkpoint(&tickroomv1.JournalCheckpoint{Room: saved})
	if err != nil {
		f.Fatal(err)
	}
	ring.Take(w.Header())
	ring.Take(at)
	w.Attach(ring, false)
	c.Step()
	w.Flush()
	f.Add(bytes.Join(ring.Snapshot(), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		from, _, _ := j.Start()
		var r *journal.Replay
		if from == nil {
			r, err = journal.NewReplay(walkers.Kind(), j.Header, nil, nil)
		} else {
			r, err = journal.ResumeReplay(walkers.Kind(), j.Header, from, nil, nil)
		}
		_, _ = j.Newest()
		_, _ = j.Known()
		if end := j.End(); end < 0 || end > int64(len(b)) {
			t.Fatalf("it ends after %d of %d bytes", end, len(b))
		}
		for _, c := range j.Chunks {
			_, _ = j.Checkpoint(c)
			_, _ = j.Mark(c)
			b, berr := j.Block(c)
			for _, e := range b.GetEntries() {
				if err == nil && berr == nil {
					err = r.Apply(e)
				}
			}
		}
	})
}

// A ring keeps the beginning while it fits, and no more than its bytes.
func TestRing(t *testing.T) {
	t.Parallel()
	ring := journal.NewRing(2000, nil)
	play(t, journal.NewWriter("", 1, ring), 60)
	if ring.Whole() || ring.Size() > 2200 {
		t.Errorf("%d bytes, whole: %v", ring.Size(), ring.Whole())
	}
	ring = journal.NewRing(1<<20, nil)
	play(t, journal.NewWriter("", 1, ring), 400)
	if !ring.Whole() {
		t.Error("the beginning is gone, and would have fitted")
	}
	j := open(t, bytes.Join(ring.Snapshot(), nil))
	if j.Chunks[0].Tick != 0 {
		t.Errorf("the journal begins after tick %d", j.Chunks[0].Tick)
	}
}

// The values of secret options are in no journal.
func TestSecretOptions(t *testing.T) {
	t.Parallel()
	ring := journal.NewRing(1<<20, nil)
	k := world.Kind{Name: "k", Options: []world.Option{{Name: "key", Secret: true}, {Name: "level"}}}
	journal.NewWriter("", 1, ring).Begin(&k, &world.Setup{Options: map[string]string{"key": "a secret", "level": "3"}})
	h := open(t, bytes.Join(ring.Snapshot(), nil)).Header
	if o := h.GetOptions(); len(o) != 2 || o[0].GetName() != "key" || o[0].GetValue() != journal.Hidden || o[1].GetValue() != "3" {
		t.Errorf("the header has the options %v", h.GetOptions())
	}
}
