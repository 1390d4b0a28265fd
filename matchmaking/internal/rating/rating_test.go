package rating

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// paper is the paper's parameters in its own unit, with a new player at 25.
func paper() Options {
	return Options{Mu: 25, Sigma: 25.0 / 3, Beta: 25.0 / 6, Kappa: 0.0001}
}

func solo(rs ...Rating) [][]Player {
	var out [][]Player
	for _, r := range rs {
		out = append(out, []Player{Full(r)})
	}
	return out
}

func full(teams ...[]Rating) [][]Player {
	var out [][]Player
	for _, t := range teams {
		var ps []Player
		for _, r := range t {
			ps = append(ps, Full(r))
		}
		out = append(out, ps)
	}
	return out
}

func order(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by*max(1, math.Abs(b)) }

// TestPublished compares with numbers that the implementations of OpenSkill
// document or test themselves with: openskill.js (rate.test.ts,
// plackett-luce.test.ts, plackett-luce-series.test.ts) and the README of openskill.py
// 2.5 to 3.3. It was not made from them, so to agree to the last digits means
// something.
func TestPublished(t *testing.T) {
	t.Parallel()
	plain := paper()
	moving := plain
	moving.Tau = 25.0 / 300
	tau := func(x float64, limit bool) Options {
		o := plain
		o.Tau, o.LimitSigma = x, limit
		return o
	}
	r := New(plain)
	a, b, c := Rating{29.182, 4.782}, Rating{27.174, 4.922}, Rating{16.672, 6.217}
	w, x, y, z := Rating{15, 25.0 / 3}, Rating{20, 25.0 / 3}, Rating{25, 25.0 / 3}, Rating{30, 25.0 / 3}
	for _, tt := range []struct {
		name  string
		teams [][]Player
		ranks []int
		o     Options
		want  []Rating
	}{
		{"two", solo(r, r), nil, plain, []Rating{{27.63523138347365, 8.065506316323548}, {22.36476861652635, 8.065506316323548}}},
		{"three", solo(r, r, r), nil, plain, []Rating{{27.868876552746237, 8.204837030780652}, {25.717219138186557, 8.057829747583874}, {21.413904309067206, 8.057829747583874}}},
		{"four", solo(r, r, r, r), nil, plain, []Rating{{27.795084971874736, 8.263160757613477}, {26.552824984374855, 8.179213704945203}, {24.68943500312503, 8.083731307186588}, {20.96265504062538, 8.083731307186588}}},
		{"five", solo(r, r, r, r, r), nil, plain, []Rating{{27.666666666666668, 8.290556877154474}, {26.833333333333332, 8.240145629781066}, {25.72222222222222, 8.179996679645559}, {24.055555555555557, 8.111796013701358}, {20.72222222222222, 8.111796013701358}}},
		{"sizes", full([]Rating{r, r, r}, []Rating{r}, []Rating{r, r}), nil, plain, []Rating{{25.939870821784513, 8.247641552260456}, {25.939870821784513, 8.247641552260456}, {25.939870821784513, 8.247641552260456}, {27.21366020491262, 8.274321317985242}, {21.84646897330287, 8.213058173195341}, {21.84646897330287, 8.213058173195341}}},
		{"README", full([]Rating{r, {32.444, 5.123}}, []Rating{{43.381, 2.421}, {25.188, 6.211}}), nil, plain, []Rating{{28.669648436582808, 8.071520788025197}, {33.83086971107981, 5.062772998705765}, {43.071274808241974, 2.4166900452721256}, {23.149503312339064, 6.1378606973362135}}},
		{"different", solo(a, b, c, r), nil, moving, []Rating{{30.210227447000438, 4.765617924939384}, {27.644725221915632, 4.883479590134575}, {17.4036218889969, 6.101259408259549}, {19.21460876538932, 7.854669920480409}}},
		{"tau", solo(a, b, c, r), nil, tau(0.01, false), []Rating{{30.20997558824299, 4.764909330988368}, {27.64461002009721, 4.882799245921361}, {17.403587237635527, 6.100731158882956}, {19.21478808745494, 7.854267281042293}}},
		{"tau of many matches", solo(Rating{25, 3}, Rating{25, 3}), nil, tau(0.3, false), []Rating{{25.624880438870754, 2.9879993738476953}, {24.375119561129246, 2.9879993738476953}}},
		{"limit", solo(Rating{6.672, 0.0001}, a), nil, tau(0.01, true), []Rating{{6.672012533190158, 0.0001}, {26.316243774876106, 4.7540633621019}}},
		{"limit of the certain", solo(Rating{40, 3}, Rating{-20, 3}), nil, tau(0.3, true), []Rating{{40.00032667136128, 3}, {-20.000326671361275, 3}}},
		{"teams", full([]Rating{a, b}, []Rating{c, r}), nil, moving, []Rating{{29.607340941337068, 4.755311788972862}, {27.624602782532037, 4.892807828777459}, {15.953170429143093, 6.125902065139878}, {23.70858117648013, 8.111707446126035}}},
		{"ranks", solo(r, r, r, r), []int{2, 1, 4, 3}, moving, []Rating{{26.55291815138952, 8.17961798837266}, {27.795252672501135, 8.263571791259416}, {20.962412806387245, 8.084127880168786}, {24.689416369722096, 8.084127880168786}}},
		{"other ranks", solo(w, x, y, z), []int{1, 3, 4, 2}, moving, []Rating{{18.131120980297805, 8.283536573151807}, {20.405169039419135, 8.107860440531121}, {20.65583040714804, 8.082574596348321}, {30.80787957313502, 8.155100416275928}}},
		{"teams by rank", full([]Rating{a, r}, []Rating{b, r}, []Rating{c, r}), []int{3, 1, 2}, moving, []Rating{{27.857622571955794, 4.744504197327133}, {20.97892943330433, 8.129851804000902}, {27.990904891666695, 4.901705733959291}, {27.341233554297506, 8.2314516336455}, {17.607030910762578, 6.141282638892306}, {26.67983701239816, 8.149157818911323}}},
		{"all tied", solo(r, r, r, r), []int{1, 1, 1, 1}, moving, []Rating{{25, 8.263571791259416}, {25, 8.263571791259416}, {25, 8.263571791259416}, {25, 8.263571791259416}}},
		{"two tied", solo(w, x, y, z), []int{2, 4, 2, 1}, moving, []Rating{{15.340043358359136, 8.213141619804967}, {18.007678675484204, 8.189033933813437}, {24.25801928251219, 8.166918055585525}, {32.39425868364447, 8.247687230833794}}},
		{"tied for last", solo(Rating{10, 8}, Rating{5, 10}, Rating{0, 12}), []int{1, 2, 2}, moving, []Rating{{11.942996666741225, 7.926888197620324}, {2.9381178546315034, 9.653804487570165}, {-1.4024317012198733, 11.323641575516767}}},
	} {
		ranks := tt.ranks
		if ranks == nil {
			ranks = order(len(tt.teams))
		}
		got, err := Rate(tt.teams, ranks, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range slices.Concat(got...) {
			if !near(g.Mu, tt.want[i].Mu, 1e-12) || !near(g.Sigma, tt.want[i].Sigma, 1e-12) {
				t.Errorf("%s: player %d has %v, want %v", tt.name, i, g, tt.want[i])
			}
		}
	}
}

// TestSeries plays three matches one after the other, whose end openskill.js has
// from another implementation (rank-1.02).
func TestSeries(t *testing.T) {
	t.Parallel()
	o := paper()
	o.Tau = 25.0 / 300
	p := slices.Repeat([]Rating{New(o)}, 5)
	play := func(who, ranks []int) {
		var teams [][]Player
		for _, i := range who {
			teams = append(teams, []Player{Full(p[i])})
		}
		out, err := Rate(teams, ranks, o)
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range who {
			p[i] = out[k][0]
		}
	}
	play([]int{0, 1, 2, 3, 4}, []int{1, 2, 2, 4, 4})
	play([]int{4, 2, 1}, []int{1, 2, 2})
	play([]int{3, 1, 2, 0}, []int{1, 1, 3, 3})
	for i, want := range []Rating{{26.353761103, 8.11102706}, {24.618479789, 7.90533551}, {23.065819512, 7.822005595}, {24.476332403, 8.106111471}, {26.385499685, 8.054090809}} {
		if !near(p[i].Mu, want.Mu, 0.0005) || !near(p[i].Sigma, want.Sigma, 0.0005) {
			t.Errorf("player %d has %v, want %v", i, p[i], want)
		}
	}
}

// TestPredictions compares with openskill.js's predict-win.test.ts.
func TestPredictions(t *testing.T) {
	t.Parallel()
	o := paper()
	a1, a2 := New(o), Rating{32.444, 5.123}
	b1, b2 := Rating{73.381, 1.421}, Rating{25.188, 6.211}
	for _, tt := range []struct {
		teams [][]Rating
		want  []float64
	}{
		{[][]Rating{{a1, a2}, {b1, b2}}, []float64{0.0008308945674377, 0.9991691054325622}},
		{[][]Rating{{a1, a2}, {b1, b2}, {a2}, {b2}}, []float64{0.32579822053781543, 0.49965489287103865, 0.12829642754274315, 0.04625045904840272}},
		{[][]Rating{{a1}, {a1}, {a1}}, []float64{1. / 3, 1. / 3, 1. / 3}},
		{[][]Rating{{{1, 0.1}}, {{2, 0.1}}, {{3, 0.1}}, {{4, 0.1}}}, []float64{0.20281164759988402, 0.2341964232088598, 0.2658035767911402, 0.297188352400116}},
		{[][]Rating{{a1}, {a1}, {a1}, {a2}, {a1}}, []float64{0.1790804191839367, 0.1790804191839367, 0.1790804191839367, 0.2836783412642534, 0.1790804191839367}},
		{[][]Rating{{a1}}, []float64{1}},
		{nil, nil},
	} {
		got := Win(tt.teams, o)
		sum := 0.0
		for i := range got {
			if !near(got[i], tt.want[i], 1e-7) {
				t.Errorf("%v: %v, want %v", tt.teams, got, tt.want)
				break
			}
			sum += got[i]
		}
		if len(got) > 0 && !near(sum, 1, 1e-12) {
			t.Errorf("%v: the chances add up to %v", tt.teams, sum)
		}
	}
	d := a1.Mu + a2.Mu - b1.Mu - b2.Mu
	v := a1.Sigma*a1.Sigma + a2.Sigma*a2.Sigma + b1.Sigma*b1.Sigma + b2.Sigma*b2.Sigma
	if got := WinOfTwo(d, v, o); !near(got, 0.0008308945674377, 1e-7) {
		t.Errorf("of two: %v", got)
	}
}

// someMatch draws teams, ranks and options.
func someMatch(t *rapid.T) ([][]Player, []int, Options) {
	o := paper()
	o.Tau = rapid.Float64Range(0, 0.3).Draw(t, "tau")
	teams := make([][]Player, rapid.IntRange(2, 6).Draw(t, "teams"))
	ranks := make([]int, len(teams))
	for i := range teams {
		ranks[i] = rapid.IntRange(0, 4).Draw(t, "rank")
		for range rapid.IntRange(1, 5).Draw(t, "size") {
			teams[i] = append(teams[i], Full(Rating{
				rapid.Float64Range(-50, 100).Draw(t, "mu"), rapid.Float64Range(0.5, 10).Draw(t, "sigma"),
			}))
		}
	}
	return teams, ranks, o
}

func mustRate(t interface{ Fatal(...any) }, teams [][]Player, ranks []int, o Options) [][]Rating {
	out, err := Rate(teams, ranks, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOrderDoesNotMatter permutes teams and players, and scales and shifts ranks.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		teams, ranks, o := someMatch(t)
		want := mustRate(t, teams, ranks, o)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		perm := rnd.Perm(len(teams))
		shuffled, places := make([][]Player, len(teams)), make([]int, len(teams))
		inner := make([][]int, len(teams))
		for k, i := range perm {
			places[k] = ranks[i]*7 - 100
			inner[k] = rnd.Perm(len(teams[i]))
			for _, j := range inner[k] {
				shuffled[k] = append(shuffled[k], teams[i][j])
			}
		}
		got := mustRate(t, shuffled, places, o)
		for k, i := range perm {
			for l, j := range inner[k] {
				if g, w := got[k][l], want[i][j]; !near(g.Mu, w.Mu, 1e-9) || !near(g.Sigma, w.Sigma, 1e-9) {
					t.Fatalf("team %d player %d: %v, was %v", i, j, g, w)
				}
			}
		}
	})
}

// TestScaleDoesNotMatter rates the same match in two units.
func TestScaleDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		teams, ranks, o := someMatch(t)
		want := mustRate(t, teams, ranks, o)
		const by = 60
		o.Beta, o.Tau = o.Beta*by, o.Tau*by
		for i := range teams {
			for j := range teams[i] {
				teams[i][j].Mu *= by
				teams[i][j].Sigma *= by
			}
		}
		for i, team := range mustRate(t, teams, ranks, o) {
			for j, g := range team {
				if !near(g.Mu/by, want[i][j].Mu, 1e-9) || !near(g.Sigma/by, want[i][j].Sigma, 1e-9) {
					t.Fatalf("%v, want %v times %d", g, want[i][j], by)
				}
			}
		}
	})
}

// TestLaws holds what must be so of any match.
func TestLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		teams, ranks, o := someMatch(t)
		got := mustRate(t, teams, ranks, o)
		sum := 0.0 // of the changes, each by the variance: the method shifts nothing as a whole
		best, worst := slices.Min(ranks), slices.Max(ranks)
		for i := range teams {
			for j, p := range teams[i] {
				g := got[i][j]
				v := p.Sigma*p.Sigma + o.Tau*o.Tau
				sum += (g.Mu - p.Mu) / v / float64(len(teams[i]))
				if g.Sigma > math.Sqrt(v)+1e-12 || g.Sigma <= 0 {
					t.Fatalf("sigma went from %v to %v", p.Sigma, g.Sigma)
				}
				if ranks[i] == best && ranks[i] != worst && countOf(ranks, best) == 1 && g.Mu < p.Mu-1e-9 {
					t.Fatalf("the winner went from %v to %v", p.Mu, g.Mu)
				}
				if ranks[i] == worst && ranks[i] != best && countOf(ranks, worst) == 1 && g.Mu > p.Mu+1e-9 {
					t.Fatalf("the last went from %v to %v", p.Mu, g.Mu)
				}
			}
		}
		if math.Abs(sum) > 1e-9 {
			t.Fatalf("the changes add up to %v", sum)
		}
	})
}

func countOf(xs []int, x int) int {
	n := 0
	for _, v := range xs {
		if v == x {
			n++
		}
	}
	return n
}

// TestMonotonic: a better place is a better rating, and to beat the stronger is
// worth more.
func TestMonotonic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		teams, _, o := someMatch(t)
		ranks := order(len(teams))
		for k := 0; k+1 < len(teams); k++ {
			worse := slices.Clone(ranks)
			worse[k], worse[k+1] = worse[k+1], worse[k]
			a, b := mustRate(t, teams, ranks, o)[k][0].Mu, mustRate(t, teams, worse, o)[k][0].Mu
			if a < b-1e-9 {
				t.Fatalf("place %d gives %v, the next one %v", k+1, a, b)
			}
		}
		p := teams[0][0]
		low, high := rapid.Float64Range(-50, 100).Draw(t, "low"), rapid.Float64Range(0, 50).Draw(t, "more")
		beat := func(mu float64) float64 {
			return mustRate(t, [][]Player{{p}, {Full(Rating{mu, 5})}}, []int{1, 2}, o)[0][0].Mu
		}
		if beat(low) > beat(low+high)+1e-9 {
			t.Fatal("to beat the weaker is worth more")
		}
	})
}

// TestLeavers holds what the package promises about those who leave and those who never
// came.
func TestLeavers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		teams, ranks, o := someMatch(t)
		// One leaves: it alone is rated otherwise, and as if its team had come last.
		i := rapid.IntRange(0, len(teams)-1).Draw(t, "whose")
		teams[i] = append(teams[i], Full(Rating{25, 3}))
		before := mustRate(t, teams, ranks, o)
		j := len(teams[i]) - 1
		teams[i][j].Left = true
		after := mustRate(t, teams, ranks, o)
		last := slices.Clone(ranks)
		last[i] = 99
		asLast := mustRate(t, teams, last, o)
		if after[i][j] != asLast[i][j] {
			t.Fatalf("the leaver has %v, of a team that came last %v", after[i][j], asLast[i][j])
		}
		if after[i][j].Mu > before[i][j].Mu+1e-9 || after[i][j].Mu > 25+1e-9 {
			t.Fatalf("leaving gives %v, staying %v", after[i][j], before[i][j])
		}
		after[i][j] = before[i][j]
		for k := range after {
			if !slices.Equal(after[k], before[k]) {
				t.Fatalf("team %d: %v became %v for those who stayed", k, before[k], after[k])
			}
		}

		// One never came: as if it were not on the list.
		teams[i][j] = Player{Rating: Rating{25, 3}, Absent: true, Left: true, Weight: 1}
		without := mustRate(t, teams, ranks, o)
		if without[i][j] != (Rating{25, 3}) {
			t.Fatalf("who never came has %v", without[i][j])
		}
		teams[i] = teams[i][:j]
		for k, want := range mustRate(t, teams, ranks, o) {
			if !slices.Equal(without[k][:len(want)], want) {
				t.Fatalf("team %d: %v, without those on the list %v", k, without[k], want)
			}
		}
	})
}

func TestEverybodyLeft(t *testing.T) {
	t.Parallel()
	o := paper()
	teams := solo(New(o), New(o), New(o))
	teams[0][0].Left = true
	got := mustRate(t, teams, []int{1, 2, 3}, o)
	want := mustRate(t, solo(New(o), New(o), New(o)), []int{3, 1, 2}, o)
	for i := range got {
		if got[i][0] != want[i][0] {
			t.Errorf("player %d: %v, want %v", i, got[i][0], want[i][0])
		}
	}
	// A team in which nobody came leaves nothing to rate.
	teams = solo(New(o), New(o))
	teams[1][0].Absent = true
	for _, r := range mustRate(t, teams, []int{1, 2}, o) {
		if r[0] != New(o) {
			t.Errorf("%v", r)
		}
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	o := paper()
	half := full([]Rating{New(o), New(o)}, []Rating{New(o), New(o)})
	half[0][1].Weight = 0.5
	half[1][1].Weight = 0
	got := mustRate(t, half, []int{1, 2}, o)
	up := got[0][0].Mu - 25
	if !near(got[0][1].Mu-25, up/2, 1e-12) || got[0][1].Sigma <= got[0][0].Sigma || got[0][1].Sigma >= o.Sigma {
		t.Errorf("half the time: %v, all the time: %v", got[0][1], got[0][0])
	}
	if got[1][1] != New(o) {
		t.Errorf("none of the time: %v", got[1][1])
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	o := paper()
	r := New(o)
	if _, err := Rate(solo(r, r), []int{1}, o); !errors.Is(err, ErrRanks) {
		t.Error(err)
	}
	for _, p := range []Player{{Rating: r, Weight: 2}, {Rating: Rating{25, 0}}, {Rating: Rating{math.NaN(), 1}}, {Rating: r, Weight: math.Inf(-1)}} {
		if _, err := Rate([][]Player{{Full(r)}, {p}}, []int{1, 2}, o); !errors.Is(err, ErrPlayer) {
			t.Errorf("%v: %v", p, err)
		}
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Sigma = 0 }, func(o *Options) { o.Beta = math.NaN() }, func(o *Options) { o.Tau = -1 },
		func(o *Options) { o.Kappa = 0 }, func(o *Options) { o.Kappa = 2 }, func(o *Options) { o.Mu = math.Inf(1) },
	} {
		bad := o
		change(&bad)
		if _, err := Rate(solo(r, r), []int{1, 2}, bad); err == nil {
			t.Errorf("%+v is valid", bad)
		}
	}
	if !Default().valid() {
		t.Error("the defaults are not valid")
	}
	if out := mustRate(t, solo(r), []int{1}, o); out[0][0] != r {
		t.Errorf("alone: %v", out)
	}
}

// TestExtremes: nothing overflows.
func TestExtremes(t *testing.T) {
	t.Parallel()
	o := paper()
	for _, mu := range []float64{1e9, -1e9, 1e15} {
		for _, team := range mustRate(t, solo(Rating{mu, 1}, Rating{0, 1}), []int{2, 1}, o) {
			if math.IsNaN(team[0].Mu) || math.IsNaN(team[0].Sigma) || math.IsInf(team[0].Mu, 0) {
				t.Errorf("%v: %v", mu, team)
			}
		}
	}
}

// TestLearns plays many matches among players whose strength is known, and sees that
// the ratings find it.
func TestLearns(t *testing.T) {
	t.Parallel()
	o, rnd := Default(), rand.New(rand.NewPCG(1, 2))
	const players = 40
	truth, known := make([]float64, players), make([]Rating, players)
	for i := range truth {
		truth[i], known[i] = 1500+350*rnd.NormFloat64(), New(o)
	}
	for range 3000 {
		who := rnd.Perm(players)[:4]
		teams := make([][]Player, 2)
		perf := make([]float64, 2)
		for k, i := range who {
			teams[k%2] = append(teams[k%2], Full(known[i]))
			perf[k%2] += truth[i]
		}
		ranks := []int{1, 2}
		if perf[0]+o.Beta*rnd.NormFloat64() < perf[1]+o.Beta*rnd.NormFloat64() {
			ranks = []int{2, 1}
		}
		for k, r := range slices.Concat(mustRate(t, teams, ranks, o)...) {
			known[[]int{who[0], who[2], who[1], who[3]}[k]] = r
		}
	}
	// The method's curve is wider than the normal one by which these matches end, so
	// it stretches the differences; but what is stronger must come out stronger.
	if r := correlation(truth, known); r < 0.98 {
		t.Errorf("ratings and strengths correlate with %v", r)
	}
}

func correlation(truth []float64, known []Rating) float64 {
	var mx, my, xx, yy, xy float64
	n := float64(len(truth))
	for i := range truth {
		mx, my = mx+truth[i]/n, my+known[i].Mu/n
	}
	for i := range truth {
		x, y := truth[i]-mx, known[i].Mu-my
		xx, yy, xy = xx+x*x, yy+y*y, xy+x*y
	}
	return xy / math.Sqrt(xx*yy)
}
