package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickroom/tickroom/internal/reportpage"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// example reads the configuration that the documentation shows.
func example(t testing.TB, name string) (Population, mode.Mode) {
	t.Helper()
	b, err := os.ReadFile("../../../docs/examples/modes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, modes, err := Load("modes.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	md, ok := mode.Find(modes, name)
	if !ok {
		t.Fatalf("there is no mode %s", name)
	}
	return p, md
}

func run1(t testing.TB, p Population, md mode.Mode, as []Arrival, firstCome bool) *Report {
	t.Helper()
	r, err := Run(t.Context(), md, as, Options{Name: "x", Seed: 1, FirstCome: firstCome, Interval: p.Interval, Match: p.Match})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Matched + r.Cancelled + r.TimedOut + r.Refused + r.Left + r.Elsewhere; n != r.Tickets+r.Elsewhere {
		t.Errorf("%d tickets have an end, of %d: %+v", n, r.Tickets, r)
	}
	return r
}

// TestExamples runs each mode of the example for a while.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ranked", "roles", "royale", "duel"} {
		p, md := example(t, name)
		as := Generate(p, md, 3, 0.3, 1200)
		r := run1(t, p, md, as, false)
		if r.Tickets != len(as) || r.Matched < len(as)*7/10 || r.Left > 0 || r.Matches == 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Wait.P50 <= 0 || r.Wait.P50 > r.Wait.P95 || r.Wait.Max > md.Timeout.Seconds()+1 || r.Favourite.P50 <= 0 {
			t.Errorf("%s: %+v", name, r)
		}
		// The curve is that of the model, so ratings stay near the strengths.
		if r.RatingError > 1.5*p.Strength.Sigma {
			t.Errorf("%s: ratings are off by %v", name, r.RatingError)
		}
	}
}

// TestBetterThanFirstCome: shorter waits, tighter and more even matches.
func TestBetterThanFirstCome(t *testing.T) {
	t.Parallel()
	p, md := example(t, "ranked")
	as := Generate(p, md, 5, 0.5, 5000)
	best, first := run1(t, p, md, as, false), run1(t, p, md, as, true)
	if best.Wait.P50 > first.Wait.P50 || best.Rating.P50 >= first.Rating.P50 || best.Quality.Mean <= first.Quality.Mean || best.Matched < first.Matched {
		t.Errorf("best\n%+v\nfirst come\n%+v", best, first)
	}
}

func TestSameSeedSameReport(t *testing.T) {
	t.Parallel()
	p, md := example(t, "ranked")
	text := func(seed uint64) string {
		b, err := json.Marshal(run1(t, p, md, Generate(p, md, seed, 0.2, 800), false))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if a, b := text(1), text(1); a != b {
		t.Error(cmp.Diff(a, b))
	}
	if text(1) == text(2) {
		t.Error("the seed changes nothing")
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	p, md := example(t, "roles")
	as := Generate(p, md, 1, 24, 20_000)
	sizes, last, hours := map[int]int{}, 0.0, map[int]int{}
	for _, a := range as {
		if a.At < last || a.At > 24*3600 {
			t.Fatalf("%v comes after %v", a.At, last)
		}
		last = a.At
		sizes[len(a.Players)]++
		if home(&a) == "eu" {
			hours[int(a.At/3600)]++
		}
		seen := map[string]bool{}
		for _, v := range a.Players {
			if seen[v.ID] || len(v.Roles) == 0 {
				t.Fatalf("%+v", a)
			}
			seen[v.ID] = true
		}
	}
	if sizes[1] < 11_000 || sizes[1] > 13_000 || sizes[5] < 800 || sizes[5] > 1200 {
		t.Errorf("%v", sizes)
	}
	// A short time at the quietest hour has as many.
	quiet := p
	quiet.Daily, quiet.Regions = Daily{Trough: 0, Peak: 12}, nil
	if as := Generate(quiet, mode.New("duel"), 1, 0.01, 5000); len(as) != 5000 || as[4999].At > 36 {
		t.Errorf("%d come by night", len(as))
	}
	// The peak is at 20 o'clock there, 19 UTC, the trough twelve hours away.
	if hours[19] < 3*hours[7] {
		t.Errorf("%v", hours)
	}
	if r := run1(t, p, md, as[:500], false); r.Refused > 0 {
		t.Errorf("%d are refused: %v", r.Refused, r.Reasons)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	p, md := example(t, "ranked")
	as := Generate(p, md, 1, 0.1, 300)
	var b bytes.Buffer
	if err := WriteTrace(&b, as); err != nil {
		t.Fatal(err)
	}
	got, err := ReadTrace(&b, "trace")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(as, got); diff != "" {
		t.Error(diff)
	}

	small := `{"at": 1, "id": "b", "players": [{"id": "p2", "rating": 1510}], "attributes": {"level": 3, "tags": ["x"], "voice": true, "map": "a"}}

{"at": 0.5, "id": "a", "players": [{"id": "p1", "rating": 1500, "sigma": 50, "strength": 1600}], "query": "level == 3 and tags has \"x\""}
{"at": 2, "id": "c", "mode": "other", "players": [{"id": "p3", "rating": 1510}]}
{"at": 3, "id": "d", "players": [{"id": "p4", "rating": 1500}], "patience": 7}
`
	as, err = ReadTrace(strings.NewReader(small), "trace")
	if err != nil {
		t.Fatal(err)
	}
	r := run1(t, p, mode.New("duel"), as, false)
	if r.Matched != 2 || r.Elsewhere != 1 || r.Cancelled != 1 || r.Matches != 1 || r.Wait.Max != 0.5 {
		t.Errorf("%+v", r)
	}

	for line, want := range map[string]string{
		`{"at": 1`:                            "trace:1: ",
		`{"at": 1, "players": [{"id": "x"}]}`: "trace:1: the ticket has no id",
		`{"id": "a"}`:                         "trace:1: ticket a has no players",
		`{"id": "a", "at": -1, "players": [{"id": "x"}]}`:                                "times are seconds, 0 or more",
		`{"id": "a", "at": 1, "players": [{"id": "x"}], "query": "level >"}`:             "ticket a: query 1:8",
		`{"id": "a", "at": 1, "players": [{"id": "x"}], "attributes": {"a": [1]}}`:       "attribute a is a list of something else",
		`{"id": "a", "at": 1, "players": [{"id": "x"}], "attributes": {"a": {}}}`:        "attribute a must be a number",
		`{"id":"a","players":[{"id":"x"}]}` + "\n" + `{"id":"a","players":[{"id":"y"}]}`: "ticket a comes twice",
	} {
		as, err := ReadTrace(strings.NewReader(line), "trace")
		if err == nil {
			_, err = Run(t.Context(), mode.New("duel"), as, Options{Interval: time.Second})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func TestRefusedAreCounted(t *testing.T) {
	t.Parallel()
	as := []Arrival{
		{ID: "a", Players: []Visitor{{ID: "x", Rating: 1500}, {ID: "y", Rating: 1500}}},
		{ID: "b", Players: []Visitor{{ID: "z", Rating: 1500}}},
	}
	md := mode.New("duel")
	r := run1(t, DefaultPopulation(), md, as, false)
	if r.Refused != 1 || r.TimedOut != 1 || len(r.Reasons) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	p, md := example(t, "ranked")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, md, Generate(p, md, 1, 1, 100), Options{Interval: time.Second}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Run(t.Context(), md, nil, Options{Interval: time.Second}); err == nil {
		t.Error("a run without tickets succeeds")
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	const modes = "modes: {duel: {}}\n"
	for text, want := range map[string]string{
		modes + "simulation: {playrs: 3}":                           `m.yaml:2:14: simulation: there is no field "playrs"; did you mean players?`,
		modes + "simulation: {parties: {0: 1}}":                     `simulation.parties.0: "1" is not allowed; it must be below a number of players`,
		modes + "simulation: {parties: {1: 0}}":                     "simulation.parties: all shares are 0",
		modes + "simulation: {daily: {trough: 2}}":                  "m.yaml:2:30: simulation.daily.trough: 2 is not allowed; it must be from 0 to 1",
		modes + "simulation: {regions: {eu: {latency: {eu: -1s}}}}": "simulation.regions.eu.latency.eu: -1s is not allowed",
		modes + "simulation: {interval: 0s}":                        "simulation.interval: 0s is not allowed; it must be from 10ms to 1m",
		modes + "other: 1":                                          `there is no field "other"`,
		"simulation: {}":                                            "there are no modes",
	} {
		if _, _, err := Load("m.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, _, err := Load("m.yaml", []byte(modes+"listen: x"), "listen"); err != nil {
		t.Error(err)
	}
}

// TestPage: the page and the table show every report, and the page needs nothing
// else.
func TestPage(t *testing.T) {
	t.Parallel()
	p, md := example(t, "ranked")
	as := Generate(p, md, 1, 3, 1000)
	a, b := run1(t, p, md, as, false), run1(t, p, md, as, true)
	a.Name, b.Name = "wide <b>", "narrow"
	var page, table bytes.Buffer
	if err := errors.Join(Page(&page, a, b), Table(&table, a, b)); err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(page.String(), `<script id="data" type="application/json">`)
	text, _, ok2 := strings.Cut(rest, "</script>")
	var data reportpage.Page
	if err := json.Unmarshal([]byte(text), &data); err != nil || !ok || !ok2 {
		t.Fatalf("the page has no data: %v\n%.300s", err, text)
	}
	if diff := cmp.Diff([]string{"wide <b>", "narrow, first-come"}, data.Runs); diff != "" || data.Title != "matchsim: ranked, 3.0 hours, seed 1" {
		t.Error(data.Title, diff)
	}
	drawn := map[string]int{}
	for _, p := range data.Plots {
		drawn[p.Title] = len(p.Lines)
		for _, l := range p.Lines {
			if len(l.Xs) < 2 || len(l.Xs) != len(l.Ys) || !slices.IsSorted(l.Xs) {
				t.Errorf("%s, %s: %v %v", p.Title, l.Name, l.Xs, l.Ys)
			}
		}
	}
	want := map[string]int{"Waiting time": 2, "Waiting over the day": 4, "Waiting by rating": 4, "Rating spread within a match": 2, "Favourite’s chance": 2, "Latency": 2}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"rating spread", "party of 5", "region asia"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables have no %q", want)
		}
	}
	for name, curve := range a.Curves {
		if len(curve) != 101 || !slices.IsSorted(curve) {
			t.Errorf("%s: %v", name, curve)
		}
	}
	if out := regexp.MustCompile(`(src|href)=["'a-z]|@import|https?://`).FindAllString(page.String(), -1); len(out) > 0 {
		t.Errorf("the page asks for more: %q", out)
	}
	for _, want := range []string{"wide <b>", "narrow, first-come", "p50 / p95 / p99"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
	// Where there is little, there is still a page.
	r := run1(t, p, mode.New("duel"), as[:1], false)
	if err := errors.Join(Page(&page, r), Table(&table, r)); err != nil {
		t.Error(err)
	}
}
