package predict

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// Source is what a prediction needs of a *client.Session.
type Source interface {
	Welcome() *tickroomv1.Welcome
	Tick() uint32
	InputAck() uint32
	InputTick(now time.Duration) float64
	SendInputSeeing(tick uint32, sees float64, data []byte) uint32
}

// At says when a step is made.
type At struct {
	// Tick is the one that the step ends with, and Dt its length in seconds.
	Tick uint32
	Dt   float64
	// Fresh is true if the tick is predicted for the first time: the moment for what is heard and seen at
	// once. Later the same tick may be predicted again.
	Fresh bool
}

// Correction is a difference between what was predicted and what the server said.
type Correction struct {
	// Tick is that of the snapshot.
	Tick uint32
	// Size is how far what is shown was off, in the units of the fields that move: the length of the difference,
	// without angles.
	Size float64
	// Jumped is true if it is shown at once, since it is too large to fade.
	Jumped bool
}

// Options say how something is predicted. The zero value is ready.
type Options[T any] struct {
	// Own reports whether a row is the player's own. Nil: the first row is.
	Own func(row *T) bool
	// Alive reports whether a row is to be predicted and shown. Nil: always.
	Alive func(row *T) bool
	// Show names the fields that move between two ticks, as the schema does. Nil: those that it smooths.
	Show []string
	// HalfLife is after how long half of a correction is gone. Default 100 ms; less than 0: at once.
	HalfLife time.Duration
	// Jump is the size of the largest correction that fades. 0: there is no bound.
	Jump float64
	// Sees returns the tick that the player is looking at; see Player.Sees of package world. Nil: nobody knows.
	Sees func() float64
	// OnCorrection is told of each correction that is larger than the step in which a field travels. May be nil.
	OnCorrection func(Correction)
}

const (
	mostAhead  = 1.0 // seconds that are predicted beyond the newest snapshot; no more inputs are made
	mostAtOnce = 3   // ticks whose inputs are made at once: those that a slow frame has missed
	kept       = 128 // inputs, which is more than can be under way
)

// Prediction predicts the row of component T that is the player's own, whose inputs are of type I. Its
// methods are for one goroutine at a time.
type Prediction[T, I any] struct {
	s     Source
	step  func(row *T, in *I, at At)
	opt   Options[T]
	comp  *schema.Component
	store func(*T, schema.Cells)
	load  func(*T, schema.Cells)
	send  func(in *I, tick uint32, sees float64) uint32
	find  func(r *replica.Replica) (entity uint32, row *T)

	moving []*schema.Field
	least  float64 // size of the smallest correction that is told

	session string
	now     time.Duration // of the last Update
	tick    float64       // that is shown
	base    uint32        // of the newest snapshot
	ahead   uint32        // that state is of
	made    uint32        // newest tick for which an input was made
	seen    uint32        // newest tick that was predicted
	entity  uint32
	live    bool
	drawn   bool

	state, shown T
	held         I // the last input that the server has applied
	heldTick     uint32
	inputs       []input[I] // not applied yet, oldest first

	before, after, at, was, offset []float64
	cells                          schema.Cells
}

type input[I any] struct {
	seq, tick uint32
	in        I
}

// New makes the prediction of a row of component T. step does to the row what the server does to it in a tick,
// given the player's input. It panics if nothing of the row moves.
func New[T, I any, PT schema.Row[T], PI interface {
	*I
	schema.Message
}](s Source, step func(row *T, in *I, at At), opt Options[T]) *Prediction[T, I] {
	p := &Prediction[T, I]{
		s: s, step: step, opt: opt, comp: PT(nil).ComponentInfo(), least: 1e-6,
		store: func(row *T, c schema.Cells) { PT(row).StoreCells(c) },
		load:  func(row *T, c schema.Cells) { PT(row).LoadCells(c) },
	}
	if p.opt.HalfLife == 0 {
		p.opt.HalfLife = 100 * time.Millisecond
	}
	var data []byte
	p.send = func(in *I, tick uint32, sees float64) uint32 {
		data = PI(in).AppendProto(data[:0])
		return s.SendInputSeeing(tick, sees, data)
	}
	row := new(T)
	p.find = func(r *replica.Replica) (uint32, *T) {
		if p.entity != 0 && replica.Load[T, PT](r, p.entity, row) && (opt.Own == nil || opt.Own(row)) {
			return p.entity, row
		}
		for e, row := range replica.All[T, PT](r) {
			if opt.Own == nil || opt.Own(row) {
				return e, row
			}
		}
		return 0, nil
	}
	for i := range p.comp.Fields {
		f := &p.comp.Fields[i]
		if f.InBlob() || opt.Show == nil && f.Smooth == schema.SmoothNone || opt.Show != nil && !slices.Contains(opt.Show, f.Name) {
			continue
		}
		p.moving = append(p.moving, f)
		if f.WrapSteps == 0 {
			p.least = max(p.least, f.Step)
		}
	}
	if len(p.moving) == 0 {
		panic(fmt.Sprintf("predict: no field of %s moves: give some of them the option smooth in the schema, or name them in Show", p.comp.Name))
	}
	for _, l := range []*[]float64{&p.before, &p.after, &p.at, &p.was, &p.offset} {
		*l = make([]float64, len(p.moving))
	}
	p.cells = p.comp.NewCells()
	return p
}

// Tick returns the tick that is shown, with a fraction.
func (p *Prediction[T, I]) Tick() float64 { return p.tick }

// Entity returns the entity of the own row, 0 if there is none.
func (p *Prediction[T, I]) Entity() uint32 { return p.entity }

// State returns the row as it is predicted for the newest tick that there is an input for, which is not to be changed.
func (p *Prediction[T, I]) State() *T { return &p.state }

// Row returns the own row as it is to be shown, or nil if there is none or it is not alive. The next
// Update changes it.
func (p *Prediction[T, I]) Row() *T {
	if !p.live {
		return nil
	}
	return &p.shown
}

// Update moves on to now, by the clock of the session's times: it takes over what the server has said, and makes the inputs of the ticks that
// have begun, for each of which read sets what the player does. The replica must not change meanwhile.
func (p *Prediction[T, I]) Update(r *replica.Replica, now time.Duration, read func(in *I)) {
	w := p.s.Welcome()
	if w == nil {
		return
	}
	if token := w.GetSession(); token != p.session && !w.GetResumed() {
		p.reset(token)
	}
	if t := p.s.Tick(); t != p.base && t != 0 {
		p.rebase(r, t)
	}
	passed := max(0, now-p.now)
	p.now = now
	if p.tick = p.s.InputTick(now); p.tick > 0 {
		p.makeInputs(read)
	}
	if !p.live {
		return
	}
	keep := 0.0
	if p.opt.HalfLife > 0 {
		keep = math.Exp2(-float64(passed) / float64(p.opt.HalfLife))
	}
	p.compute()
	p.store(&p.state, p.cells)
	for i, f := range p.moving {
		if !p.drawn {
			p.offset[i] = 0
		}
		p.offset[i] *= keep
		p.cells.Nums[f.Cell] = cell(f, p.at[i]+p.offset[i])
	}
	p.load(&p.shown, p.cells)
	p.drawn = true
}

func (p *Prediction[T, I]) reset(session string) {
	p.session = session
	p.base, p.ahead, p.made, p.seen, p.entity, p.heldTick = 0, 0, 0, 0, 0, 0
	p.live, p.drawn = false, false
	p.held, p.inputs = *new(I), p.inputs[:0]
}

func (p *Prediction[T, I]) rate() float64 { return p.s.Welcome().GetTickRate() }

// most returns how many ticks are predicted at most.
func (p *Prediction[T, I]) most() uint32 { return uint32(math.Ceil(mostAhead * p.rate())) }

func (p *Prediction[T, I]) makeInputs(read func(in *I)) {
	newest := uint32(p.tick) + 1
	if newest > p.base+p.most() {
		return // without the server there is no use in going on: what is sent now would only come all at once
	}
	if p.made == 0 {
		p.made = newest - 1
	}
	sees := 0.0
	if p.opt.Sees != nil {
		sees = p.opt.Sees()
	}
	for tick := max(p.made+1, newest-min(newest, mostAtOnce)+1); tick <= newest; tick++ {
		p.made = tick
		if len(p.inputs) == kept {
			p.inputs = slices.Delete(p.inputs, 0, 1)
		}
		p.inputs = append(p.inputs, input[I]{tick: tick})
		in := &p.inputs[len(p.inputs)-1]
		read(&in.in)
		in.seq = p.send(&in.in, tick, sees)
		if p.live {
			p.advance(tick)
		}
	}
}

// advance predicts up to a tick.
func (p *Prediction[T, I]) advance(to uint32) {
	neutralAfter := p.s.Welcome().GetNeutralAfter()
	in, since, next := &p.held, p.heldTick, 0
	var neutral I
	for p.ahead < to {
		p.ahead++
		for ; next < len(p.inputs) && p.inputs[next].tick <= p.ahead; next++ {
			in, since = &p.inputs[next].in, p.ahead
		}
		copy(p.before, p.after)
		of := in
		if neutralAfter != 0 && p.ahead-since >= neutralAfter {
			of = &neutral
		}
		p.step(&p.state, of, At{Tick: p.ahead, Dt: 1 / p.rate(), Fresh: p.ahead > p.seen})
		p.seen = max(p.seen, p.ahead)
		p.read(p.after)
	}
}

// read reads the fields that move.
func (p *Prediction[T, I]) read(into []float64) {
	p.store(&p.state, p.cells)
	for i, f := range p.moving {
		into[i] = value(f, p.cells.Nums[f.Cell])
	}
}

// compute works out the fields that move as they are predicted for the tick that is shown.
func (p *Prediction[T, I]) compute() {
	part := min(1, max(0, p.tick-(float64(p.ahead)-1)))
	for i, f := range p.moving {
		p.at[i] = p.before[i] + between(f, p.before[i], p.after[i])*part
	}
}

// rebase goes back to what the server says, and predicts again from there.
func (p *Prediction[T, I]) rebase(r *replica.Replica, tick uint32) {
	n, ack := 0, p.s.InputAck()
	for n < len(p.inputs) && p.inputs[n].seq <= ack {
		p.held, p.heldTick = p.inputs[n].in, p.inputs[n].tick
		n++
	}
	p.inputs = slices.Delete(p.inputs, 0, n)
	p.base = tick
	entity, row := p.find(r)
	alive := row != nil && (p.opt.Alive == nil || p.opt.Alive(row))
	p.drawn = p.drawn && alive && p.live && entity == p.entity
	p.live, p.entity = alive, entity
	if !alive {
		p.ahead = tick
		return
	}
	if p.drawn {
		p.compute()
		copy(p.was, p.at)
	}
	until := max(tick, min(p.made, tick+p.most()))
	stays := p.drawn && until == tick && p.ahead == tick
	p.state, p.ahead = *row, tick
	p.read(p.after)
	if !stays {
		copy(p.before, p.after)
	}
	p.advance(until)
	if p.drawn {
		p.correct(tick)
	}
}

// correct lets what is shown stay where it is, and the difference fade.
func (p *Prediction[T, I]) correct(tick uint32) {
	p.compute()
	off, all := 0.0, 0.0
	for i, f := range p.moving {
		d := between(f, p.at[i], p.was[i])
		p.offset[i] = between(f, 0, p.offset[i]+d)
		if f.WrapSteps == 0 {
			off += d * d
			all += p.offset[i] * p.offset[i]
		}
	}
	c := Correction{Tick: tick, Size: math.Sqrt(off), Jumped: p.opt.Jump > 0 && math.Sqrt(all) > p.opt.Jump}
	if c.Jumped {
		clear(p.offset)
	}
	if c.Size > p.least && p.opt.OnCorrection != nil {
		p.opt.OnCorrection(c)
	}
}

// value returns what a cell of a field stands for.
func value(f *schema.Field, cell int64) float64 {
	switch f.Kind {
	case schema.Float:
		return float64(math.Float32frombits(uint32(cell)))
	case schema.Double:
		return math.Float64frombits(uint64(cell))
	}
	return f.Value(cell)
}

// cell returns the cell that stands for the value that is nearest to v.
func cell(f *schema.Field, v float64) int64 {
	switch {
	case f.Kind == schema.Float:
		return int64(math.Float32bits(float32(v)))
	case f.Kind == schema.Double:
		return int64(math.Float64bits(v))
	case f.Kind != schema.Quantised:
		return int64(math.Round(v))
	case f.WrapSteps != 0:
		turn := int64(f.WrapSteps)
		return (int64(math.Round((v-f.Min)/f.Step))%turn + turn) % turn
	}
	return int64(math.Round((v - f.Min) / f.Step))
}

// between returns how far it is from a to b; of a field that wraps by the shorter way.
func between(f *schema.Field, a, b float64) float64 {
	if f.WrapSteps == 0 {
		return b - a
	}
	return math.Remainder(b-a, float64(f.WrapSteps)*f.Step)
}
