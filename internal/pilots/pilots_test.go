package pilots

import (
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/client"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// table makes a table with one row.
func table[T any, P schema.Row[T]](t *testing.T, entity uint32, row P) []byte {
	t.Helper()
	c := row.ComponentInfo()
	cells := c.NewCells()
	row.StoreCells(cells)
	var s schema.Streams
	mask := c.NonZero(cells)
	c.AppendFields(&s, mask, cells, nil)
	b := schema.AppendUvarint([]byte{1 << 3}, uint64(c.ID))
	b = schema.AppendUvarint(append(b, 2<<3), mask)
	rows := append(schema.AppendUvarint(nil, uint64(entity)), s.Rows...)
	b = append(schema.AppendUvarint(append(b, 4<<3|2), uint64(len(rows))), rows...)
	if len(s.Floats) > 0 {
		b = append(schema.AppendUvarint(append(b, 7<<3|2), uint64(len(s.Floats))), s.Floats...)
	}
	b = append(b, s.Strings...)
	return append(schema.AppendUvarint([]byte{6<<3 | 2}, uint64(len(b))), b...)
}

func session(t *testing.T, sch *schema.Schema) *client.Session {
	t.Helper()
	s, err := client.NewSession(client.Config{Kind: "k", Schema: sch})
	if err != nil {
		t.Fatal(err)
	}
	w, _ := proto.Marshal(&tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{TickRate: 20, Fingerprint: sch.Fingerprint()}})
	if err := s.Receive(w, 0); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGunner(t *testing.T) {
	t.Parallel()
	s := session(t, arenav1.Schema)
	pilot := NewGunner(rand.New(rand.NewPCG(1, 2)))
	pilot.Seated(s)
	input := func() (in arenav1.ShipInput) {
		if err := in.UnmarshalProto(pilot.Input(nil, s)); err != nil {
			t.Fatal(err)
		}
		return in
	}
	if in := input(); in != (arenav1.ShipInput{}) {
		t.Errorf("without any state: %+v", in)
	}
	frame := []byte{1 << 3, 1}
	frame = append(frame, table(t, 1, &arenav1.Rules{Edge: 4096, ViewRadius: 800, BulletSpeed: 600, BulletRange: 600})...)
	frame = append(frame, table(t, 2, &arenav1.Pilot{Ship: 3, X: 2000, Y: 2000, Heading: math.Pi / 2})...)
	frame = append(frame, table(t, 3, &arenav1.Ship{X: 2000, Y: 2000})...)
	if err := s.Receive(frame, 0); err != nil {
		t.Fatal(err)
	}
	if in := input(); !in.Steer || in.Thrust == 0 || in.Fire {
		t.Errorf("alone: %+v", in)
	}
	frame = append([]byte{1 << 3, 2}, table(t, 4, &arenav1.Ship{X: 2000, Y: 2300})...)
	if err := s.Receive(frame, 0); err != nil {
		t.Fatal(err)
	}
	fired := false
	for range 20 {
		in := input()
		fired = fired || in.Fire && math.Abs(float64(in.Aim)-math.Pi/2) < 0.01
	}
	if !fired {
		t.Error("an enemy ahead is not shot at")
	}
	frame = append([]byte{1 << 3, 3}, table(t, 2, &arenav1.Pilot{Ship: 3, X: 2000, Y: 2000, RespawnTick: 100})...)
	if err := s.Receive(frame, 0); err != nil {
		t.Fatal(err)
	}
	if in := input(); in.Fire {
		t.Errorf("dead: %+v", in)
	}
}

func TestWalker(t *testing.T) {
	t.Parallel()
	s := session(t, walkersv1.Schema)
	pilot := NewWalker(rand.New(rand.NewPCG(1, 2)))
	pilot.Seated(s)
	directions := map[float32]bool{}
	for range 200 {
		var in walkersv1.WalkerInput
		if err := in.UnmarshalProto(pilot.Input(nil, s)); err != nil {
			t.Fatal(err)
		}
		directions[in.Direction] = true
	}
	if len(directions) < 4 || len(directions) > 50 {
		t.Errorf("%d directions in 200 inputs", len(directions))
	}
}
