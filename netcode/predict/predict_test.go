package predict_test

import (
	"math"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/predict"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	rate    = 20
	perTick = time.Second / rate
	lead    = 4 // ticks by which inputs are made ahead
)

type prediction = predict.Prediction[walkersv1.Walker, walkersv1.WalkerInput]

// step is what both sides do to a walker in a tick. What it makes is in whole steps of the schema.
func step(w *walkersv1.Walker, in *walkersv1.WalkerInput, at predict.At) {
	if !in.Stop {
		w.X = float32(math.Round((float64(w.X)+float64(in.Direction)*at.Dt)*8) / 8)
		w.Heading = float32(math.Mod(float64(w.Heading)+2*math.Pi/32, 2*math.Pi))
	}
}

// yard is a server with one walker, and the session of its player, without a network.
type yard struct {
	t       *testing.T
	w       *world.World
	table   *world.Table[walkersv1.Walker]
	own     *walkersv1.Walker
	down    netcode.Downlink
	scratch world.Scratch
	replica *replica.Replica
	inputs  netcode.Inputs
	in      walkersv1.WalkerInput
	late    func(seq uint32) bool // which inputs come a tick too late
	mail    []netcode.Input
	welcome *tickroomv1.Welcome

	now  time.Duration
	ack  uint32
	seq  uint32
	sees []float64

	corrections []predict.Correction
}

func newYard(t *testing.T) *yard {
	t.Helper()
	w := world.New(world.Config{})
	y := &yard{t: t, w: w, table: world.NewTable[walkersv1.Walker](w), replica: replica.New(walkersv1.Schema), welcome: &tickroomv1.Welcome{Session: "one", TickRate: rate}}
	g := w.NewGroup("all")
	y.own = y.table.Set(w.Spawn(g), walkersv1.Walker{X: 10, Health: 7})
	in := world.NewInterest(w)
	in.Subscribe(g)
	y.down = netcode.NewDownlink(in, 1000)
	y.simulate()
	y.tell()
	return y
}

func (y *yard) Welcome() *tickroomv1.Welcome { return y.welcome }
func (y *yard) Tick() uint32                 { return y.replica.Tick() }
func (y *yard) InputAck() uint32             { return y.ack }
func (y *yard) InputTick(now time.Duration) float64 {
	return 1 + lead + float64(now)/float64(perTick)
}

func (y *yard) SendInputSeeing(tick uint32, sees float64, data []byte) uint32 {
	y.seq++
	y.sees = append(y.sees, sees)
	y.mail = append(y.mail, netcode.Input{Seq: y.seq, Tick: tick, Data: append([]byte(nil), data...)})
	return y.seq
}

func (y *yard) predict(opt predict.Options[walkersv1.Walker]) *prediction {
	opt.OnCorrection = func(c predict.Correction) { y.corrections = append(y.corrections, c) }
	return predict.New[walkersv1.Walker, walkersv1.WalkerInput](y, step, opt)
}

// simulate is a tick of the server.
func (y *yard) simulate() {
	now := y.w.Tick()
	for len(y.mail) > 0 && (y.mail[0].Tick < now || y.mail[0].Tick == now && (y.late == nil || !y.late(y.mail[0].Seq))) {
		y.inputs.Push(&y.mail[0], netcode.Shown{}, now)
		y.mail = y.mail[1:]
	}
	y.inputs.Take(now, func(in world.Input) {
		y.in = walkersv1.WalkerInput{}
		if err := y.in.UnmarshalProto(in.Data); err != nil {
			y.t.Fatal(err)
		}
	})
	step(y.own, &y.in, predict.At{Tick: now, Dt: 1.0 / rate})
	y.w.Commit()
}

func (y *yard) tell() {
	b, err := y.down.AppendSnapshot(nil, &y.scratch, y.w.Committed(), y.inputs.Applied())
	if err == nil {
		err = y.replica.Apply(b)
	}
	if err != nil {
		y.t.Fatal(err)
	}
	y.ack = y.inputs.Applied()
}

// frame passes a part of a tick.
func (y *yard) frame(p *prediction, part float64) {
	y.now += time.Duration(part * float64(perTick))
	p.Update(y.replica, y.now, func(in *walkersv1.WalkerInput) {
		in.Direction = float32(40 * math.Sin(float64(y.now)/3e8))
	})
}

func (y *yard) run(p *prediction, ticks int, frame func()) {
	for range ticks {
		for range 4 {
			y.frame(p, 0.25)
			frame()
		}
		y.simulate()
		y.tell()
	}
}

func nothing() {}

func TestAPredictionIsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	p := y.predict(predict.Options[walkersv1.Walker]{Sees: func() float64 { return 3.5 }})
	will := map[uint32]float32{}
	for i := range 200 {
		y.frame(p, 1)
		will[uint32(p.Tick())+1] = p.State().X
		y.simulate()
		if i%3 == 0 { // snapshots skip ticks
			y.tell()
		}
		if x, ok := will[y.w.Committed()]; ok && x != y.own.X {
			t.Fatalf("tick %d: %g was predicted, the server has %g", y.w.Committed(), x, y.own.X)
		}
	}
	if len(y.corrections) > 0 || y.own.X == 10 || p.Row().Health != 7 || p.Entity() != 1 || y.sees[0] != 3.5 {
		t.Errorf("%v; %+v; %v", y.corrections, p.Row(), y.sees[:1])
	}
}

func TestCorrectionsFade(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	p := y.predict(predict.Options[walkersv1.Walker]{HalfLife: perTick, Jump: 50})
	y.run(p, 20, nothing)
	y.frame(p, 0)
	was := p.Row().X
	y.own.X += 16 // it was pushed
	y.simulate()
	y.tell()
	y.frame(p, 0)
	if len(y.corrections) != 1 || math.Abs(y.corrections[0].Size-16) > 1 || y.corrections[0].Jumped || math.Abs(float64(p.Row().X-was)) > 0.2 {
		t.Errorf("%+v; it was shown at %g, and is at %g", y.corrections, was, p.Row().X)
	}
	left := func() float64 { return math.Abs(float64(p.Row().X) - 16 - float64(was)) }
	for range 3 {
		before := left()
		y.frame(p, 1)
		if after := left(); after > 0.75*before+3 {
			t.Errorf("%g of %g is left", after, before)
		}
	}
	y.own.X += 100
	y.simulate()
	y.tell()
	y.frame(p, 0)
	if c := y.corrections[len(y.corrections)-1]; !c.Jumped {
		t.Errorf("%+v", c)
	}
}

func TestLateInputsAreCorrected(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.late = func(seq uint32) bool { return seq%10 == 0 }
	p := y.predict(predict.Options[walkersv1.Walker]{})
	last, most := math.NaN(), 0.0
	y.run(p, 200, func() {
		x := float64(p.Row().X)
		if !math.IsNaN(last) {
			most = max(most, math.Abs(x-last))
		}
		last = x
	})
	if len(y.corrections) < 5 || most > 2*40.0/rate/4 {
		t.Errorf("%d corrections; it moved by up to %g in a frame", len(y.corrections), most)
	}
}

func TestWithoutTheServer(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	p := y.predict(predict.Options[walkersv1.Walker]{})
	y.run(p, 20, nothing)
	sent := y.seq
	for range 400 {
		y.frame(p, 0.25)
	}
	if n := y.seq - sent; n > rate {
		t.Errorf("%d inputs were made", n)
	}
	x := p.Row().X
	y.frame(p, 1)
	if p.Row().X != x {
		t.Error("it goes on")
	}
	for float64(y.w.Committed()) < p.Tick()-lead {
		y.simulate()
	}
	y.tell()
	y.run(p, 40, nothing)
	y.corrections = nil
	if y.run(p, 40, nothing); len(y.corrections) > 0 {
		t.Errorf("%v", y.corrections)
	}
}

func TestWhoIsThere(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	dead := false
	p := y.predict(predict.Options[walkersv1.Walker]{
		Own: func(w *walkersv1.Walker) bool { return w.Health == 7 }, Alive: func(*walkersv1.Walker) bool { return !dead },
	})
	y.run(p, 5, nothing)
	if p.Row() == nil {
		t.Fatal("there is no row")
	}
	dead = true
	if y.run(p, 5, nothing); p.Row() != nil {
		t.Error("who is dead is shown")
	}
	dead = false
	y.own.Health = 1 // the row is somebody else's
	if y.run(p, 1, nothing); true {
		y.frame(p, 0)
	}
	if p.Row() != nil || p.Entity() != 0 {
		t.Error("another's row is predicted")
	}
	y.own.Health = 7
	y.run(p, 2, nothing)
	y.welcome = &tickroomv1.Welcome{Session: "two", TickRate: rate} // another session
	y.corrections = nil
	y.own.X = 400
	y.simulate()
	y.tell()
	y.frame(p, 0)
	if p.Row() == nil || math.Abs(float64(p.Row().X)-400) > 5 || len(y.corrections) > 0 {
		t.Errorf("%+v, %v", p.Row(), y.corrections)
	}
}

func TestUpdatesAllocateNothing(t *testing.T) {
	y := newYard(t)
	p := y.predict(predict.Options[walkersv1.Walker]{})
	y.run(p, 20, nothing)
	read := func(*walkersv1.WalkerInput) {}
	if n := testing.AllocsPerRun(100, func() { p.Update(y.replica, y.now, read) }); n > 0 {
		t.Errorf("%g allocations per frame", n)
	}
}

func TestNothingMoves(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it is made")
		}
	}()
	newYard(t).predict(predict.Options[walkersv1.Walker]{Show: []string{}})
}
