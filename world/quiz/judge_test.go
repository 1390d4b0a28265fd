package quiz

import (
	"fmt"
	"strings"
	"testing"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// TestJudge plays short shows of one contestant. An answer is a letter, with a time in tenths of a
// second; - is none. Of each question, B is right; x has it taken out, ! makes it the last one.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rules   rules
		answers string
		want    string
	}{
		{rules{mode: quizv1.Mode_MODE_POINTS, streakBonus: 100, maxStreakBonus: 150}, "B0 B0 B0 B0", "alive points 4400 right 4 streak 4 time 0"},
		{rules{mode: quizv1.Mode_MODE_POINTS, streakBonus: 100, maxStreakBonus: 500}, "B0 A0 B50 -", "alive points 1750 right 2 streak 0 time 2500"},
		{rules{mode: quizv1.Mode_MODE_POINTS, streakBonus: 100, maxStreakBonus: 500}, "B0 A0x B0", "alive points 2100 right 2 streak 2 time 0"},
		{rules{mode: quizv1.Mode_MODE_PRACTICE, streakBonus: 100, maxStreakBonus: 500}, "B0 B0", "alive points 2000 right 2 streak 2 time 0"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION}, "B0 A0 B0", "out 2 points 1000 right 1 streak 0 time 1000"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION, revives: 1}, "A0 B0 B0", "alive points 2000 right 2 streak 2 time 1000"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION, revives: 1}, "A0 - B0", "out 2 points 0 right 0 streak 0 time 2000"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION, revives: 1}, "B0 A0!", "out 2 points 1000 right 1 streak 0 time 1000"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION}, "A0x B0", "alive points 1000 right 1 streak 1 time 0"},
		{rules{mode: quizv1.Mode_MODE_ELIMINATION}, "B101 B0", "out 1 points 0 right 0 streak 0 time 1000"},
	} {
		var outcomes []*quizv1.Outcome
		who := &contestant{}
		for i, word := range strings.Fields(c.answers) {
			o := &quizv1.Outcome{Number: uint32(i + 1), Key: 2, TimeMs: 10_000, Points: 1000, OpensAt: 1, ClosesAt: 1 + 10*second}
			o.Skipped, o.Last = strings.HasSuffix(word, "x"), strings.HasSuffix(word, "!")
			outcomes = append(outcomes, o)
			if word[0] != '-' {
				var tenths uint16
				if _, err := fmt.Sscan(strings.TrimRight(word[1:], "x!"), &tenths); err != nil {
					t.Fatal(err)
				}
				who.give(o.Number, answer{given: true, option: word[0] - 'A', elapsed: tenths * 10})
			}
		}
		all := []*contestant{who}
		for i := range outcomes { // one by one
			judge(c.rules, outcomes[:i+1], i, all)
		}
		one := who.score
		for range 2 { // and all at once, as often as one likes
			judge(c.rules, outcomes, 0, all)
		}
		s := who.score
		if s != one {
			t.Errorf("%s: %+v, and one by one %+v", c.answers, s, one)
		}
		state := "alive"
		if !s.alive {
			state = fmt.Sprint("out ", s.out)
		}
		got := fmt.Sprintf("%s points %d right %d streak %d time %d", state, s.points, s.right, s.streak, s.time)
		if got != c.want {
			t.Errorf("%v, %s:\n got %s\nwant %s", c.rules.mode, c.answers, got, c.want)
		}
		if n := uint32(len(outcomes)); s.standing(c.rules.mode).score > maxScore(c.rules.mode, int(n), n*1000, c.rules.maxStreakBonus) {
			t.Errorf("%s: the score is beyond its bound", c.answers)
		}
	}
}
