package bench

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// histogram is a Prometheus histogram, all labels together: how many values were
// at most the key.
type histogram map[float64]float64

// parseHistogram finds a histogram in Prometheus' text format. It is empty if
// there is none.
func parseHistogram(text io.Reader, name string) (histogram, error) {
	h := histogram{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name+"_bucket{")
		if !ok {
			continue
		}
		labels, value, ok := strings.Cut(rest, "} ")
		_, bound, found := strings.Cut(labels, `le="`)
		bound, _, closed := strings.Cut(bound, `"`)
		if !ok || !found || !closed {
			return nil, fmt.Errorf("metrics: can't make sense of %q", lines.Text())
		}
		le, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		value, _, _ = strings.Cut(value, " ") // a timestamp may follow
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		h[le] += n
	}
	return h, lines.Err()
}

// minus returns what came since an earlier state.
func (h histogram) minus(earlier histogram) histogram {
	d := histogram{}
	maps.Copy(d, h)
	for le, n := range earlier {
		d[le] -= n
	}
	return d
}

// quantile returns the value that the share q of all values is at most, straight
// lines drawn within buckets. What is above the last bound counts as that bound;
// 0 if there is nothing.
func (h histogram) quantile(q float64) float64 {
	rank := q * h[math.Inf(1)]
	if rank <= 0 {
		return 0
	}
	lower, below := 0.0, 0.0
	for _, le := range slices.Sorted(maps.Keys(h)) {
		if n := h[le]; n >= rank {
			if math.IsInf(le, 1) {
				return lower
			}
			return lower + (le-lower)*(rank-below)/(n-below)
		}
		lower, below = le, h[le]
	}
	return lower
}
