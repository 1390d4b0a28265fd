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
	}
	if n < 2 {
		return out
	}
	s := sums(teams)
	for i := range s {
		for q := i + 1; q < n; q++ {
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

// Draw returns the chance that two teams draw, on the average of all pairs of teams:
// that their performances are closer than the margin at which equal, certain teams
// would draw at the DrawRate.
func Draw(teams [][]Rating, o Options) float64 {
	n := len(teams)
	if n < 2 || o.DrawRate <= 0 {
		return 0
	}
	s := sums(teams)
	b := float64(n) * o.Beta * o.Beta
	margin := math.Sqrt(b) * quantile((1+o.DrawRate)/2)
	sum := 0.0
	for i := range s {
		for q := i + 1; q < n; q++ {
			d, sd := s[i].mu-s[q].mu, math.Sqrt(b+s[i].variance+s[q].variance)
			sum += Phi((margin-d)/sd) - Phi((-margin-d)/sd)
		}
	}
	return sum / (float64(n*(n-1)) / 2)
}

type strength struct{ mu, variance float64 }

func sums(teams [][]Rating) []strength {
	out := make([]strength, len(teams))
	for i, t := range teams {
		for _, r := range t {
			out[i].mu += r.Mu
			out[i].variance += r.Sigma * r.Sigma
		}
	}
	return out
}

// Phi is the distribution function of the standard normal distribution.
func Phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// quantile is the inverse of Phi.
func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
