package room

// trips are the newest samples of how long it takes to a client and back.
type trips struct {
	last [4]float32 // seconds; 0: none
	n    uint32     // samples that were taken
	wait uint32     // ticks until the next one
}

// Seconds until the next sample: at first soon, so that a game knows something, then a few a minute.
const (
	firstSamples  = 3
	sampleSoon    = 1
	sampleSeconds = 15
)

// sampleRTT asks the connection for the time of a round trip now and then, some ticks after it was
// called last, and has the game see the least of the newest samples. They are the network's own: what
// a client says of itself is not looked at.
func (e *Engine) sampleRTT(c *Client, ticks uint32) {
	t := &c.trips
	if t.wait > ticks {
		t.wait -= ticks
		return
	}
	every := float64(sampleSeconds)
	if t.n < firstSamples {
		every = sampleSoon
	}
	t.wait = uint32(every * e.room.TickRate)
	rtt := float32(c.conn.RTT().Seconds())
	if rtt <= 0 {
		return
	}
	t.last[t.n%uint32(len(t.last))] = rtt
	t.n++
	least := rtt
	for _, s := range t.last {
		if s > 0 {
			least = min(least, s)
		}
	}
	e.room.SetRTT(c.player, float64(least))
}
