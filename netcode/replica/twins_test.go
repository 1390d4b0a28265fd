package replica

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// twinClient is a client that is sent everything twice: as one of twins, and alone.
type twinClient struct {
	down        netcode.Downlink
	frame, own  Frame
	twin, alone *Replica
}

// audience is a world with clients that see it, most of them the same of it.
type audience struct {
	rnd     *rand.Rand
	w       *world.World
	groups  []*world.Group
	walkers *world.Table[walkersv1.Walker]
	ents    []world.Entity
	clients []*twinClient
	tw      Twins
	scratch world.Scratch
}

func newAudience(seed uint64) *audience {
	a := &audience{rnd: rand.New(rand.NewPCG(seed, 1)), w: world.New(world.Config{})}
	a.walkers = world.NewTable[walkersv1.Walker](a.w)
	for _, name := range []string{"a", "b", "c"} {
		a.groups = append(a.groups, a.w.NewGroup(name))
	}
	return a
}

// join lets a client in that sees the first n groups.
func (a *audience) join(n int) {
	in := world.NewInterest(a.w)
	for _, g := range a.groups[:n] {
		in.Subscribe(g)
	}
	c := &twinClient{down: netcode.NewDownlink(in, 1000), twin: New(walkersv1.Schema), alone: New(walkersv1.Schema)}
	c.down.SetHashEvery(7)
	c.twin.Join(&a.tw)
	a.clients = append(a.clients, c)
}

// play changes something.
func (a *audience) play() {
	for range 1 + a.rnd.IntN(4) {
		g := a.groups[a.rnd.IntN(len(a.groups))]
		switch n := a.rnd.IntN(5); {
		case n == 0 && len(a.ents) > 10:
			i := a.rnd.IntN(len(a.ents))
			a.w.Destroy(a.ents[i])
			a.ents = slices.Delete(a.ents, i, i+1)
		case n == 1 || len(a.ents) == 0:
			e := a.w.Spawn(g)
			a.ents = append(a.ents, e)
			a.walkers.Set(e, walkersv1.Walker{X: a.rnd.Float32() * 100})
		case n == 2:
			g.Emit(&walkersv1.Heard{Text: string(rune(65 + a.rnd.IntN(26)))})
		default:
			a.walkers.Get(a.ents[a.rnd.IntN(len(a.ents))]).X++
		}
	}
}

// receive gives a client a message in both ways, and compares.
func (a *audience) receive(t *testing.T, c *twinClient, msg []byte) {
	t.Helper()
	apply := func(r *Replica, f *Frame, err error) error {
		if err == nil {
			err = r.ApplyFrame(f)
		}
		return err
	}
	got := apply(c.twin, &c.frame, a.tw.Parse(&c.frame, bytes.Clone(msg)))
	want := apply(c.alone, &c.own, c.own.Parse(msg))
	if (got == nil) != (want == nil) {
		t.Fatalf("as one of twins: %v; alone: %v", got, want)
	}
	if want != nil {
		return
	}
	f, g := &c.frame, &c.own
	if f.Tick != g.Tick || f.Skip != g.Skip || f.Full != g.Full || f.HasHash != g.HasHash || f.Hash != g.Hash || f.InputAck != g.InputAck ||
		!slices.Equal(f.Pongs, g.Pongs) || !slices.EqualFunc(f.Events, g.Events, func(x, y Event) bool {
		return x.ID == y.ID && x.Age == y.Age && bytes.Equal(x.Data, y.Data)
	}) {
		t.Fatalf("frame:\n%+v, want\n%+v", f, g)
	}
	if c.twin.Touched() != c.alone.Touched() || c.twin.Tick() != c.alone.Tick() || !c.twin.equal(c.alone.state) || c.twin.Hash() != c.alone.Hash() {
		t.Fatalf("tick %d, %d rows, %d touched, hash %x; want tick %d, %d rows, %d touched, hash %x",
			c.twin.Tick(), c.twin.Rows(), c.twin.Touched(), c.twin.Hash(), c.alone.Tick(), c.alone.Rows(), c.alone.Touched(), c.alone.Hash())
	}
	if f.HasHash && c.twin.Hash() != f.Hash {
		t.Fatal("that is not what the server has")
	}
}

// tick is a tick: some clients are passed over, and some get more than the others.
func (a *audience) tick(t *testing.T, now uint32) {
	t.Helper()
	for _, c := range a.clients {
		if a.rnd.IntN(12) == 0 {
			continue
		}
		if a.rnd.IntN(40) == 0 { // it comes back, and perhaps has nothing
			c.down.Resume(c.alone.Tick() * uint32(a.rnd.IntN(2)))
		}
		msg, err := c.down.AppendSnapshot(nil, &a.scratch, now, 0)
		if err != nil {
			t.Fatal(err)
		}
		if a.rnd.IntN(5) == 0 {
			msg = append(msg, 13<<3|2, 2, 1<<3, byte(a.rnd.IntN(100)))
		}
		a.receive(t, c, msg)
	}
}

// TestTwins: replicas that share their work hold what each of them would hold alone.
func TestTwins(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		a := newAudience(seed)
		for range 60 {
			a.join(1 + a.rnd.IntN(len(a.groups)))
		}
		for range 80 {
			a.play()
			a.tick(t, a.w.Commit())
			if a.rnd.IntN(5) == 0 {
				a.join(1 + a.rnd.IntN(len(a.groups)))
			}
		}
		states := map[*state]int{}
		for _, c := range a.clients {
			states[c.twin.state]++
		}
		for _, c := range a.clients { // those that are behind have an older one
			if n := states[c.twin.state]; n > 10 && c.twin.holders < n {
				t.Errorf("%d hold a state, and it knows of %d", n, c.twin.holders)
			}
		}
		if n := len(states); n > len(a.clients)/2 {
			t.Errorf("%d clients, most of which see the same, hold %d states", len(a.clients), n)
		}
	}
}

// TestTwinsTrustNothing: a message that is not what the others were sent is not taken for that.
func TestTwinsTrustNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		a := newAudience(seed)
		for range 4 {
			a.join(3)
		}
		for range 5 {
			a.play()
			now := a.w.Commit()
			for i, c := range a.clients {
				msg, err := c.down.AppendSnapshot(nil, &a.scratch, now, 0)
				if err != nil {
					t.Fatal(err)
				}
				if i == 3 && now > 2 {
					switch a.rnd.IntN(3) {
					case 0:
						msg[a.rnd.IntN(len(msg))] ^= 1 << a.rnd.IntN(8)
					case 1:
						msg = msg[:a.rnd.IntN(len(msg)+1)]
					default: // more of what stands before it
						msg = append(msg, msg[a.rnd.IntN(len(msg)):]...)
					}
				}
				a.receive(t, c, msg)
			}
		}
	}
}

// TestTwinsPart: a replica that is to call somebody, or is emptied, leaves the others what they hold.
func TestTwinsPart(t *testing.T) {
	t.Parallel()
	a := newAudience(1)
	for range 3 {
		a.join(3)
	}
	for range 8 {
		a.play()
		now := a.w.Commit()
		for _, c := range a.clients {
			msg, err := c.down.AppendSnapshot(nil, &a.scratch, now, 0)
			if err != nil {
				t.Fatal(err)
			}
			a.receive(t, c, msg)
		}
	}
	first, second := a.clients[0].twin, a.clients[1].twin
	if first.state != second.state {
		t.Fatal("two that were sent the same do not hold the same state")
	}
	calls := 0
	OnAdd(second, func(uint32, *walkersv1.Walker) { calls++ })
	a.clients[2].twin.Reset()
	if first.state == second.state || !first.equal(second.state) || a.clients[2].twin.Rows() != 0 || first.Rows() != a.clients[0].alone.Rows() {
		t.Fatal("they do not part as they should")
	}
	a.w.Spawn(a.groups[0])
	a.walkers.Set(a.w.Spawn(a.groups[0]), walkersv1.Walker{X: 3})
	now := a.w.Commit()
	for _, c := range a.clients[:2] {
		msg, err := c.down.AppendSnapshot(nil, &a.scratch, now, 0)
		if err != nil {
			t.Fatal(err)
		}
		a.receive(t, c, msg)
	}
	if calls != 1 {
		t.Errorf("called %d times for a row, want once", calls)
	}
	if err := a.clients[2].twin.Apply([]byte{1 << 3, 5, 2 << 3, 1}); !errors.Is(err, ErrGap) {
		t.Error(err)
	}
}

// BenchmarkTwins is what a message costs one of a thousand clients that are sent the same.
func BenchmarkTwins(b *testing.B) {
	a := newAudience(1)
	for range 1000 {
		a.join(3)
	}
	n := 0
	for b.Loop() {
		if n%len(a.clients) == 0 {
			a.play()
			a.w.Commit()
		}
		c := a.clients[n%len(a.clients)]
		n++
		b.StopTimer()
		msg, _ := c.down.AppendSnapshot(nil, &a.scratch, a.w.Tick()-1, 0)
		b.StartTimer()
		if a.tw.Parse(&c.frame, msg) != nil || c.twin.ApplyFrame(&c.frame) != nil {
			b.Fatal("it is not applied")
		}
	}
}
