package vectors

import (
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

func inf() float32     { return float32(math.Inf(1)) }
func inf64() float64   { return math.Inf(1) }
func negZero() float32 { return float32(math.Copysign(0, -1)) }

// join puts encoded fields one after the other.
func join(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = append(b, f...)
	}
	return b
}

func num(field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), v)
}

func lengthed(field protowire.Number, b ...byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), b)
}

// encodings are frames as no server of this repository writes them, though it
// might: protobuf lets fields come in any order and packed fields in parts.
func encodings(t *testing.T) *sequence {
	s := newScene(t, "encodings", "Encodings that protobuf allows, all of the same meaning to a stock runtime. A decoder written by hand must take them too.", world.Config{}, scalarsComp, placeComp)
	s.say("Fields in the reverse of the usual order: the rows come before the component and the mask, the tables before full and the tick.", join(
		lengthed(6, join(lengthed(4, 1, 2, 3, 2, 4, 5), num(2, 3), num(1, 5))...),
		num(3, 1), num(1, 1)))
	s.say("Packed fields in several parts, one of them empty; between them other fields. The parts are joined.", join(
		num(1, 2),
		lengthed(7, join(num(1, 5), lengthed(4, 1), num(2, 3), lengthed(4, 2, 4), lengthed(4), lengthed(4, 2, 6, 8))...)))
	s.say("The side lists in parts, strings and wide values of one row among them.", join(
		num(1, 3),
		lengthed(6, join(num(1, 1), num(2, 1<<6|1<<7|1<<11|1<<15|1<<16), lengthed(9, []byte("late")...), lengthed(6, 2), lengthed(4, 3), lengthed(7), lengthed(10, 9), lengthed(6, 4), lengthed(7, 0, 0, 128, 63))...)))
	s.say("Two tables of one component. The second brings the same row again; both count.", join(
		num(1, 4),
		lengthed(7, join(num(1, 5), num(2, 1), lengthed(4, 1, 2))...),
		lengthed(7, join(num(1, 5), num(2, 1), lengthed(4, 1, 2))...)))
	s.say("Unknown fields of every wire type, in the frame and in a table: they are passed over.", join(
		num(900, 1), lengthed(901, 1, 2, 3), append(protowire.AppendTag(nil, 902, protowire.Fixed32Type), 1, 2, 3, 4), append(protowire.AppendTag(nil, 903, protowire.Fixed64Type), 1, 2, 3, 4, 5, 6, 7, 8),
		num(1, 5),
		lengthed(7, join(num(1, 5), num(50, 7), lengthed(51), num(2, 2), lengthed(4, 1, 1))...)))
	s.say("removed in parts, packed and not. Removing what is not held is no error. A scalar that comes twice has its last value.", join(
		num(1, 4), num(1, 6), num(5, 2), lengthed(5, 77, 78), num(4, 5), num(4, 6)))
	s.say("Varints may be longer than they need be.", []byte{
		0x08, 0x87, 0x80, 0x00, 0x3a, 0x0b, 0x08, 0x85, 0x00, 0x10, 0x81, 0x00, 0x22, 0x03, 0x81, 0x00, 0x02,
	})
	s.say("delta is applied after set, wherever it stands.", join(
		num(1, 8),
		lengthed(7, join(num(1, 5), num(2, 1), lengthed(4, 9, 2))...),
		lengthed(6, join(num(1, 5), num(2, 1), lengthed(4, 9, 20))...)))
	s.say("A row is removed by a later table than the one that sets it: all removals of rows come first.", join(
		num(1, 9),
		lengthed(6, join(num(1, 5), num(2, 2), lengthed(4, 9, 20))...),
		lengthed(6, join(num(1, 5), lengthed(11, 9))...)))
	return s.seq
}

func refused(t *testing.T) *sequence {
	s := newScene(t, "refused", "Frames that a client must refuse. After each it is where the first frame left it.", world.Config{}, scalarsComp, placeComp)
	s.say("The state that each of the frames below meets.", s.marshal(&tickroomv1.ServerFrame{Tick: 10, Full: true, Set: []*tickroomv1.Table{{Component: 5, Mask: 3, Rows: []uint32{1, 2, 4}}}}))
	set := func(t *tickroomv1.Table) *tickroomv1.ServerFrame {
		return &tickroomv1.ServerFrame{Tick: 11, Set: []*tickroomv1.Table{t}}
	}
	s.refuse("it builds on tick 11, and the client is at 10", &tickroomv1.ServerFrame{Tick: 12})
	s.refuse("it builds on tick 9, and the client is at 10", &tickroomv1.ServerFrame{Tick: 11, Skip: 1})
	s.refuse("it builds on the tick that it brings", &tickroomv1.ServerFrame{Tick: 10})
	s.refuse("there are no 11 ticks before tick 11 to skip", &tickroomv1.ServerFrame{Tick: 11, Skip: 11})
	s.refuse("a difference for a row that is not there", &tickroomv1.ServerFrame{Tick: 11, Delta: []*tickroomv1.Table{{Component: 5, Mask: 1, Rows: []uint32{2, 2}}}})
	s.refuse("a difference for a row that the frame removes", &tickroomv1.ServerFrame{Tick: 11, Removed: []uint32{1}, Delta: []*tickroomv1.Table{{Component: 5, Mask: 1, Rows: []uint32{1, 2}}}})
	s.refuse("the component is not in the schema", set(&tickroomv1.Table{Component: 6, Rows: []uint32{1}}))
	s.refuse("the table names no component", set(&tickroomv1.Table{Rows: []uint32{1}}))
	s.refuse("the mask has a field that is not in the schema", set(&tickroomv1.Table{Component: 5, Mask: 4, Rows: []uint32{1, 1}}))
	s.refuse("a row in mixed has a field that is not in the schema", set(&tickroomv1.Table{Component: 5, Mixed: []uint32{4, 1, 1}}))
	s.refuse("the last row is cut short", set(&tickroomv1.Table{Component: 5, Mask: 3, Rows: []uint32{1, 1, 1, 2, 1}}))
	s.refuse("a row in mixed has no entity", set(&tickroomv1.Table{Component: 5, Mixed: []uint32{1}}))
	s.refuse("there are too few wide values", set(&tickroomv1.Table{Component: 1, Mask: 1 << 6, Rows: []uint32{1}}))
	s.refuse("there are too few floats", set(&tickroomv1.Table{Component: 1, Mask: 1 << 11, Rows: []uint32{1}}))
	s.refuse("there are too few doubles", set(&tickroomv1.Table{Component: 1, Mask: 1 << 12, Rows: []uint32{1}}))
	s.refuse("there are too few strings", set(&tickroomv1.Table{Component: 1, Mask: 1 << 15, Rows: []uint32{1}}))
	s.refuse("there are too few blobs", set(&tickroomv1.Table{Component: 1, Mask: 1 << 16, Rows: []uint32{1}}))
	s.refuse("wide values are left over", set(&tickroomv1.Table{Component: 1, Mask: 1, Rows: []uint32{1, 1}, Wide: []int64{1}}))
	s.refuse("strings are left over", set(&tickroomv1.Table{Component: 1, Mask: 1, Rows: []uint32{1, 1}, Strings: []string{"x"}}))
	s.refuseBytes("a string is not UTF-8", join(num(1, 11), lengthed(6, join(num(1, 1), num(2, 1<<15), lengthed(4, 1), lengthed(9, 0xff))...)))
	s.refuseBytes("the message is cut short", []byte{0x08, 0x0b, 0x32, 0x05, 0x08})
	s.refuseBytes("a varint is longer than ten bytes", []byte{0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01})
	s.say("And after all that the session goes on.", s.marshal(&tickroomv1.ServerFrame{Tick: 11, Delta: []*tickroomv1.Table{{Component: 5, Mask: 1, Rows: []uint32{1, 2}}}}))
	return s.seq
}

// client is what clients send.
func client(t *testing.T) *sequence {
	s := newScene(t, "client", "Messages of clients.", world.Config{})
	say := func(about string, m proto.Message) {
		b := s.marshal(m)
		s.add(&frame{about: about, bytes: b, client: true, want: clientLines(t, b)})
	}
	say("The first message, of a client that has no generated code and wants a state hash each second.", &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers", Name: "Ann", HashEvery: 20}})
	say("All that a hello can say.", &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: "walkers", Room: "walkers-abcdefghij", Name: "Bob", Fingerprint: walkersv1.Schema.Fingerprint(), HashEvery: 20, Every: 2, Data: []byte("team red"),
		Spectate: true,
	}})
	input := &walkersv1.WalkerInput{Direction: 1.5}
	say("The usual message: what was applied, and an input.", &tickroomv1.ClientFrame{Ack: 300, Inputs: []*tickroomv1.Input{{Seq: 41, Data: input.AppendProto(nil)}}})
	say("Inputs for certain ticks. The second has no data: all its fields are zero.", &tickroomv1.ClientFrame{Ack: 301, Inputs: []*tickroomv1.Input{{Seq: 42, Tick: 304, Data: input.AppendProto(nil)}, {Seq: 43, Tick: 305}}})
	say("A command, a ping, a wish for every fourth tick, and the report of a wrong hash.", &tickroomv1.ClientFrame{
		Commands: []*tickroomv1.CommandData{{Id: 1, Command: 1, Data: (&walkersv1.Shout{Text: "hi"}).AppendProto(nil)}},
		Ping:     &tickroomv1.Ping{ClientTimeUs: 1234567}, Every: 4, Mismatch: true,
	})
	say("A hello that resumes a session: it names the room, the session's token and the last tick that was applied.", &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: "walkers", Room: "walkers-abcdefghij", Name: "Bob", Fingerprint: walkersv1.Schema.Fingerprint(), Resume: "Q3JSYV2KSKQ2BCIJZ6J6VLLEHT", ResumeTick: 301,
	}})
	say("The hello of a player with a token and a seat from the matchmaker: the seat says kind and room. Both are shortened here.", &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Fingerprint: walkersv1.Schema.Fingerprint(), Token: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1LTE4MTUifQ.c2ln", Seat: "AQIDBAUGBwgJCgsMDQ4PEA",
	}})
	say("A new token of the same player, along with the usual.", &tickroomv1.ClientFrame{Ack: 302, Token: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1LTE4MTUifQ.bmV3"})
	say("An input of a player who was looking at a moment between two ticks: 75 sixteenths before the tick that the input is meant for.", &tickroomv1.ClientFrame{
		Ack: 303, Inputs: []*tickroomv1.Input{{Seq: 44, Tick: 308, Data: input.AppendProto(nil), Sees: 75}},
	})
	return s.seq
}
