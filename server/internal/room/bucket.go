package room

// bucket is a token bucket that is filled tick by tick.
type bucket struct {
	tokens, perTick, burst float32
}

func newBucket(perSecond, burst, rate float64) bucket {
	return bucket{tokens: float32(burst), perTick: float32(perSecond / rate), burst: float32(burst)}
}

// fill adds the tokens of so many ticks. After ticks that came late there may be more in
// the bucket than otherwise: what the client sent meanwhile comes all at once.
func (b *bucket) fill(ticks uint32) {
	n := float32(ticks)
	b.tokens = min(b.burst+b.perTick*(n-1), b.tokens+b.perTick*n)
}

// take takes one token, and reports whether there was one.
func (b *bucket) take() bool { return b.takeN(1) }

func (b *bucket) takeN(n float32) bool {
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}
