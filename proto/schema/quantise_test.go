package schema_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

func TestQuantise(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		v, perStep, lo, hi float64
		want               int64
	}{
		{0.0625, 8, 0, 0, 1}, {-0.0625, 8, 0, 0, 0}, {0.0624, 8, 0, 0, 0}, {-0.0626, 8, 0, 0, -1}, // halves up
		{1e300, 8, 0, 0, math.MaxInt32}, {-1e300, 8, 0, 0, math.MinInt32}, {inf, 8, 0, 0, math.MaxInt32}, {-inf, 8, 0, 0, math.MinInt32}, {nan, 8, 0, 0, 0},
		{-10, 10, -10, 10, 0}, {10, 10, -10, 10, 200}, {10.04, 10, -10, 10, 200}, {11, 10, -10, 10, 200}, {-11, 10, -10, 10, 0},
		{inf, 10, -10, 10, 200}, {-inf, 10, -10, 10, 0}, {nan, 10, -10, 10, 0},
		{4294967295, 1, 0, 4294967295, math.MaxUint32}, {4294967296, 1, 0, 4294967295, math.MaxUint32},
	} {
		if got := schema.Quantise(tt.v, tt.perStep, tt.lo, tt.hi); got != tt.want {
			t.Errorf("Quantise(%v, %v, %v, %v) = %d, want %d", tt.v, tt.perStep, tt.lo, tt.hi, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]float64{0.125, 0.1, 0.001, 1, 3}).Draw(t, "step")
		lo, hi := 0.0, 0.0
		if rapid.Bool().Draw(t, "range") {
			lo, hi = -1000, 1000
		}
		v := rapid.Float64Range(-999, 999).Draw(t, "v")
		q := schema.Quantise(v, 1/step, lo, hi)
		if back := schema.Dequantise(q, step, lo); math.Abs(back-v) > step/2*(1+1e-9) {
			t.Fatalf("%v travels as %d steps of %v from %v, which is %v", v, q, step, lo, back)
		}
	})
}

func TestQuantiseWrap(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for _, tt := range []struct {
		v, perStep float64
		steps      uint32
		want       int64
	}{
		{0, 1, 360, 0}, {359.4, 1, 360, 359}, {359.5, 1, 360, 0}, {360, 1, 360, 0}, {-0.4, 1, 360, 0}, {-1, 1, 360, 359}, {-360, 1, 360, 0}, {725, 1, 360, 5},
		{inf, 1, 360, 0}, {-inf, 1, 360, 0}, {math.NaN(), 1, 360, 0}, {1e300, 1, 360, 0}, {-1, 1, 1 << 31, 1<<31 - 1},
	} {
		if got := schema.QuantiseWrap(tt.v, tt.perStep, tt.steps); got != tt.want {
			t.Errorf("QuantiseWrap(%v, %v, %d) = %d, want %d", tt.v, tt.perStep, tt.steps, got, tt.want)
		}
	}
}

func TestWrapDiff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.OneOf(rapid.SampledFrom([]uint32{2, 3, 255, 256, 1 << 31}), rapid.Uint32Range(2, 1<<31)).Draw(t, "steps")
		n := int64(steps)
		a, b := rapid.Int64Range(0, n-1).Draw(t, "a"), rapid.Int64Range(0, n-1).Draw(t, "b")
		d := int64(schema.WrapDiff(a, b, steps))
		if d > n/2 || -d > (n-1)/2 {
			t.Fatalf("from %d to %d of %d: %d is not the short way", b, a, n, d)
		}
		if (b+d+n)%n != a {
			t.Fatalf("from %d by %d of %d is not %d", b, d, n, a)
		}
		// Numbers from beyond one turn, which no cell holds, are taken modulo it.
		if far := int64(schema.WrapDiff(a+7*n, b-5*n, steps)); far != d {
			t.Fatalf("%d beyond a turn, %d within", far, d)
		}
	})
}

// TestStoreLoad: a row that came out of cells goes into the same cells.
func TestStoreLoad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(-5000, 5000)
		m := testschemav1.Quantities{
			Free: float32(f.Draw(t, "v")), FreeDouble: f.Draw(t, "v"), Range: float32(f.Draw(t, "v")), WideRange: f.Draw(t, "v") * 1e6,
			Angle: float32(f.Draw(t, "v")), Odd: f.Draw(t, "v"), FullTurn: f.Draw(t, "v") * 1e6, SmoothRaw: float32(f.Draw(t, "v")),
			Path: []float32{float32(f.Draw(t, "v"))}, PathRange: []float64{f.Draw(t, "v")}, Angles: []float64{f.Draw(t, "v"), 0},
		}
		a, b := m.ComponentInfo().NewCells(), m.ComponentInfo().NewCells()
		m.StoreCells(a)
		var back testschemav1.Quantities
		back.LoadCells(a)
		back.StoreCells(b)
		for i, v := range a.Nums {
			if b.Nums[i] != v {
				t.Fatalf("number %d: %d, then %d", i, v, b.Nums[i])
			}
		}
		for i, v := range a.Blobs {
			if string(b.Blobs[i]) != string(v) {
				t.Fatalf("blob %d: %x, then %x", i, v, b.Blobs[i])
			}
		}
		if !m.SameAs(&m) || m.SameAs(&testschemav1.Quantities{}) {
			t.Fatal("SameAs")
		}
	})
}

func TestNegativeZero(t *testing.T) {
	t.Parallel()
	zero := math.Copysign(0, -1)
	m := testschemav1.Scalars{RawFloat: float32(zero), RawDouble: zero}
	c := m.ComponentInfo().NewCells()
	m.StoreCells(c)
	if mask := m.ComponentInfo().NonZero(c); mask != 0 {
		t.Errorf("a negative zero is not zero: mask %#x", mask)
	}
	if n := len(m.AppendProto(nil)); n != 14 {
		t.Errorf("%d bytes: a saved row keeps the sign", n)
	}
}

func TestSameAs(t *testing.T) {
	t.Parallel()
	nan := testschemav1.Scalars{RawDouble: math.NaN()}
	if nan.SameAs(&nan) {
		t.Error("a NaN is the same as itself")
	}
	a, b := testschemav1.Lists{Blobs: [][]byte{{1}}, I32S: []int32{}}, testschemav1.Lists{Blobs: [][]byte{{1}}}
	if !a.SameAs(&b) {
		t.Error("equal lists differ")
	}
	b.Blobs[0][0] = 2
	if a.SameAs(&b) {
		t.Error("different lists are the same")
	}
	if !new(testschemav1.Tag).SameAs(new(testschemav1.Tag)) {
		t.Error("components without fields differ")
	}
}
