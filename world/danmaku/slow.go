package danmaku

// slowSteps are the seconds between two comments of a viewer, by the number of viewers from which on.
var slowSteps = []struct{ viewers, seconds uint32 }{
	{2_000, 2}, {10_000, 3}, {50_000, 5}, {200_000, 10}, {1_000_000, 20}, {3_000_000, 30},
}

// scaledSlow returns the seconds of the slow mode for a number of viewers, if it was last seconds. It goes
// down only when there are a fifth fewer viewers than took it up, so that it does not go up
// and down with every few.
func scaledSlow(viewers, last uint32) uint32 {
	up, keep := uint32(0), uint32(0)
	for _, s := range slowSteps {
		if viewers >= s.viewers {
			up = s.seconds
		}
		if viewers >= s.viewers-s.viewers/5 {
			keep = s.seconds
		}
	}
	return max(up, min(keep, last))
}
