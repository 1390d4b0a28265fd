package danmaku

// bucket is an allowance that fills up with time, which is counted in ticks.
type bucket struct {
	tokens float64
	at     uint32 // tick in which tokens was right
}

// fill brings the bucket to a tick: it gets perTick for each, up to most. One that was
// never used is full.
func (b *bucket) fill(now uint32, perTick, most float64) {
	if b.at == 0 {
		b.tokens = most
	} else {
		b.tokens = min(most, b.tokens+perTick*float64(now-b.at))
	}
	b.at = now
}

// take takes a token, if there is one.
func (b *bucket) take() bool {
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// wait returns in how many ticks there is a token.
func (b *bucket) wait(perTick float64) uint32 {
	if b.tokens >= 1 {
		return 0
	}
	return uint32((1-b.tokens)/perTick) + 1
}
