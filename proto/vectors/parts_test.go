package vectors

import (
	"testing"

	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// cut sends a frame in parts that end at some bytes of it.
func (s *scene) cut(about []string, b []byte, at ...int) {
	s.t.Helper()
	from := 0
	for i, to := range append(at, len(b)) {
		text := ""
		if i < len(about) {
			text = about[i]
		}
		s.say(text, netcode.AppendPart(nil, b[from:to], len(b)-to))
		from = to
	}
}

// snapshot ends the tick and returns what the client lacks.
func (s *scene) snapshot() []byte {
	s.t.Helper()
	b, err := s.down.AppendSnapshot(nil, &s.sc, s.w.Commit(), s.inputs)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func inParts(t *testing.T) *sequence {
	s := newScene(t, "parts", "Frames that come in parts, as long ones do. Those of these vectors are short, to be read.", world.Config{}, walkerComp)
	table := world.NewTable[walkersv1.Walker](s.w)
	table.Set(s.w.Spawn(s.main), walkersv1.Walker{X: 1, Player: 1})
	b := s.marshal(&tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers", HashEvery: 20, Parts: true}})
	s.add(&frame{about: "The hello of a client that takes parts.", bytes: b, client: true, want: clientLines(t, b)})
	w := s.marshal(&tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{
		Session: "Q3JSYV2KSKQ2BCIJZ6J6VLLEHT", Room: "walkers-abcdefghij", Kind: "walkers", Player: 1, TickRate: 20,
		ServerTimeUs: 1767225600000000, Fingerprint: walkersv1.Schema.Fingerprint(), AckWindow: 10, MaxMessage: 8192,
	}})
	b = append(s.snapshot(), w...)
	s.cut([]string{
		"The first 30 bytes of the first message, the welcome and a full snapshot; a part may end anywhere. The client holds nothing yet.",
		"The next.", "The last part: the frame is whole, and is taken as if it had come so.",
	}, b, 30, 80)
	table.Get(1).X = 2
	s.send("What is short comes whole.")
	table.Get(1).X = 3
	s.cut([]string{"A delta in parts, cut in the middle of a field.", "And whole."}, s.snapshot(), 7)
	s.cut([]string{"A reply, and no snapshot.", ""}, s.marshal(&tickroomv1.ServerFrame{Replies: []*tickroomv1.Reply{{Id: 1, Data: []byte{8, 2}}}}), 1)
	s.cut([]string{"A frame in one part."}, s.marshal(&tickroomv1.ServerFrame{Pongs: []*tickroomv1.Pong{{ClientTimeUs: 7}}}))
	b = s.marshal(&tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: "walkers", Room: "walkers-abcdefghij", Resume: "Q3JSYV2KSKQ2BCIJZ6J6VLLEHT", ResumeTick: 3, Parts: true, OrJoin: true,
	}})
	s.add(&frame{about: "The hello on another connection, of a client that comes back, or into any room if its own is gone.", bytes: b, client: true, want: clientLines(t, b)})
	b = s.marshal(&tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers", Options: map[string]string{"map": "small"}}})
	s.add(&frame{about: "The hello of a client that chooses what the room is to be like.", bytes: b, client: true, want: clientLines(t, b)})
	return s.seq
}

func partsRefused(t *testing.T) *sequence {
	s := newScene(t, "parts refused", "Parts that a client must refuse.", world.Config{}, walkerComp)
	table := world.NewTable[walkersv1.Walker](s.w)
	table.Set(s.w.Spawn(s.main), walkersv1.Walker{X: 1})
	s.send("A full snapshot.")
	part := func(left uint32, data ...byte) *tickroomv1.ServerFrame {
		return &tickroomv1.ServerFrame{Part: &tickroomv1.Part{Left: left, Data: data}}
	}
	s.refuse("a part without a byte", part(0))
	s.refuse("it announces more than 16 MiB", part(16<<20, 1))
	s.refuse("a part within a part", part(0, s.marshal(part(0, 8, 2))...))
	s.refuse("the whole is not protobuf", part(0, 0xff))
	s.say("Two of four bytes, which are held before each of those that follow.", s.marshal(part(2, 8, 2)))
	s.refuse("out of place: two bytes were left", part(2, 24, 1))
	s.refuse("more bytes than were left", part(0, 24, 1, 1))
	s.refuse("fewer bytes than were left", part(0, 24))
	s.refuse("another message between the parts", &tickroomv1.ServerFrame{Tick: 2})
	return s.seq
}
