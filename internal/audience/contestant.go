package audience

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// goodTime is how long before the close an answer must be sent so that it can't be late: it
// waits for a tick of the house, which is stamped with the time for which it was due.
const goodTime = 60 * time.Millisecond

// contestant is one contestant in one session.
type contestant struct {
	crew   *contestants
	record *record
	rnd    *rand.Rand
	timed  bool // its latencies count

	run      uint32
	question uint32 // that it answers
	closesAt int64
	openAt   time.Duration // when it shows the question, by the run's clock
	answerAt time.Duration // 0: it does not answer, or has
	option   uint32
	twice    bool   // it answers a second time
	unknown  uint32 // number of a question to which the server has told it that there is no answer of its own
	revealed uint32
	losses   int // connections lost in this session
}

// Seated begins a session.
func (p *contestant) Seated(*client.Session) {}

// Input appends nothing: contestants have no inputs.
func (p *contestant) Input(b []byte, _ *client.Session) []byte { return b }

// Next returns when the contestant answers.
func (p *contestant) Next() time.Duration { return p.answerAt }

// Lost notes that the connection was lost.
func (p *contestant) Lost(time.Duration) { p.losses++ }

// Back does nothing: what was sent and not answered is sent again by the session.
func (p *contestant) Back(*client.Session, time.Duration) {}

// Received looks at what has come.
func (p *contestant) Received(s *client.Session, now time.Duration) {
	f := s.Frame()
	for i := range f.Events {
		if f.Events[i].ID == 1 {
			var m quizv1.Mine
			if m.UnmarshalProto(f.Events[i].Data) == nil {
				p.told(&m)
				p.unknown = 0
				if m.Playing && !m.Answered && m.Run == p.record.run {
					p.unknown = m.Question
				}
			}
		}
	}
	p.retry(now)
	if f.Tick == 0 || s.Replica().Touched() == 0 {
		return
	}
	for _, show := range replica.All[quizv1.Show](s.Replica()) {
		p.look(s, show, now)
	}
}

// look looks at where the show is.
func (p *contestant) look(s *client.Session, show *quizv1.Show, now time.Duration) {
	c := p.crew
	if show.Run != p.run {
		p.run, p.question, p.answerAt, p.revealed = show.Run, 0, 0, 0
		p.record.begin(show.Run, show.Mode, show.Revives)
	}
	switch show.Phase {
	case quizv1.Phase_PHASE_OPEN:
		if show.Question != p.question {
			p.ask(s, now)
		}
	case quizv1.Phase_PHASE_REVEALED:
		if p.revealed == show.Question {
			return
		}
		for _, q := range replica.All[quizv1.Question](s.Replica()) {
			if p.timed && q.Number == show.Question && (q.Key != 0 || q.Skipped) {
				p.revealed = show.Question
				c.sawOutcome(show.Run, q, now)
			}
		}
	case quizv1.Phase_PHASE_OVER:
		c.overAt.CompareAndSwap(0, int64(now))
	}
}

// ask shows a question, and decides when and what to answer.
func (p *contestant) ask(s *client.Session, now time.Duration) {
	var clock quizv1.Clock
	for _, row := range replica.All[quizv1.Clock](s.Replica()) {
		clock = *row
	}
	for _, q := range replica.All[quizv1.Question](s.Replica()) {
		server := showTime(s, &clock, now)
		at := func(us int64) time.Duration { return now + time.Duration(us-server)*time.Microsecond }
		p.question, p.closesAt = q.Number, q.ClosesAt
		p.crew.sawAsked(p.run, q)
		p.openAt = max(at(q.OpensAt), now)
		if p.timed {
			p.crew.sawOpen(p.run, q.Number, p.openAt)
		}
		p.answerAt = p.decide(at(q.ClosesAt))
		p.option = p.choose(q)
		p.twice = p.rnd.IntN(50) == 0
		if p.record.answer(q.Number).state != notAnswered {
			p.answerAt = 0
		}
	}
}

// showTime returns the show's time now, in microseconds. Pongs say it; until one has come it follows from when ticks
// come, which in a large house is later for who is written to last.
func showTime(s *client.Session, clock *quizv1.Clock, now time.Duration) int64 {
	if t, ok := s.ServerTime(now); ok {
		return t.UnixMicro()
	}
	perTick := float64(time.Second) / s.Welcome().GetTickRate()
	return clock.At + int64((s.ServerTick(now)-float64(clock.Tick))*perTick/float64(time.Microsecond))
}

// decide returns when the contestant answers: some time in the middle, in most cases; in some at
// the last moment or a moment too late, or never: 0.
func (p *contestant) decide(closes time.Duration) time.Duration {
	whole := max(closes-p.openAt, 0)
	switch k := p.rnd.IntN(100); {
	case k < 3:
		return 0
	case k < 8:
		return max(closes-goodTime-time.Duration(p.rnd.Int64N(int64(150*time.Millisecond))), p.openAt)
	case k < 10:
		return closes + time.Duration(20+p.rnd.Int64N(500))*time.Millisecond
	}
	return p.openAt + time.Duration((0.05+0.85*p.rnd.Float64())*float64(whole))
}

// choose returns what the contestant answers.
func (p *contestant) choose(q *quizv1.Question) uint32 {
	if p.rnd.Float64() < p.crew.Skill {
		for i, o := range q.Options {
			if strings.HasSuffix(o, Mark) {
				return uint32(i)
			}
		}
	}
	return p.rnd.Uint32N(uint32(max(1, len(q.Options))))
}

// retryAfter is how long after it has come back a contestant answers again what the server does not have: that
// may yet read it in the book of a house that is gone.
const retryAfter = 1500 * time.Millisecond

// retry has the contestant answer again whose answer the server does not have: its house is gone.
func (p *contestant) retry(now time.Duration) {
	if p.unknown == 0 || p.unknown != p.question || p.answerAt != 0 {
		return
	}
	a := p.record.answer(p.question)
	if a.state != asked && a.state != accepted {
		return
	}
	p.unknown = 0
	r := p.record.at(p.question)
	if a.state == accepted {
		p.crew.accepted.Add(-1)
	}
	r.state, r.retried = asked, true
	p.option, p.answerAt = uint32(a.option), now+retryAfter
}

// Act answers.
func (p *contestant) Act(s *client.Session, now time.Duration) {
	c := p.crew
	if p.twice {
		p.twice, p.answerAt = false, now+30*time.Millisecond
	} else {
		p.answerAt = 0
	}
	number, run, losses := p.question, p.run, p.losses
	a := p.record.at(number)
	first := a.state == notAnswered // or refused as too early
	if first {
		*a = given{state: asked, option: uint8(p.option)}
		c.sent.Add(1)
	} else {
		c.again.Add(1)
	}
	inGoodTime := time.Now().Add(goodTime).UnixMicro() <= p.closesAt
	err := s.SendCommand(1, (&quizv1.Answer{Question: number, Option: p.option, Run: run}).AppendProto(nil), func(r replica.Reply, err error) {
		if run == p.run {
			p.replied(number, now, r, err, inGoodTime && losses == p.losses)
		}
	})
	if err != nil {
		c.refusals.add("not sent")
	}
}

// replied takes the answer to an answer. sure is whether it must have come in time.
func (p *contestant) replied(number uint32, sent time.Duration, r replica.Reply, err error, sure bool) {
	c, a := p.crew, p.record.at(number)
	now := c.setup.Now()
	switch {
	case err != nil: // the session is gone
		c.refusals.add("no answer")
	case r.Code == tickroomv1.ReplyCode_REPLY_CODE_UNSPECIFIED:
		var m quizv1.AnswerReply
		if m.UnmarshalProto(r.Data) != nil {
			c.refusals.add("malformed")
			return
		}
		if a.state != accepted {
			c.accepted.Add(1)
		} else if m.Elapsed != uint32(a.elapsed) {
			c.doubled.Add(1) // it was taken a second time
		}
		if m.Option != uint32(a.option) {
			c.doubled.Add(1)
		}
		a.state, a.elapsed = accepted, uint16(m.Elapsed)
		if p.timed {
			c.answer.Record(now-sent, now)
		}
	case r.Code == tickroomv1.ReplyCode_REPLY_CODE_REFUSED && strings.Contains(r.Error, "time was up"):
		if a.state == accepted {
			return
		}
		a.state = tooLate
		if sure {
			c.lateWrongly.Add(1)
		} else {
			c.late.Add(1)
		}
	case a.state == asked && strings.Contains(r.Error, "not open yet"):
		// By the contestant's clock it was: who plays would touch it again.
		c.refusals.add("too early")
		a.state = notAnswered
		p.answerAt = now + 100*time.Millisecond
	case a.state != accepted:
		a.state = refused
		c.refusals.add(shorten(r.Error))
		if sure && !strings.Contains(r.Error, "out") {
			c.lost.Add(1)
		}
	}
}

// shorten returns what is counted of a refusal.
func shorten(s string) string {
	const most = 40
	if s == "" {
		return "refused"
	}
	return s[:min(len(s), most)]
}

// told takes what the contestant is told of itself.
func (p *contestant) told(m *quizv1.Mine) {
	rec := p.record
	if m.Run != rec.run || rec.run == 0 {
		return
	}
	if a := rec.answer(m.Question); a.retried && m.Answered { // that of before, or its retry
		r := rec.at(m.Question)
		if r.state != accepted {
			p.crew.accepted.Add(1)
		}
		r.state, r.option, r.elapsed = accepted, uint8(m.Option), uint16(m.Elapsed)
	}
	if m.Verdict != quizv1.Verdict_VERDICT_UNSPECIFIED && m.Question != 0 {
		a := rec.at(m.Question)
		a.told, a.verdict, a.counted, a.countedOption, a.countedTime = true, m.Verdict, m.Answered, uint8(m.Option), uint16(m.Elapsed)
	}
	if len(m.Verdicts) >= len(rec.verdicts) {
		rec.verdicts, rec.total = append(rec.verdicts[:0], m.Verdicts...), m.Time
	}
	for i, v := range m.Verdicts {
		if a := rec.answer(uint32(i + 1)); v == quizv1.Verdict_VERDICT_RIGHT && a.state == accepted && !a.right {
			rec.at(uint32(i + 1)).right = true
			p.crew.wasRight(m.Run, uint32(i+1), a.option)
		}
	}
	if m.Ranked == 0 {
		return
	}
	a := rec.at(m.Ranked)
	a.rank, a.among = m.Rank, m.Among
	if m.Question == m.Ranked { // else the points may be those after the next question already
		a.exact, a.points, a.rights, a.time = true, m.Points, m.Right, m.Time
	}
	if m.Ranked > rec.toldFor {
		rec.toldFor = m.Ranked
		if int(m.Ranked) < len(p.crew.ranked) {
			p.crew.ranked[m.Ranked].Add(1)
		}
	}
}
