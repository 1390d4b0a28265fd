package netcode_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// sameFrame compares a parsed message with what the stock runtime makes of it.
func sameFrame(t *testing.T, f *netcode.ClientFrame, want *tickroomv1.ClientFrame) {
	t.Helper()
	if f.Ack != want.GetAck() || f.Every != want.GetEvery() || f.Mismatch != want.GetMismatch() {
		t.Errorf("got ack %d, every %d, mismatch %t; want %v", f.Ack, f.Every, f.Mismatch, want)
	}
	if f.Ping != (want.GetPing() != nil) || f.PingTime != want.GetPing().GetClientTimeUs() {
		t.Errorf("got ping %t %d; want %v", f.Ping, f.PingTime, want.GetPing())
	}
	if (f.Hello != nil) != (want.GetHello() != nil) {
		t.Errorf("hello: got %t, want %t", f.Hello != nil, want.GetHello() != nil)
	}
	if len(f.Inputs) != len(want.GetInputs()) || len(f.Commands) != len(want.GetCommands()) {
		t.Fatalf("got %d inputs and %d commands; want %d and %d", len(f.Inputs), len(f.Commands), len(want.GetInputs()), len(want.GetCommands()))
	}
	for i, in := range want.GetInputs() {
		if g := f.Inputs[i]; g.Seq != in.GetSeq() || g.Tick != in.GetTick() || string(g.Data) != string(in.GetData()) {
			t.Errorf("input %d: got %v, want %v", i, g, in)
		}
	}
	for i, c := range want.GetCommands() {
		if g := f.Commands[i]; g.ID != c.GetId() || g.Command != c.GetCommand() || string(g.Data) != string(c.GetData()) {
			t.Errorf("command %d: got %v, want %v", i, g, c)
		}
	}
}

var frames = []*tickroomv1.ClientFrame{
	{},
	{Ack: 300, Inputs: []*tickroomv1.Input{{Seq: 1, Tick: 2, Data: []byte{1}}, {Seq: 2}}},
	{Commands: []*tickroomv1.CommandData{{Id: 1, Command: 2, Data: []byte("x")}}, Every: 8, Mismatch: true},
	{Ping: &tickroomv1.Ping{}},
	{Ping: &tickroomv1.Ping{ClientTimeUs: 1 << 63}},
	{Hello: &tickroomv1.Hello{Version: 1, Kind: "k"}},
}

func TestParseAgreesWithTheStockRuntime(t *testing.T) {
	t.Parallel()
	var f netcode.ClientFrame // used again, so nothing may be left from before
	for _, want := range frames {
		b, err := proto.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Parse(b); err != nil {
			t.Fatal(err)
		}
		sameFrame(t, &f, want)
	}
}

func TestParseHasBounds(t *testing.T) {
	t.Parallel()
	many := &tickroomv1.ClientFrame{}
	for range netcode.MaxFrameInputs + 1 {
		many.Inputs = append(many.Inputs, &tickroomv1.Input{Seq: 1})
	}
	b, err := proto.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	var f netcode.ClientFrame
	for name, b := range map[string][]byte{
		"too many inputs": b, "half a tag": {0x80}, "half an input": {0x12, 5, 8}, "field 0": {0, 0}, "group": {0x0b},
	} {
		if err := f.Parse(b); !errors.Is(err, netcode.ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzClientFrame(f *testing.F) {
	for _, x := range frames {
		b, err := proto.Marshal(x)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got netcode.ClientFrame
		if err := got.Parse(b); err != nil {
			if !errors.Is(err, netcode.ErrFrame) {
				t.Fatal(err)
			}
			return
		}
		// Whatever stock runtimes accept with the same wire types reads the same.
		// Messages that occur twice are merged by them, and replaced here.
		want := &tickroomv1.ClientFrame{}
		if proto.Unmarshal(b, want) != nil || len(want.ProtoReflect().GetUnknown()) > 0 {
			return
		}
		canonical, err := proto.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Parse(canonical); err != nil {
			if len(want.GetInputs()) > netcode.MaxFrameInputs || len(want.GetCommands()) > netcode.MaxFrameCommands {
				return
			}
			t.Fatal(err)
		}
		sameFrame(t, &got, want)
	})
}

func BenchmarkParse(b *testing.B) {
	msg, err := proto.Marshal(&tickroomv1.ClientFrame{Ack: 70000, Inputs: []*tickroomv1.Input{{Seq: 4000, Data: make([]byte, 5)}}})
	if err != nil {
		b.Fatal(err)
	}
	var f netcode.ClientFrame
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Parse(msg); err != nil {
			b.Fatal(err)
		}
	}
}
