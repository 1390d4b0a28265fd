package rating

import "math"

// Win returns the chance of each team to win, which add up to 1, draws shared. Of two
// teams it is the chance that one performs better, where a performance is normal
// around the team's strength with its variance and Beta². Of more it is the mean of
// a team's chances against each other one, divided by the number of teams by two, as
// is usual with these ratings: a measure to compare by more than the chance to come
// first.
func Win(teams [][]Rating, o Options) []float64 {
	n := len(teams)
	out := make([]float64, n)
	if n == 1 {
		out[0] = 1
		return out
	}
	s := make([]struct{ mu, variance float64 }, n)
	for i, t := range teams {
		for _, r := range t {
			s[i].mu += r.Mu
			s[i].variance += r.Sigma * r.Sigma
		}
		for q := range i {
			p := Phi((s[i].mu - s[q].mu) / math.Sqrt(float64(n)*o.Beta*o.Beta+s[i].variance+s[q].variance))
			out[i] += p
			out[q] += 1 - p
		}
	}
	for i := range out {
		out[i] /= float64(n*(n-1)) / 2
	}
	return out
}

// WinOfTwo is Win for two teams of which only the sums are known: the difference of
// their strengths and the sum of all their players' variances.
func WinOfTwo(difference, variance float64, o Options) float64 {
	return Phi(difference / math.Sqrt(2*o.Beta*o.Beta+variance))
}

// Phi is the distribution function of the standard normal distribution.
func Phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
