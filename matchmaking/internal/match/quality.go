package match

import (
	"math"
	"slices"
	"time"
)

// Quality is how good a match is in some ways. Each number is from 0 to 1, the more the
// better. The Quality of a store.Match is their mean, by the weights of the mode.
type Quality struct {
	// Rating is w / (w + spread): 1 if all are equal, one half if they are as far
	// apart as w, which is the window of those who have not waited, or 200 if that is
	// infinite or 0.
	Rating float64
	// Balance is 1 - |2p - 1| of two teams, where p is the predicted chance of either
	// to win: 1 if it is open, 0 if it is decided. Of more teams it is 1 less how far
	// the best one's chance is above its fair share, by how far it could be. In a
	// free-for-all that of players as teams of one.
	Balance float64
	// Latency is c / (c + worst latency), where c is the cap for those who have not
	// waited, or 100 ms if that is infinite or 0.
	Latency float64
	// Party is 1 if teams are made up of parties in the same way, and 0 if one is a
	// party and another of those who came alone. It goes by the difference of the sums
	// of the squares of the parties' sizes.
	Party float64
}

// closeness is the Rating of a Quality.
func (m *Matcher) closeness(spread float64) float64 {
	w := reference(m.mode.Rating.Window.Base, 200)
	return w / (w + spread)
}

func reference(base, other float64) float64 {
	if base > 0 && !math.IsInf(base, 1) {
		return base
	}
	return other
}

// quality returns how good a match is, and the parts that it is made of.
func (m *Matcher) quality(spread float64, wins []float64, latency time.Duration, unlike float64) (float64, Quality) {
	c := reference(m.mode.Latency.Cap.Base, 100)
	q := Quality{
		Rating:  m.closeness(spread),
		Latency: c / (c + float64(latency)/float64(time.Millisecond)),
		Party:   1 - unlike,
		Balance: 1,
	}
	if n := len(wins); n > 1 {
		top, fair := slices.Max(wins), 1/float64(n)
		// With more than two teams a chance is at most 2/n; see rating.Win.
		q.Balance = max(0, 1-(top-fair)/(2/float64(n)-fair))
	}
	w := m.mode.Quality
	return (w.Rating*q.Rating + w.Balance*q.Balance + w.Latency*q.Latency + w.Party*q.Party) /
		(w.Rating + w.Balance + w.Latency + w.Party), q
}
