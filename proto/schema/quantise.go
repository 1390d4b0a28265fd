package schema

import "math"

// The products here are converted to float64 before anything is added to them:
// that keeps compilers from fusing the two into one instruction, which on some
// machines would round otherwise than on others.

// Quantise returns the number of steps from lo that is nearest to v, halves up,
// with v held within lo and hi if hi is above lo. perStep is 1/step. A value
// that is not a number is taken as 0; the result is held within 32 bits.
func Quantise(v, perStep, lo, hi float64) int64 {
	if hi > lo {
		if v > hi {
			v = hi
		} else if !(v >= lo) { // also catches NaN
			v = lo
		}
		return int64(math.Floor(float64((v-lo)*perStep) + 0.5))
	}
	q := math.Floor(float64((v-lo)*perStep) + 0.5)
	switch {
	case q != q:
		return 0
	case q > math.MaxInt32:
		return math.MaxInt32
	case q < math.MinInt32:
		return math.MinInt32
	}
	return int64(q)
}

// QuantiseWrap returns the number of steps, 0 to steps-1, that is nearest to v,
// taken modulo a full turn, which has the given number of steps. perStep is 1/step. A value that is
// not a number, or infinite, is taken as 0.
func QuantiseWrap(v, perStep float64, steps uint32) int64 {
	q := math.Floor(float64(v*perStep) + 0.5)
	if !(math.Abs(q) < 1<<52) {
		return 0
	}
	n := int64(q) % int64(steps)
	if n < 0 {
		n += int64(steps)
	}
	return n
}

// Dequantise returns the value of a number of steps.
func Dequantise(q int64, step, lo float64) float64 { return lo + float64(float64(q)*step) }
