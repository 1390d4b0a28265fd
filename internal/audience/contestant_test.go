package audience

import (
	"testing"
	"time"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// TestAnAnswerThatAHouseHasLostIsGivenAgain tells a contestant in a new session that there is no answer of its own,
// though the server had accepted one. What it is told afterwards counts, be it that or the retry.
func TestAnAnswerThatAHouseHasLostIsGivenAgain(t *testing.T) {
	t.Parallel()
	crew := &contestants{}
	p := &contestant{crew: crew, record: &record{}, question: 1, run: 1}
	p.record.begin(1, quizv1.Mode_MODE_POINTS, 0)
	*p.record.at(1) = given{state: accepted, option: 2, elapsed: 300}
	crew.accepted.Add(1)
	p.retry(time.Second)
	if p.answerAt != 0 {
		t.Fatal("it answers again, and was told nothing")
	}
	p.unknown = 1
	p.retry(time.Second)
	if p.answerAt != time.Second+retryAfter || p.option != 2 || p.record.answer(1).state != asked || crew.accepted.Load() != 0 {
		t.Errorf("it answers again at %v with %d: %+v", p.answerAt, p.option, p.record.answer(1))
	}
	p.told(&quizv1.Mine{Run: 1, Playing: true, Question: 1, Answered: true, Option: 2, Elapsed: 300})
	if a := p.record.answer(1); a.state != accepted || a.elapsed != 300 || crew.accepted.Load() != 1 {
		t.Errorf("the answer was in the lost house's book: %+v", a)
	}
}

// TestAnswersWithoutReplies sees that what was answered, and of which a contestant has heard in its marks alone,
// counts in what the ranks are compared with.
func TestAnswersWithoutReplies(t *testing.T) {
	t.Parallel()
	right, wrong, missed := quizv1.Verdict_VERDICT_RIGHT, quizv1.Verdict_VERDICT_WRONG, quizv1.Verdict_VERDICT_MISSED
	outcomes := []outcome{{known: true, key: 1, closes: 5_000_000}, {known: true, key: 2, closes: 5_000_000}, {known: true, key: 1, closes: 5_000_000}}
	r := record{
		answers:  []given{{state: accepted, elapsed: 120}, {state: asked, option: 1}, {state: asked, option: 1}},
		verdicts: []quizv1.Verdict{right, right, wrong}, total: 120 + 234 + 500,
	}
	if lost := r.settle(outcomes); lost != 0 {
		t.Errorf("%d answers are lost", lost)
	}
	if option, elapsed, ok := r.answers[1].counts(&outcomes[1]); option != 1 || elapsed != 234 || !ok {
		t.Errorf("a right one counts as %d after %d, %t", option, elapsed, ok)
	}
	if option, _, ok := r.answers[2].counts(&outcomes[2]); option != 1 || !ok {
		t.Errorf("a wrong one counts as %d, %t", option, ok)
	}
	r = record{answers: []given{{state: accepted, elapsed: 120}}, verdicts: []quizv1.Verdict{missed}, total: 500}
	if lost := r.settle(outcomes); lost != 1 {
		t.Errorf("%d answers are lost, want 1", lost)
	}
}
