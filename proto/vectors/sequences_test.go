package vectors

import (
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// scene is a world with one client, whose frames become a sequence.
type scene struct {
	t    *testing.T
	seq  *sequence
	w    *world.World
	main *world.Group
	in   *world.Interest
	down netcode.Downlink
	sc   world.Scratch
	last *naive // what the client holds

	inputs uint32 // last input applied
}

func newScene(t *testing.T, name, about string, cfg world.Config, comps ...*schema.Component) *scene {
	s := &scene{t: t, w: world.New(cfg)}
	s.seq = &sequence{name: name, about: about, schema: (&schema.Schema{Components: comps}).Proto()}
	s.main = s.w.NewGroup("main")
	s.in = world.NewInterest(s.w)
	s.in.Subscribe(s.main)
	s.down = netcode.NewDownlink(s.in, 10)
	s.down.SetHashEvery(1)
	s.last = newNaive(s.seq.schema)
	return s
}

// skip is a tick in which the client is sent nothing.
func (s *scene) skip(ticks int) {
	for range ticks {
		s.w.Commit()
	}
}

// send ends the tick and sends the client what it lacks.
func (s *scene) send(about string) []byte {
	s.t.Helper()
	tick := s.w.Commit()
	b, err := s.down.AppendSnapshot(nil, &s.sc, tick, s.inputs)
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(about, b)
	if got := s.in.Hash(); got != s.last.hash() {
		s.t.Fatalf("%s: hash %016x, the world's is %016x", s.seq.name, s.last.hash(), got)
	}
	return b
}

// say adds a frame, and notes what a client must make of it.
func (s *scene) say(about string, b []byte) {
	s.t.Helper()
	m := new(tickroomv1.ServerFrame)
	if err := proto.Unmarshal(b, m); err != nil {
		s.t.Fatal(err)
	}
	m, err := s.last.whole(m)
	if err == nil {
		err = s.last.apply(m)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", s.seq.name, err)
	}
	s.add(&frame{about: about, bytes: b, want: append(s.last.lines(), saidLines(m)...)})
}

// refuse adds a frame that must be refused.
func (s *scene) refuse(why string, m proto.Message) { s.refuseBytes(why, s.marshal(m)) }

func (s *scene) refuseBytes(why string, b []byte) { s.add(&frame{bytes: b, refused: why}) }

func (s *scene) add(f *frame) {
	f.name = fmt.Sprintf("%s/%d", s.seq.name, len(s.seq.frames)+1)
	s.seq.frames = append(s.seq.frames, f)
}

func (s *scene) marshal(m proto.Message) []byte {
	s.t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func sequences(t *testing.T) []*sequence {
	var all []*sequence
	for _, fn := range []func(*testing.T) *sequence{
		walkers, rows, scalars, quantities, lists, wide, groups, view, events, session, encodings, refused, client,
	} {
		all = append(all, fn(t))
	}
	return all
}

var (
	walkerComp     = (*walkersv1.Walker)(nil).ComponentInfo()
	placeComp      = (*testschemav1.Place)(nil).ComponentInfo()
	tagComp        = (*testschemav1.Tag)(nil).ComponentInfo()
	scalarsComp    = (*testschemav1.Scalars)(nil).ComponentInfo()
	quantitiesComp = (*testschemav1.Quantities)(nil).ComponentInfo()
	listsComp      = (*testschemav1.Lists)(nil).ComponentInfo()
	wideComp       = (*testschemav1.Wide)(nil).ComponentInfo()
)

// turn is a step of a Walker's heading.
const turn = 0.02454369260617026

func walkers(t *testing.T) *sequence {
	s := newScene(t, "walkers", "The life of a few walkers: whole rows, differences, skipped ticks, removal, a number that is used again.", world.Config{Quarantine: 2}, walkerComp)
	table := world.NewTable[walkersv1.Walker](s.w)
	a, b, c := s.w.Spawn(s.main), s.w.Spawn(s.main), s.w.Spawn(s.main)
	ra := table.Set(a, walkersv1.Walker{X: 10, Y: 20.5, Heading: 255 * turn, Health: 100, Player: 1})
	rb := table.Set(b, walkersv1.Walker{X: -3, Y: 0.125, Heading: 64 * turn, Health: 100, Player: 2})
	rc := table.Set(c, walkersv1.Walker{X: 512, Y: 512, Health: 7})
	s.send("A full snapshot of three walkers. Each row brings its fields that are not zero, and has its mask in front of it, which here is shorter than a table for each mask. x and y are signed, so 80 steps travel as 160; heading wraps, so it is unsigned.")

	ra.X, ra.Y, ra.Heading = 10.125, 20.25, 0
	s.inputs, ra.LastInput = 1, 1
	rb.X, rb.Y = -4, 1
	s.send("Differences from the snapshot before. Walker 1 turned by one step, from 255 to 0: the difference is 1, the short way round.")

	for _, r := range []*walkersv1.Walker{ra, rb, rc} {
		r.X += 0.5
		r.Y -= 0.5
	}
	s.send("All three changed the same fields.")

	s.send("Nothing changed.")

	rb.Health = 0
	s.skip(1)
	ra.X, rb.Heading = 11, 65*turn
	s.skip(1)
	ra.X, ra.Y = 12, 19
	s.send("Two ticks were skipped, so this builds on the tick three before it: values are absolute. Health that has become 0 is in the mask like any other.")

	s.w.Destroy(b)
	d := s.w.Spawn(s.main)
	table.Set(d, walkersv1.Walker{X: 1, Y: 1, Heading: turn, Health: 100, Player: 3})
	rc.Health = 8
	s.send("Walker 2 is gone, walker 4 is new, walker 3 changed.")

	s.w.Destroy(c)
	s.skip(2)
	e := s.w.Spawn(s.main)
	table.Set(e, walkersv1.Walker{Player: 4})
	s.send("A number that is free is used again, 2. And 3 is gone.")
	s.w.Destroy(e)
	s.skip(3)
	table.Set(s.w.Spawn(s.main), walkersv1.Walker{X: 2})
	s.send("Number 2 went and came back for another walker while the client was skipped: it is removed, and then set. Fields that the whole row does not bring are zero.")

	s.down.Resume(0)
	table.Get(a).Y = 0
	s.send("A full snapshot: whatever the client held is dropped first, and tick and skip need not fit.")
	return s.seq
}

func rows(t *testing.T) *sequence {
	s := newScene(t, "rows", "Components without fields, rows with nothing in them, and rows that come and go while their entity stays.", world.Config{}, placeComp, tagComp)
	places, tags := world.NewTable[testschemav1.Place](s.w), world.NewTable[testschemav1.Tag](s.w)
	var es []world.Entity
	for i := range 4 {
		e := s.w.Spawn(s.main)
		es = append(es, e)
		places.Set(e, testschemav1.Place{X: int32(i), Y: -int32(i)})
	}
	tags.Add(es[1])
	tags.Add(es[3])
	s.send("Entity 1 has a row in which all is zero: its mask is 0. Tag has no fields: a row is an entity, and there is no mask.")
	tags.Remove(es[1])
	places.Remove(es[2])
	s.send("Rows that are gone though their entities are still in sight.")
	tags.Add(es[0])
	places.Get(es[3]).Y = 7
	places.Set(es[2], testschemav1.Place{X: 5})
	s.send("A new row comes in set, also when the rest of the frame is a difference.")
	places.Remove(es[2])
	places.Set(es[2], testschemav1.Place{Y: 6})
	s.send("A row was removed and added in one tick: it is removed first, so x is 0.")
	s.w.Destroy(es[3])
	s.send("An entity is gone, with its rows in both tables.")
	return s.seq
}

func scalars(t *testing.T) *sequence {
	s := newScene(t, "scalars", "A field of every kind that is not repeated.", world.Config{}, scalarsComp)
	table := world.NewTable[testschemav1.Scalars](s.w)
	e := s.w.Spawn(s.main)
	r := table.Set(e, testschemav1.Scalars{
		Flag: true, I32: -1, S32: 64, Sf32: -2147483648, U32: 4294967295, F32: 128,
		I64: -1, S64: 9007199254740993, Sf64: -9223372036854775808, U64: 18446744073709551615, F64: 1 << 63,
		Text: "Grüße", Data: []byte{0, 255, 16}, RawFloat: 1.5, RawDouble: -0.1,
		Mood: testschemav1.Mood_MOOD_GOOD, Gear: testschemav1.Scalars_GEAR_REVERSE,
	})
	s.send("Absolute values. 64-bit numbers are in wide, zigzag; those of unsigned fields as the signed number with the same bits.")
	*r = testschemav1.Scalars{
		I32: 2147483647, S32: -64, Sf32: 2147483647, U32: 0, F32: 129,
		I64: 9223372036854775807, S64: 9007199254740994, Sf64: 9223372036854775807, U64: 1, F64: 0,
		Text: "", Data: []byte("x"), RawFloat: -1.5, RawDouble: 1e300,
		Mood: testschemav1.Mood_MOOD_LOST, Gear: testschemav1.Scalars_GEAR_FIRST,
	}
	s.send("Differences are modulo 1<<32, those of 64-bit fields modulo 1<<64. Bools, floats, doubles, strings and bytes are absolute.")
	*r = testschemav1.Scalars{Mood: testschemav1.Mood_MOOD_BAD}
	s.skip(1)
	s.send("All else became zero, in a tick that was skipped.")
	r.RawFloat, r.RawDouble = inf(), -inf64()
	s.send("Infinities.")
	r.RawFloat, r.RawDouble = negZero(), 0
	s.send("Minus zero travels as zero.")
	r.RawFloat, r.RawDouble = math.Float32frombits(0xffa00001), math.Float64frombits(0x7ff0000000000001)
	s.send("What is not a number travels as the quiet NaN, 7fc00000 and 7ff8000000000000, whatever its bits were.")
	return s.seq
}

func quantities(t *testing.T) *sequence {
	s := newScene(t, "quantities", "Quantised fields: value = min + steps * step.", world.Config{}, quantitiesComp)
	table := world.NewTable[testschemav1.Quantities](s.w)
	r := table.Set(s.w.Spawn(s.main), testschemav1.Quantities{
		Free: -1.0625, FreeDouble: 1.2345, Range: -9.95, WideRange: 4294967295, Angle: 3.1415927, Odd: 2, FullTurn: 1073741823.5,
		SmoothRaw: 0.1, Path: []float32{0.25, -0.25}, PathRange: []float64{-1, 1}, Angles: []float64{359, 360, 1}, Far: -0.5,
	})
	s.send("Absolute values. Of fields with a range or a wrap the number of steps is unsigned, of others zigzag. Field 40 needs mask_high.")
	r.Free, r.FreeDouble, r.Range, r.WideRange, r.Angle, r.Odd, r.FullTurn = 1, 1.2335, 99, 0, 6.2831855, 0, 0
	r.Path, r.PathRange, r.Angles, r.Far = []float32{1}, nil, []float64{-1}, 0
	s.send("Differences; range was held at its maximum, full_turn went round by one step. Repeated fields are absolute, and empty ones are a count of 0.")
	r.Odd, r.Range = 2, -99
	s.send("odd has 3 steps: from 0 to 2 it is one step back. range is at its minimum: 0 steps.")
	return s.seq
}

func lists(t *testing.T) *sequence {
	s := newScene(t, "lists", "Repeated fields: a count in rows, then the values where those of their kind go.", world.Config{}, listsComp)
	table := world.NewTable[testschemav1.Lists](s.w)
	e, f := s.w.Spawn(s.main), s.w.Spawn(s.main)
	table.Set(e, testschemav1.Lists{
		Flags: []bool{true, false}, I32S: []int32{-1, 1}, S32S: []int32{0}, Sf32S: []int32{-2147483648}, U32S: []uint32{4294967295, 0}, F32S: []uint32{7},
		I64S: []int64{-1}, S64S: []int64{1 << 40}, Sf64S: []int64{0, 0}, U64S: []uint64{18446744073709551615}, F64S: []uint64{1},
		Floats: []float32{0.5, -2}, Doubles: []float64{0.1}, Texts: []string{"", "a", "bcde"}, Blobs: [][]byte{{1}, {}},
		Moods: []testschemav1.Mood{2, -1}, Loose: []int32{5}, LooseFixed: []uint64{6}, LooseMoods: []testschemav1.Mood{1},
	})
	table.Set(f, testschemav1.Lists{Texts: []string{"other"}, Doubles: []float64{2}, I64S: []int64{9}})
	s.send("Two rows with different fields: the values of the side lists follow the rows' order, rows before mixed. A list of one empty string is not an empty list: it counts in the hash.")
	table.Get(e).Texts = []string{"new"}
	table.Get(e).I32S = nil
	table.Get(e).U64S = []uint64{2, 3}
	s.send("Repeated fields are absolute in delta as well.")
	return s.seq
}

func wide(t *testing.T) *sequence {
	s := newScene(t, "wide", "64 fields: masks of more than 32 bits.", world.Config{}, wideComp)
	table := world.NewTable[testschemav1.Wide](s.w)
	var rs []*testschemav1.Wide
	for range 3 {
		rs = append(rs, table.Add(s.w.Spawn(s.main)))
	}
	rs[0].F1, rs[0].F64 = -1, 64
	rs[1].F1, rs[1].F64 = -2, 640
	rs[2].F2 = true
	s.send("mask and mask_high are for the rows of rows; the row in mixed brings its own mask, of fields up to 32.")
	rs[0].F33, rs[1].F32, rs[2].F34 = -33, 32, true
	s.send("Rows with fields above 32 and different masks travel in tables of their own.")
	return s.seq
}

func groups(t *testing.T) *sequence {
	s := newScene(t, "groups", "Groups that a client comes to see and sees no longer. Their parts follow one another in a frame, so removed stands there more than once, which in protobuf is the same as once.", world.Config{}, placeComp)
	table := world.NewTable[testschemav1.Place](s.w)
	red, blue := s.w.NewGroup("red"), s.w.NewGroup("blue")
	s.in.Subscribe(red)
	a, b, c := s.w.Spawn(s.main), s.w.Spawn(red), s.w.Spawn(blue)
	for i, e := range []world.Entity{a, b, c} {
		table.Set(e, testschemav1.Place{X: int32(i) + 1})
	}
	s.send("The client sees the groups main and red, each with a table of its own. It does not see blue, and nothing tells that there is one.")
	s.w.Move(a, red)
	s.w.Move(b, s.main)
	s.send("The two change places: both are removed, and set.")
	s.w.Move(a, blue)
	table.Get(b).Y = 1
	s.send("Entity 1 goes where the client does not see it.")
	s.in.Subscribe(blue)
	s.send("From now on the client sees blue: it is sent whole, in an otherwise usual frame.")
	s.in.Unsubscribe(blue)
	table.Get(a).X = 9
	s.send("And no longer.")
	s.down.Explain()
	s.send("The client reported a mismatch: entity_hashes say what it should hold.")
	return s.seq
}

func view(t *testing.T) *sequence {
	s := newScene(t, "view", "A client that sees 10 units far; what is in sight stays so up to 11.25 units.", world.Config{}, walkerComp)
	table := world.NewTable[walkersv1.Walker](s.w)
	table.Locate(func(r *walkersv1.Walker) (x, y float64) { return float64(r.X), float64(r.Y) })
	field := s.w.NewSpatialGroup("field", world.Bounds{MinX: 0, MinY: 0, MaxX: 100, MaxY: 100}, 5)
	me, other := s.w.Spawn(field), s.w.Spawn(field)
	table.Set(me, walkersv1.Walker{X: 50, Y: 50, Player: 1})
	far := table.Set(other, walkersv1.Walker{X: 62, Y: 50, Health: 3})
	s.in.Watch(field, 10).Follow(me)
	s.send("The client sees itself.")
	far.X = 59
	s.send("Somebody comes into view: a whole row.")
	far.X = 61
	s.send("Beyond 10 units, and still in view.")
	far.X = 61.5
	s.send("Out of view.")
	return s.seq
}

func events(t *testing.T) *sequence {
	s := newScene(t, "events", "Events, of the schema of the tests: 3 is transient, 1 is reliable.", world.Config{TransientTicks: 3}, placeComp)
	s.main.Emit(&testschemav1.Bang{Where: &testschemav1.Vec{X: 1, Y: 2}})
	s.main.Emit(&testschemav1.Won{Who: "Ann"})
	s.send("Events of this tick have no age.")
	s.main.Emit(&testschemav1.Bang{})
	s.main.Emit(&testschemav1.Won{Who: "Bob"})
	s.skip(4)
	s.main.Emit(&testschemav1.Bang{Where: &testschemav1.Vec{}})
	s.skip(1)
	s.main.Emit(&testschemav1.Won{Who: "Cem"})
	s.send("Ticks were skipped. The old transient event is dropped, the younger one and the reliable ones come, oldest first, with their ages.")
	return s.seq
}

func session(t *testing.T) *sequence {
	s := newScene(t, "session", "What frames hold besides snapshots.", world.Config{}, walkerComp, quantitiesComp)
	table := world.NewTable[walkersv1.Walker](s.w)
	table.Set(s.w.Spawn(s.main), walkersv1.Walker{X: 1, Player: 1})
	tick := s.w.Commit()
	b, err := s.down.AppendSnapshot(nil, &s.sc, tick, 0)
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, s.marshal(&tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{
		Session: "Q3JSYV2KSKQ2BCIJZ6J6VLLEHT", Room: "walkers-abcdefghij", Kind: "walkers", Player: 1, TickRate: 20, Tick: 0,
		ServerTimeUs: 1767225600000000, Schema: s.seq.schema, Fingerprint: walkersv1.Schema.Fingerprint(), AckWindow: 10, MaxMessage: 8192,
	}})...)
	s.say("The first message: a full snapshot, and the welcome with the schema that it must be read with. The welcome comes last in the bytes and first in effect. Its fingerprint is not that of these two components: it covers a game's whole schema, events, commands and input included, and here it is that of the kind walkers.", b)
	s.say("A frame without a snapshot: the tick is 0, and the client stays where it is. A command was done, one was refused, a ping answered.", s.marshal(&tickroomv1.ServerFrame{
		Replies: []*tickroomv1.Reply{
			{Id: 1, Data: (&walkersv1.ShoutReply{Count: 2}).AppendProto(nil)},
			{Id: 2, Code: tickroomv1.ReplyCode_REPLY_CODE_REFUSED, Error: "there is nothing to shout"},
		},
		Pongs: []*tickroomv1.Pong{{ClientTimeUs: 1234567, ServerTimeUs: 1767225601000000, Tick: 20}},
	}))
	s.say("A message may hold nothing at all.", nil)
	s.say("On a new connection: the welcome to a session that is resumed. The client keeps its rows; the snapshot builds on the last tick that it applied.", s.marshal(&tickroomv1.ServerFrame{
		Tick: 5, Skip: 3, Removed: []uint32{9},
		Welcome: &tickroomv1.Welcome{
			Session: "Q3JSYV2KSKQ2BCIJZ6J6VLLEHT", Room: "walkers-abcdefghij", Kind: "walkers", Player: 1, TickRate: 20, Tick: 5,
			ServerTimeUs: 1767225602000000, Fingerprint: walkersv1.Schema.Fingerprint(), AckWindow: 10, MaxMessage: 8192,
			Resumed: true, HoldSeconds: 60, InputSeq: 43, CommandId: 2, EventsMissed: true, Spectator: true,
		},
	}))
	s.say("The welcome of a player with a token: the player's id, and until when the token is good. The session is held for as long as the client was connected, 10 s at least and 60 s at most.", s.marshal(&tickroomv1.ServerFrame{
		Welcome: &tickroomv1.Welcome{
			Session: "BB4VJ2RPN6ZTBGEVQK4PRLJXCU", Room: "walkers-abcdefghij", Kind: "walkers", Player: 1, TickRate: 20, Tick: 5,
			ServerTimeUs: 1767225602000000, Fingerprint: walkersv1.Schema.Fingerprint(), AckWindow: 10, MaxMessage: 8192,
			HoldSeconds: 60, HoldLeastSeconds: 10, PlayerId: "u-1815", ExpiresUs: 1767229202000000,
		},
	}))
	s.say("The token is about to expire: the client should send a new one.", s.marshal(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 1767229202000000, Renew: true}}))
	s.say("The answer to a token that is good: it is known for another hour.", s.marshal(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 1767232802000000}}))
	s.say("The answer to one that is refused: what held before holds on.", s.marshal(&tickroomv1.ServerFrame{Auth: &tickroomv1.Auth{ExpiresUs: 1767232802000000, Error: "the token is another player's"}}))
	s.say("Snapshots that say how early the client's inputs come: the least early one of those that have come since the tick before was for the tick after this one.", s.marshal(&tickroomv1.ServerFrame{Tick: 6, InputAck: 44, InputEarly: proto.Int32(1)}))
	s.say("One has come two ticks too late. It was applied now, as its number says.", s.marshal(&tickroomv1.ServerFrame{Tick: 7, InputAck: 45, InputEarly: proto.Int32(-2)}))
	s.say("Nothing is said: none has come, or it was two ticks too late as well.", s.marshal(&tickroomv1.ServerFrame{Tick: 8, InputAck: 46}))
	s.say("One was just in time.", s.marshal(&tickroomv1.ServerFrame{Tick: 9, InputAck: 47, InputEarly: proto.Int32(0)}))
	s.say("The welcome of a room that takes an empty input in the third tick in a row in which none of a player's has come, and judges by what players have seen up to five ticks ago.", s.marshal(&tickroomv1.ServerFrame{
		Welcome: &tickroomv1.Welcome{
			Session: "BB4VJ2RPN6ZTBGEVQK4PRLJXCU", Room: "walkers-abcdefghij", Kind: "walkers", Player: 1, TickRate: 20, Tick: 9,
			ServerTimeUs: 1767225602000000, Fingerprint: walkersv1.Schema.Fingerprint(), AckWindow: 10, MaxMessage: 8192,
			NeutralAfter: 3, RewindTicks: 5,
		},
	}))
	return s.seq
}
