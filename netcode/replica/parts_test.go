package replica

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

func partOf(data []byte, left int) *tickroomv1.ServerFrame {
	return &tickroomv1.ServerFrame{Part: &tickroomv1.Part{Data: data, Left: uint32(left)}}
}

func TestAFrameComesInParts(t *testing.T) {
	t.Parallel()
	whole := marshal(t, &tickroomv1.ServerFrame{Tick: 7, Full: true, InputAck: 3, Pongs: []*tickroomv1.Pong{{ClientTimeUs: 5}}})
	for cut := 1; cut < len(whole); cut++ {
		var f Frame
		for range 2 { // the second time it knows nothing of the first
			if err := f.Parse(marshal(t, partOf(whole[:cut], len(whole)-cut))); err != nil {
				t.Fatal(err)
			}
			if !f.Partial() || f.Tick != 0 {
				t.Fatalf("partial %t, tick %d", f.Partial(), f.Tick)
			}
			if err := f.Parse(marshal(t, partOf(whole[cut:], 0))); err != nil {
				t.Fatal(err)
			}
			if f.Partial() || f.Tick != 7 || f.InputAck != 3 || len(f.Pongs) != 1 {
				t.Fatalf("partial %t, tick %d, ack %d, %d pongs", f.Partial(), f.Tick, f.InputAck, len(f.Pongs))
			}
			if err := f.Parse(whole); err != nil || f.Tick != 7 {
				t.Fatalf("tick %d, %v", f.Tick, err)
			}
		}
	}
}

func TestPartsThatAreRefused(t *testing.T) {
	t.Parallel()
	whole := marshal(t, &tickroomv1.ServerFrame{Tick: 7, Full: true, InputAck: 3})
	inner := marshal(t, partOf(whole, 0))
	for _, c := range []struct {
		name, want string
		messages   []*tickroomv1.ServerFrame
	}{
		{"out of place", "out of place", []*tickroomv1.ServerFrame{partOf(whole[:2], 4), partOf(whole[:2], 4)}},
		{"longer than it was to be", "out of place", []*tickroomv1.ServerFrame{partOf(whole[:2], 1), partOf(whole[2:], 0)}},
		{"shorter than it was to be", "out of place", []*tickroomv1.ServerFrame{partOf(whole[:2], 100), partOf(whole[2:], 0)}},
		{"unfinished", "another message where 100 bytes", []*tickroomv1.ServerFrame{partOf(whole[:2], 100), {Tick: 1, Full: true}}},
		{"empty", "an empty part", []*tickroomv1.ServerFrame{partOf(nil, 0)}},
		{"empty in between", "an empty part", []*tickroomv1.ServerFrame{partOf(whole[:2], 4), partOf(nil, 4)}},
		{"too long", "the limit is", []*tickroomv1.ServerFrame{partOf(whole[:2], MaxFrame)}},
		{"within parts", "a part within parts", []*tickroomv1.ServerFrame{partOf(inner[:3], len(inner)-3), partOf(inner[3:], 0)}},
		{"not protobuf", "malformed", []*tickroomv1.ServerFrame{partOf([]byte{1}, 1), partOf([]byte{0xff}, 0)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var f Frame
			var err error
			for _, m := range c.messages {
				if err != nil {
					t.Fatalf("too soon: %v", err)
				}
				err = f.Parse(marshal(t, m))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if f.Partial() {
				t.Error("something is kept of it")
			}
		})
	}
}

// FuzzParts: any split of any bytes is taken as the bytes are whole.
func FuzzParts(f *testing.F) {
	whole, _ := proto.Marshal(&tickroomv1.ServerFrame{Tick: 7, Full: true, InputAck: 3})
	f.Add(whole, 2, 3)
	f.Fuzz(func(t *testing.T, b []byte, i, j int) {
		i, j = min(max(i, 0), len(b)), min(max(j, 0), len(b))
		i, j = min(i, j), max(i, j)
		var one, many Frame
		want := one.Parse(b)
		if one.part.there || len(b) == 0 {
			return
		}
		var got error
		for _, p := range []struct{ from, to int }{{0, i}, {i, j}, {j, len(b)}} {
			if p.from < p.to && got == nil {
				got = many.Parse(marshal(t, partOf(bytes.Clone(b[p.from:p.to]), len(b)-p.to)))
			}
		}
		if (want == nil) != (got == nil) || want == nil && (many.Tick != one.Tick || len(many.set) != len(one.set)) {
			t.Fatalf("whole: %v, in parts: %v", want, got)
		}
	})
}
