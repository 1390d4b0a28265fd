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
