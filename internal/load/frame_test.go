package load

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// serverFrame is a frame as servers send them.
func serverFrame(opcode byte, payload []byte) []byte {
	b := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func snapshot(t *testing.T, tick uint32, filler int) []byte {
	t.Helper()
	b, err := proto.Marshal(&tickroomv1.ServerFrame{
		Tick:   tick,
		Events: []*tickroomv1.EventData{{Data: make([]byte, filler)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Frames of all sizes arrive in pieces of all sizes.
func TestReaderFindsFramesInPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var stream []byte
		var want []frame
		for range 1 + rng.IntN(20) {
			var f frame
			var payload []byte
			switch rng.IntN(4) {
			case 0:
				payload = make([]byte, rng.IntN(126))
				for i := range payload {
					payload[i] = byte(rng.Uint32())
				}
				f = frame{opcode: opPing, control: payload}
			case 1:
				f.opcode = opBinary // empty
			default:
				tick := rng.Uint32() >> rng.IntN(32)
				payload = snapshot(t, tick, []int{0, 1, 120, 130, 1000, 66000}[rng.IntN(6)])
				f = frame{opcode: opBinary, tick: tick}
			}
			bytes := serverFrame(f.opcode, payload)
			f.wire, f.payload = len(bytes), len(payload)
			stream = append(stream, bytes...)
			want = append(want, f)
		}
		r := new(reader)
		for len(stream) > 0 {
			piece := stream[:min(len(stream), 1+rng.IntN(1<<rng.IntN(12)))]
			stream = stream[len(piece):]
			for len(piece) > 0 {
				n, got, done, err := r.next(piece)
				if err != nil {
					t.Fatal(err)
				}
				piece = piece[n:]
				if !done {
					continue
				}
				if len(want) == 0 {
					t.Fatalf("one frame too many: %+v", got)
				}
				if got.opcode != want[0].opcode || got.wire != want[0].wire || got.payload != want[0].payload ||
					got.tick != want[0].tick || !bytes.Equal(got.control, want[0].control) {
					t.Fatalf("got %+v, want %+v", got, want[0])
				}
				want = want[1:]
			}
		}
		if len(want) > 0 {
			t.Fatalf("%d frames were not found", len(want))
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"masked":    {0x82, 0x81, 1, 2, 3, 4, 5},
		"oversized": {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 1},
	} {
		if _, _, _, err := new(reader).next(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestInputsAreClientFrames(t *testing.T) {
	for _, c := range []struct{ ack, seq uint32 }{{0, 1}, {1, 1}, {300, 290}, {1 << 31, 1<<32 - 1}} {
		data := appendWalk(nil, 7, c.seq)
		b := appendFrame(nil, opBinary, func(b []byte) []byte { return appendInput(b, c.ack, c.seq, data) })
		if b[0] != 0x82 || int(b[1]) != 0x80|len(b)-6 || len(b) > 32 {
			t.Fatalf("header of % x", b)
		}
		payload := b[6:]
		for i := range payload {
			payload[i] ^= b[2+i&3]
		}
		var got tickroomv1.ClientFrame
		if err := proto.Unmarshal(payload, &got); err != nil {
			t.Fatal(err)
		}
		want := &tickroomv1.ClientFrame{Ack: c.ack, Inputs: []*tickroomv1.Input{{Seq: c.seq, Data: data}}}
		if !proto.Equal(&got, want) {
			t.Errorf("got %v, want %v", &got, want)
		}
	}
}

// TestSay: a comment is a command that the server understands.
func TestSay(t *testing.T) {
	t.Parallel()
	f := new(tickroomv1.ClientFrame)
	if err := proto.Unmarshal(appendSay(appendAck(nil, 7), 3, 9999), f); err != nil {
		t.Fatal(err)
	}
	var say danmakuv1.Say
	if f.Ack != 7 || len(f.Commands) != 1 || f.Commands[0].Id != 3 || f.Commands[0].Command != say.CommandID() {
		t.Fatalf("%v", f)
	}
	if err := say.UnmarshalProto(f.Commands[0].Data); err != nil || !strings.Contains(say.Text, "viewer 9999") {
		t.Errorf("%+v, %v", say, err)
	}
	if n := len(appendSay(appendAck(nil, 1<<30), 1<<20, 28000)); n >= 126 {
		t.Errorf("%d bytes are too long for a frame", n)
	}
}
