package audience

import (
	"cmp"
	"math"
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// The rules are written down here a second time, and in a simple way: what the server says is
// compared with it.

// The bonus for right answers in a row, where a show's file says nothing else.
const (
	streakBonus    = 100
	maxStreakBonus = 500
)

// outcome is what a question has come to, as contestants are told.
type outcome struct {
	known         bool
	skipped, last bool
	key           uint32
	points        uint32
	opens, closes int64 // microseconds
	counts        []uint32
}

// hundredths returns how long there was to answer.
func (o *outcome) hundredths() uint32 { return uint32((o.closes - o.opens) / 10_000) }

type answerState uint8

const (
	notAnswered answerState = iota
	asked                   // sent; what became of it is not known
	accepted
	tooLate
	refused
)

// given is what a contestant has answered to one question, and what it was told of that.
type given struct {
	state   answerState
	option  uint8
	elapsed uint16 // hundredths of a second, of an accepted one

	retried       bool // a house was lost with it: what counts is what is told
	right         bool // it was told so
	told          bool // what follows was told
	counted       bool
	countedOption uint8
	countedTime   uint16
	verdict       quizv1.Verdict

	rank, among uint32 // 0: not told
	exact       bool   // what follows was told with the rank
	points      uint32
	rights      uint32
	time        uint32
}

// record is all that a contestant has answered and was told in one run of a show.
type record struct {
	run     uint32
	mode    quizv1.Mode
	revives uint32
	answers []given // by the question's number, from 1
	toldFor uint32  // last question whose rank it was told

	verdicts []quizv1.Verdict // of all questions, as it was told last
	total    uint32           // the sum of their times, hundredths of a second
}

// begin forgets another run.
func (r *record) begin(run uint32, mode quizv1.Mode, revives uint32) {
	if run != r.run {
		*r = record{run: run, answers: r.answers[:0], verdicts: r.verdicts[:0]}
	}
	r.mode, r.revives = mode, revives
}

// at returns what is known of a question, to be changed. The number is at least 1.
func (r *record) at(number uint32) *given {
	for len(r.answers) < int(number) {
		r.answers = append(r.answers, given{})
	}
	return &r.answers[number-1]
}

// answer returns what is known of a question.
func (r *record) answer(number uint32) given {
	if number == 0 || int(number) > len(r.answers) {
		return given{}
	}
	return r.answers[number-1]
}

// counts returns the answer that should count; false: there is none.
func (g *given) counts(o *outcome) (option uint8, elapsed uint32, ok bool) {
	switch {
	case g.state == accepted:
		option, elapsed = g.option, uint32(g.elapsed)
	case g.state == asked && g.counted: // the reply was lost
		option, elapsed = g.countedOption, uint32(g.countedTime)
	default:
		return 0, 0, false
	}
	return option, elapsed, elapsed <= o.hundredths()
}

// settle finds out, from what the contestant was told in the end, what became of an answer whose reply was lost, and
// returns how many that were accepted do not count.
func (r *record) settle(outcomes []outcome) (lost int64) {
	var open *given // what was right, and of which no time was told
	var sum uint32  // of the times of the others
	for i, v := range r.verdicts[:min(len(r.verdicts), len(outcomes))] {
		g, o := r.at(uint32(i+1)), &outcomes[i]
		unsure := g.state == asked && !g.counted
		switch {
		case v == quizv1.Verdict_VERDICT_UNSPECIFIED || v == quizv1.Verdict_VERDICT_SKIPPED:
		case v == quizv1.Verdict_VERDICT_RIGHT && unsure:
			open = g
		case v == quizv1.Verdict_VERDICT_RIGHT:
			_, elapsed, _ := g.counts(o)
			sum += elapsed
		case v == quizv1.Verdict_VERDICT_WRONG && unsure:
			g.counted, g.countedOption, g.countedTime = true, g.option, uint16(o.hundredths())
			sum += o.hundredths()
		default:
			if v == quizv1.Verdict_VERDICT_MISSED && g.state == accepted && uint32(g.elapsed) <= o.hundredths() && !g.told {
				lost++
			}
			sum += o.hundredths()
		}
	}
	if open != nil && r.total >= sum {
		open.counted, open.countedOption, open.countedTime = true, open.option, uint16(r.total-sum)
	}
	return lost
}

// sheet is how a contestant stands.
type sheet struct {
	alive                                          bool
	revives, points, right, streak, survived, time uint32
	verdict                                        quizv1.Verdict
}

// add adds a question.
func (s *sheet) add(o *outcome, g given, elimination bool, mode quizv1.Mode) {
	s.verdict = quizv1.Verdict_VERDICT_UNSPECIFIED
	if o.skipped {
		s.verdict = quizv1.Verdict_VERDICT_SKIPPED
		return
	}
	if elimination && !s.alive {
		return
	}
	option, elapsed, ok := g.counts(o)
	if ok && o.key>>option&1 == 1 {
		s.verdict = quizv1.Verdict_VERDICT_RIGHT
		s.right++
		s.survived++
		s.streak++
		s.time += elapsed
		earned := o.points
		if elapsed >= 50 && o.hundredths() > 0 {
			earned = uint32(math.Round((1 - float64(elapsed)/float64(o.hundredths())/2) * float64(o.points)))
		}
		if mode == quizv1.Mode_MODE_POINTS {
			earned += min((s.streak-1)*streakBonus, maxStreakBonus)
		}
		s.points += earned
		return
	}
	s.verdict = quizv1.Verdict_VERDICT_WRONG
	if !ok {
		s.verdict = quizv1.Verdict_VERDICT_MISSED
	}
	s.streak = 0
	s.time += o.hundredths()
	switch {
	case !elimination:
	case s.revives > 0 && !o.last:
		s.verdict = quizv1.Verdict_VERDICT_REVIVED
		s.revives--
		s.survived++
	default:
		s.alive = false
	}
}

// compare orders the better one first.
func (s *sheet) compare(t *sheet, elimination bool) int {
	if elimination {
		return cmp.Or(cmp.Compare(t.survived, s.survived), cmp.Compare(t.right, s.right), cmp.Compare(s.time, t.time))
	}
	return cmp.Or(cmp.Compare(t.points, s.points), cmp.Compare(s.time, t.time))
}

// verdict is what came of a comparison.
type verdict struct {
	questions, unseen, checked, wrong, missing, lost, doubled, counts int64
}

// check works out how all contestants stand after each question, from what they have answered and
// what they were told was right, and compares that with what they were told of themselves.
func check(outcomes []outcome, records []record, mode quizv1.Mode) (v verdict) {
	elimination := mode == quizv1.Mode_MODE_ELIMINATION
	sheets := make([]sheet, len(records))
	order := make([]int, len(records))
	for i := range records {
		sheets[i] = sheet{alive: true, revives: records[i].revives}
		order[i] = i
		v.lost += records[i].settle(outcomes)
	}
	for q := range outcomes {
		o := &outcomes[q]
		if !o.known && o.key == 0 {
			continue
		}
		v.questions++
		if !o.known {
			v.unseen++
		}
		number := uint32(q + 1)
		tally := make([]int64, 32)
		for i := range records {
			g := records[i].answer(number)
			sheets[i].add(o, g, elimination, mode)
			if option, _, ok := g.counts(o); ok {
				tally[option]++
			}
			v.judge(&g, &sheets[i])
		}
		if !o.skipped {
			for option, n := range o.counts {
				v.counts += max(int64(n)-tally[option], tally[option]-int64(n))
			}
		}
		if mode == quizv1.Mode_MODE_PRACTICE {
			continue
		}
		slices.SortFunc(order, func(a, b int) int { return sheets[a].compare(&sheets[b], elimination) })
		rank := uint32(0)
		for k, i := range order {
			if k == 0 || sheets[i].compare(&sheets[order[k-1]], elimination) != 0 {
				rank = uint32(k + 1)
			}
			v.rank(records[i].answer(number), &sheets[i], rank, uint32(len(records)), q == len(outcomes)-1)
		}
	}
	return v
}

// judge compares what a contestant was told of an answer.
func (v *verdict) judge(g *given, s *sheet) {
	if !g.told {
		return
	}
	switch {
	case g.state == accepted && !g.counted:
		v.lost++
	case g.state == accepted && g.countedOption != g.option:
		v.doubled++
	case g.state != accepted && g.state != asked && g.counted:
		v.doubled++
	}
	if g.verdict != s.verdict {
		v.wrong++
	}
}

// rank compares the rank that a contestant was told.
func (v *verdict) rank(g given, s *sheet, rank, among uint32, last bool) {
	if g.rank == 0 {
		if last {
			v.missing++
		}
		return
	}
	v.checked++
	if g.rank != rank || g.among != among || g.exact && (g.points != s.points || g.rights != s.right || g.time != s.time) {
		v.wrong++
	}
}
