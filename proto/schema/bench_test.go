package schema_test

import (
	"math"
	"math/rand/v2"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// crowd returns walkers in two ticks that follow each other: all of them move and
// turn, and one in sixteen loses health.
func crowd(n int) (before, after []walkersv1.Walker) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		w := walkersv1.Walker{
			X: r.Float32() * 1000, Y: r.Float32()*1000 - 500, Heading: r.Float32() * 2 * math.Pi,
			Health: 100, LastInput: uint32(i * 100), Player: uint32(i),
		}
		before = append(before, w)
		w.X += r.Float32()*4 - 2
		w.Y += r.Float32()*4 - 2
		w.Heading += r.Float32() - 0.5
		w.LastInput++
		if i%16 == 0 {
			w.Health -= 7
		}
		after = append(after, w)
	}
	return before, after
}

func BenchmarkWalker(b *testing.B) {
	const rows = 1000
	before, after := crowd(rows)
	c := after[0].ComponentInfo()
	prev, cur := make([]schema.Cells, rows), make([]schema.Cells, rows)
	mask := make([]uint64, rows)
	for i := range rows {
		prev[i], cur[i] = c.NewCells(), c.NewCells()
		before[i].StoreCells(prev[i])
		after[i].StoreCells(cur[i])
		for j, f := range c.Fields {
			if prev[i].Nums[j] != cur[i].Nums[j] {
				mask[i] |= 1 << (f.Number - 1)
			}
		}
	}
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	}
	b.Run("StoreCells", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range rows {
				after[i].StoreCells(cur[i])
			}
		}
		perRow(b)
	})
	var s schema.Streams
	b.Run("AppendFields/delta", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Reset()
			for i := range rows {
				c.AppendFields(&s, mask[i], cur[i], prev[i].Nums)
			}
		}
		perRow(b)
		b.ReportMetric(float64(len(s.Rows))/rows, "B/row")
	})
	b.Run("AppendFields/absolute", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Reset()
			for i := range rows {
				c.AppendFields(&s, c.Mask, cur[i], nil)
			}
		}
		perRow(b)
		b.ReportMetric(float64(len(s.Rows))/rows, "B/row")
	})
	b.Run("StoreCells+AppendFields", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Reset()
			for i := range rows {
				after[i].StoreCells(cur[i])
				c.AppendFields(&s, mask[i], cur[i], prev[i].Nums)
			}
		}
		perRow(b)
	})
	b.Run("RowHash", func(b *testing.B) {
		b.ReportAllocs()
		var sum uint64
		for b.Loop() {
			for i := range rows {
				sum = schema.AddHash(sum, c.RowHash(uint32(i+1), cur[i]))
			}
		}
		_ = sum
		perRow(b)
	})
	b.Run("ReadFields/delta", func(b *testing.B) {
		b.ReportAllocs()
		s.Reset()
		for i := range rows {
			s.Rows = schema.AppendUvarint(s.Rows, uint64(i+1))
			c.AppendFields(&s, 7, cur[i], prev[i].Nums)
		}
		table := schema.AppendUvarint([]byte{1 << 3, 1, 2 << 3, 7, 4<<3 | 2}, uint64(len(s.Rows)))
		table = append(table, s.Rows...)
		var r schema.Reader
		for b.Loop() {
			if err := r.Reset(table); err != nil {
				b.Fatal(err)
			}
			for i := 0; ; i++ {
				_, m, ok, err := r.Next()
				if err != nil {
					b.Fatal(err)
				}
				if !ok {
					break
				}
				if err := r.ReadFields(c, m, prev[i], true); err != nil {
					b.Fatal(err)
				}
			}
		}
		perRow(b)
	})
}

func BenchmarkMessage(b *testing.B) {
	in := walkersv1.WalkerInput{Direction: 1.5, Stop: true}
	enc := in.AppendProto(nil)
	b.Run("Input/AppendProto", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			enc = in.AppendProto(enc[:0])
		}
	})
	b.Run("Input/UnmarshalProto", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := in.UnmarshalProto(enc); err != nil {
				b.Fatal(err)
			}
		}
	})
}
