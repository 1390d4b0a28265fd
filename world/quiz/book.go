package quiz

import (
	"strings"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// maxBooks bounds the books of other houses that a house reads.
	maxBooks = 32
	// maxRead bounds the contestants whose answers it keeps from them; of more it keeps none.
	maxRead = 100_000
)

// books are the answers that this house has to note, and what it has read in those of houses that are
// gone.
type books struct {
	entered []*quizv1.Entered  // of this tick
	read    map[string][]noted // by PlayerID
	open    []string           // topics that are read
	took    []string           // houses whose contestants have come
	again   bool               // scores are to be worked out anew
	againAt int64              // not before that
	wanted  bool               // somebody has come who may have been in another house
}

// noted is an answer out of a house's book.
type noted struct {
	*quizv1.Entered
	house string
}

// bookTopic is where a house notes its contestants' answers.
func bookTopic(name, house string) string { return downTopic(name) + "/book/" + house }

// enter notes an answer.
func (b *books) enter(c *contestant, question uint32, a answer) {
	b.entered = append(b.entered, &quizv1.Entered{
		PlayerId: c.id, Question: question, Option: uint32(a.option), Elapsed: uint32(a.elapsed), Credit: uint32(a.credit), From: c.from, Granted: c.granted,
	})
}

// present notes that a contestant is there, and what backends have given it.
func (b *books) present(c *contestant) { b.enter(c, 0, answer{}) }

// flush posts what was noted, and takes what was read. One message has all answers of a tick, so that
// they are no more than clients can send.
func (b *books) flush(h *house) {
	for len(b.entered) > 0 {
		n := min(len(b.entered), 1000)
		h.room.Post(bookTopic(h.name, h.room.ID()), &quizv1.Book{Run: h.run, Entered: b.entered[:n]})
		b.entered = b.entered[n:]
	}
	b.entered = nil
}

// judge works out the scores anew if there are answers that they are without, once a second at most.
func (b *books) judge(h *house, now int64) {
	if b.again && now >= b.againAt {
		b.again, b.againAt = false, now+second
		h.judgeAgain()
	}
}

// reset closes all books, as another run begins.
func (b *books) reset(h *house) {
	for _, topic := range b.open {
		h.room.Unlisten(topic)
	}
	*b = books{}
}

// seek reads the books of the houses that are lost, as somebody has come who may have been in one.
func (b *books) seek(h *house) {
	b.wanted = true
	for _, r := range h.state.Reports {
		topic := bookTopic(h.name, r.House)
		if !r.Lost || r.House == h.room.ID() || len(b.open) >= maxBooks || contains(b.open, topic) {
			continue
		}
		b.open = append(b.open, topic)
		b.again = true // for who has come from there and is in no book, as it has not answered anything
		h.room.Listen(topic, world.Start)
	}
}

func contains(list []string, s string) bool {
	for _, o := range list {
		if o == s {
			return true
		}
	}
	return false
}

// onBook takes answers out of another house's book, for those who are here, and for those who may come.
func (h *house) onBook(from *world.Posting, m *quizv1.Book) {
	if m.Run != h.run || h.state == nil || from.From == h.room.ID() {
		return
	}
	b := &h.books
	if b.read == nil {
		b.read = map[string][]noted{}
	}
	source := strings.TrimPrefix(from.Topic, bookTopic(h.name, ""))
	for _, e := range m.Entered {
		if len(b.read) < maxRead || b.read[e.PlayerId] != nil {
			b.read[e.PlayerId] = append(b.read[e.PlayerId], noted{e, source})
		}
		if p := h.present[e.PlayerId]; p != nil {
			h.takeEntered(p, noted{e, source})
		}
	}
}

// recall gives somebody who has come the answers that were read in books, and reports whether there
// are any.
func (h *house) recall(p *world.Player) bool {
	all := h.books.read[p.PlayerID]
	for _, e := range all {
		h.takeEntered(p, e)
	}
	return len(all) > 0
}

// takeEntered makes an answer that was given in another house one of this house.
func (h *house) takeEntered(p *world.Player, n noted) {
	e := n.Entered
	if !contains(h.books.took, n.house) {
		h.books.took = append(h.books.took, n.house)
		h.books.again = true
	}
	c := h.byID[p.PlayerID]
	if c == nil {
		c = &contestant{id: p.PlayerID, place: -1}
		c.score = score{alive: true, revives: h.state.Revives}
		h.byID[c.id] = c
		h.contestants = append(h.contestants, c)
		c.player, c.name, c.number, c.network = p, p.Name, p.ID, p.Network
		p.Data = c
		h.reportNow = true
		h.books.present(c)
	}
	if c.from == 0 || e.From < c.from {
		c.from = e.From
	}
	if e.Granted > c.granted {
		c.score.revives += e.Granted - c.granted
		c.granted, h.books.again = e.Granted, true
	}
	before := c.answer(e.Question)
	if e.Question == 0 || e.Question > maxQuestions || e.Option >= maxOptions || before.given && uint32(before.elapsed) <= e.Elapsed {
		return // of two the first one counts: the other is its retry
	}
	a := answer{given: true, option: uint8(e.Option), elapsed: uint16(e.Elapsed), credit: uint16(e.Credit)}
	c.give(e.Question, a)
	h.books.enter(c, e.Question, a) // this house may be lost as well
	h.books.again = true
	if h.count.question == e.Question {
		if before.given {
			h.count.options[before.option]--
			h.count.answered--
		}
		h.count.add(a, false)
	}
	if e.Question == h.shown {
		h.tell(p)
	}
}
