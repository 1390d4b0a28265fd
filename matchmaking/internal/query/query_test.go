package query

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	mine  = raw{map[string]any{"level": 12.0, "region": "eu", "voice": true}, 1400}.subject(1)
	other = raw{map[string]any{
		"level": 15.0, "region": "us", "voice": false, "tags": []string{"casual", "late"}, "stats.wins": -3.5, "_x": 1e3,
	}, 1500}.subject(3)
)

// raw is a Subject before it is prepared.
type raw struct {
	Attributes map[string]any
	Rating     float64
}

func (r raw) subject(players int) *Subject {
	s := NewSubject(r.Attributes, r.Rating, players)
	return &s
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                                    true,
		" \n":                                 true,
		"level == 15":                         true,
		"level != 15":                         false,
		"level != 16":                         true,
		"level < 15":                          false,
		"level <= 15":                         true,
		"level > 14.5":                        true,
		"level >= 1.6e1":                      false,
		"level 10..20":                        true,
		"level in 10..15":                     true,
		"level in 15 .. 15":                   true,
		"level 10..14":                        false,
		"level 16..":                          false,
		"level in ..15":                       true,
		"level in my.level-5..my.level+5":     true,
		"level in my.level-1 .. my.level + 1": false,
		"my.level..20":                        true, // a range for my.level that has one end
		"my.level 10..20":                     true,
		"level - my.level == 3":               true,
		"-level == -15":                       true,
		"level + level - 1 == 29":             true,
		"level + nothing == 15":               false,
		"level not in 10..20":                 false,
		`region in ("eu", "us")`:              true,
		`region not in ("eu", "us")`:          false,
		`region == "us"`:                      true,
		`region != "us"`:                      false,
		`region != my.region`:                 true,
		"region == 3":                         false,
		"region != 3":                         false,
		`level in (1, -2, 15)`:                true,
		`voice in (true, false)`:              true,
		"voice":                               false,
		"my.voice":                            true,
		"not voice":                           true,
		"voice == false":                      true,
		"voice == my.voice":                   false,
		"level":                               false,
		"true":                                true,
		"false":                               false,
		`tags has "casual"`:                   true,
		`tags has "hard"`:                     false,
		`tags not has "hard"`:                 true,
		`tags has any ("x", "late")`:          true,
		`tags has any ("x", "y")`:             false,
		`tags has all ("casual", "late")`:     true,
		`tags has all ("casual", "x")`:        false,
		`tags has region`:                     false,
		`tags == tags`:                        false,
		`region has "us"`:                     false,
		"nothing == 1":                        false,
		"nothing != 1":                        false,
		"not (nothing == 1)":                  true,
		"nothing in ..5":                      false,
		"nothing":                             false,
		"stats.wins == -3.5":                  true,
		"_x 999..1001":                        true,
		"rating 1450..1550 and players == 3":  true,
		"my.rating < rating":                  true,
		"players in (1, 2)":                   false,
		"true or false and false":             true,
		"(true or false) and false":           false,
		"not false and false":                 false,
		"not (false and false)":               true,
		"not not true":                        true,
		`"a" == "a"`:                          true,
		`"a\"\\" == "a\"\\"`:                  true,
		".5 < 1":                              true,
		"\n  level >= 10\n  and level <= 20":  true,
		"level in(1,15)and true":              true,
		"1..2":                                true, // so is this, for 1
	} {
		q, err := Compile(text)
		if err != nil {
			t.Errorf("%s", Detail(err))
			continue
		}
		if got := q.Match(mine, other); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		if q != nil && q.String() != text {
			t.Errorf("%q became %q", text, q)
		}
	}
}

// TestErrors compares the errors of wrong queries with testdata/errors.txt,
// whose parts are a query, a line of dashes, the error, and an empty line.
func TestErrors(t *testing.T) {
	t.Parallel()
	const path = "testdata/errors.txt"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for part := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n\n") {
		text, _, _ := strings.Cut(part, "\n---")
		_, err := Compile(text)
		said := "nothing"
		if err != nil {
			said = Detail(err)
		}
		if got.Len() > 0 {
			got.WriteString("\n")
		}
		fmt.Fprintf(&got, "%s\n---\n%s\n", text, said)
	}
	if diff := cmp.Diff(string(b), got.String()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
		if os.Getenv("UPDATE") != "" {
			_ = os.WriteFile(path, []byte(got.String()), 0o600)
		}
	}
}

// bomb is a query that looks for many texts, so many times.
func bomb(n int) string {
	var list strings.Builder
	for i := range MaxSet {
		fmt.Fprintf(&list, ",%q", strconv.FormatInt(int64(i), 36))
	}
	test := "a has any (" + list.String()[1:] + ")"
	return strings.Repeat(test+" or ", n-1) + test
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, problem string }{
		{strings.Repeat(" ", MaxLength) + "x", "bytes long"},
		{strings.Repeat("x or ", MaxTests) + "x", "more than 256 tests"},
		{strings.Repeat("(", MaxDepth+1) + "x" + strings.Repeat(")", MaxDepth+1), "32 deep"},
		{strings.Repeat("not ", MaxDepth+1) + "x", "32 deep"},
		{"x in (1" + strings.Repeat(",1", MaxSet) + ")", "more than 128 values"},
		{"x == 1" + strings.Repeat("+1", MaxWork), "more to do for each ticket"},
		{bomb(6), "more to do for each ticket"},
		{"x == 1e999", "too large"},
	} {
		_, err := Compile(tt.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Problem, tt.problem) {
			t.Errorf("%.20s…: %v, want %s", tt.text, err, tt.problem)
		} else if len(e.Detail()) > 600 {
			t.Errorf("%d bytes of detail:\n%s", len(e.Detail()), e.Detail())
		}
	}
	for _, text := range []string{
		strings.Repeat("(", MaxDepth) + "x" + strings.Repeat(")", MaxDepth),
		"x in (1" + strings.Repeat(",1", MaxSet-1) + ")",
		strings.Repeat("x or ", MaxTests/2-1) + "x",
		bomb(5),
	} {
		if _, err := Compile(text); err != nil {
			t.Errorf("%.20s…: %v", text, err)
		}
	}
}

func TestAllocations(t *testing.T) {
	q, err := Compile(`level in my.level-5..my.level+5 and region in ("eu", "us") and (tags has any ("x", "late") or not voice) and rating > 1000`)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if !q.Match(mine, other) {
			t.Fatal("it does not hold")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v    any
		want string
	}{
		{3.0, "number"}, {"x", "string"}, {true, "bool"}, {false, "bool"}, {[]string{"a"}, "set of strings"}, {[]string{}, "set of strings"},
		{nil, "nothing"}, {3, "nothing"}, {[]any{"a"}, "nothing"},
	} {
		if got := KindOf(tt.v).String(); got != tt.want {
			t.Errorf("%#v is a %s, want %s", tt.v, got, tt.want)
		}
	}
}

// truth is a query's text beside what it means, as a function: the dumb version.
type truth struct {
	text string
	is   func(x *raw) bool
}

var names = []string{"a", "b.c", "gone", "s", "t", "flag"}

func someSubject(t *rapid.T) *raw {
	s := &raw{Attributes: map[string]any{}, Rating: float64(rapid.IntRange(0, 9).Draw(t, "rating"))}
	s.Attributes["a"] = float64(rapid.IntRange(0, 9).Draw(t, "a"))
	s.Attributes["b.c"] = float64(rapid.IntRange(0, 9).Draw(t, "b.c"))
	s.Attributes["s"] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "s")
	s.Attributes["t"] = rapid.SliceOf(rapid.SampledFrom([]string{"x", "y", "z"})).Draw(t, "t")
	s.Attributes["flag"] = rapid.Bool().Draw(t, "flag")
	return s
}

func someTruth(t *rapid.T, depth int) truth {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 6)
	}
	name := rapid.SampledFrom(names).Draw(t, "name")
	switch kind {
	case 0:
		sign := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "sign")
		n := float64(rapid.IntRange(0, 9).Draw(t, "n"))
		return truth{fmt.Sprint(name, " ", sign, n), func(x *raw) bool {
			v := valueOf(x.Attributes[name])
			if v.kind != Number {
				return false
			}
			return map[string]bool{"==": v.num == n, "!=": v.num != n, "<": v.num < n, "<=": v.num <= n, ">": v.num > n, ">=": v.num >= n}[sign]
		}}
	case 1:
		low := rapid.IntRange(0, 9).Draw(t, "low")
		high := low + rapid.IntRange(0, 5).Draw(t, "high")
		in := rapid.SampledFrom([]string{" in ", " "}).Draw(t, "in")
		return truth{fmt.Sprint(name, in, low, "..", high), func(x *raw) bool {
			v := valueOf(x.Attributes[name])
			return v.kind == Number && v.num >= float64(low) && v.num <= float64(high)
		}}
	case 2:
		return truth{`s not in ("x", "z")`, func(x *raw) bool { return x.Attributes["s"] != "x" }}
	case 3:
		return truth{name + ` has "y"`, func(x *raw) bool { return slices.Contains(valueOf(x.Attributes[name]).set, "y") }}
	case 4:
		return truth{`t has all ("x", "z")`, func(x *raw) bool {
			return slices.Contains(x.Attributes["t"].([]string), "x") && slices.Contains(x.Attributes["t"].([]string), "z")
		}}
	case 5:
		return truth{"rating - a in ..2", func(x *raw) bool { return x.Rating-x.Attributes["a"].(float64) <= 2 }}
	case 6:
		return truth{name, func(x *raw) bool { return x.Attributes[name] == true }}
	case 7:
		a := someTruth(t, depth-1)
		return truth{"not (" + a.text + ")", func(x *raw) bool { return !a.is(x) }}
	}
	a, b := someTruth(t, depth-1), someTruth(t, depth-1)
	if kind == 8 {
		return truth{"(" + a.text + " or " + b.text + ")", func(x *raw) bool { return a.is(x) || b.is(x) }}
	}
	return truth{"(" + a.text + ") and (" + b.text + ")", func(x *raw) bool { return a.is(x) && b.is(x) }}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want, x := someTruth(t, 4), someSubject(t)
		q, err := Compile(want.text)
		if err != nil {
			t.Fatal(Detail(err))
		}
		if got := q.Match(&Subject{}, x.subject(0)); got != want.is(x) {
			t.Fatalf("%s of %v: %v", want.text, x, got)
		}
	})
}

// FuzzCompile: nothing panics, and errors point into the text.
func FuzzCompile(f *testing.F) {
	b, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		f.Fatal(err)
	}
	for part := range strings.SplitSeq(string(b), "\n\n") {
		text, _, _ := strings.Cut(part, "\n---")
		f.Add(text)
	}
	f.Add(`level in my.level-5..my.level+5 and (region in ("eu", "us") or not tags has all ("a", "b"))`)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Compile(text)
		if q.Work() > MaxWork {
			t.Errorf("%q has %d to do", text, q.Work())
		}
		if err == nil {
			a := q.Match(mine, other)
			if wrapped, err := Compile("not (not (" + text + "\n))"); q != nil && err == nil && wrapped.Match(mine, other) != a {
				t.Errorf("%q in brackets differs", text)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%v is no *Error", err)
		}
		if e.Offset < 0 || e.Offset > len(text) || e.Line < 1 || e.Column < 1 || e.Problem == "" || e.Expected == "" {
			t.Errorf("%#v", e)
		}
		lines := strings.Split(e.Detail(), "\n")
		if len(lines) != 3 && !strings.Contains(e.Problem, "\n") {
			t.Errorf("%d lines:\n%s", len(lines), e.Detail())
		}
	})
}

// FuzzCost compiles whatever a stranger may send. What a query looks up, compares and combines,
// counted from its tokens, is at most its Work, that at most MaxWork; compiling it allocates in proportion to its
// length, also if it is refused.
func FuzzCost(f *testing.F) {
	f.Add(`level in my.level-5..my.level+5 and (region in ("eu", "us") or not tags has all ("a", "b"))`)
	f.Add(strings.Repeat(`a has any ("x", "y") and `, 60) + "b")
	f.Add("x == 1" + strings.Repeat("+1", MaxWork))
	f.Add(strings.Repeat("not ", MaxDepth) + "a")
	f.Add(strings.Repeat("(", MaxLength))
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Compile(text)
		if err == nil && q != nil {
			if n := lookups(text); n > q.Work() || q.Work() > MaxWork {
				t.Errorf("%q has %d to do, says that it has %d, and may have %d", text, n, q.Work(), MaxWork)
			}
		}
		length := min(len(text), MaxLength)
		if n := testing.AllocsPerRun(1, func() { _, _ = Compile(text) }); n > 200+8*float64(length) {
			t.Errorf("%d bytes took %v allocations to compile", len(text), n)
		}
	})
}

// lookups counts the values and signs of a query's text that are gone through for a ticket: all but
// the values after "in", of which one is found, and of texts after "has any" and "has all" those that differ.
func lookups(text string) (n int) {
	p := &parser{text: text}
	var before token
	for p.advance(); p.tok.kind != tokEnd; p.advance() {
		tok := p.tok
		switch {
		case tok.kind == tokSign && tok.text == "(" && (before.text == "in" || before.text == "any" || before.text == "all") && before.kind == tokSign:
			differ := map[string]bool{}
			for p.advance(); !p.is(")"); p.advance() {
				if p.tok.lit.kind != None {
					differ[p.tok.text] = true
				}
			}
			if before.text != "in" {
				n += min(len(differ), MaxTexts)
			}
		case tok.kind == tokName || tok.lit.kind != None:
			n++
		case p.is("and", "or", "not", "in", "has") || comparisons[tok.text] != nil:
			n++
		}
		before = tok
	}
	return n
}

// BenchmarkMatch asks a query as players write them, and the one that has most to do of one of
// the subjects for which it has, beside it. Work is in what they take for each thing to do.
func BenchmarkMatch(b *testing.B) {
	crowd := make([]string, MaxTexts)
	for i := range crowd {
		crowd[i] = fmt.Sprint("no ", i)
	}
	for name, bm := range map[string]struct {
		text  string
		other *Subject
	}{
		"usual": {`level in my.level-5..my.level+5 and region in ("eu", "us") and tags has "casual"`, other},
		"most":  {bomb(5), raw{Attributes: map[string]any{"a": crowd}}.subject(1)},
	} {
		b.Run(name, func(b *testing.B) {
			q, err := Compile(bm.text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.Match(mine, bm.other)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(q.Work()), "ns/work")
		})
	}
}
