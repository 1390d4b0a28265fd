package quiz

import (
	"errors"
	"fmt"
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// resultsPerPage bounds the results in one reply, fetchedAtOnce those that another house hands over at once.
	resultsPerPage = 50
	fetchedAtOnce  = 200
	// fetchAgain is after how long another house is asked again that has not answered.
	fetchAgain = 2 * second
)

// fetched is what a host was given last by another house, or has asked it for.
type fetched struct {
	house   string
	after   uint32
	askedAt int64
	page    *quizv1.Page // nil: it is on its way
}

// results gives a host what has become of the contestants of this house, or of another one, which is asked
// for them.
func (h *house) results(p *world.Player, m *quizv1.Results) (*quizv1.ResultsReply, error) {
	if !h.hosting(p) {
		return nil, errHost
	}
	if h.hidden(h.room.Now()) {
		return nil, errors.New("the answers are being counted; try again in a moment")
	}
	if m.House == "" || m.House == h.room.ID() {
		return h.reply(h.page(m.After, resultsPerPage), m.After), nil
	}
	if h.state == nil || !slices.ContainsFunc(h.state.Reports, func(r *quizv1.Report) bool { return r.House == m.House }) {
		return nil, fmt.Errorf("there is no house %.60q", m.House)
	}
	f := h.fetched[p.ID]
	if f != nil && f.house == m.House && f.page != nil && f.page.Run == h.run {
		if n := uint32(len(f.page.Results)); m.After >= f.after && (m.After < f.after+n || f.after+n >= f.page.All) {
			return h.reply(f.page, m.After), nil
		}
	}
	if now := h.room.Now(); f == nil || f.house != m.House || f.after != m.After || f.page != nil || now-f.askedAt > fetchAgain {
		h.fetched[p.ID] = &fetched{house: m.House, after: m.After, askedAt: now}
		h.room.Post(world.RoomTopic(m.House), &quizv1.Fetch{House: h.room.ID(), Player: p.ID, After: m.After})
	}
	return &quizv1.ResultsReply{Waiting: true, More: true, Run: h.run}, nil
}

// page returns results of this house's contestants, up to so many.
func (h *house) page(after uint32, most int) *quizv1.Page {
	from := min(int(after), len(h.contestants))
	page := &quizv1.Page{House: h.room.ID(), After: uint32(from), Run: h.run, All: uint32(len(h.contestants))}
	for _, c := range h.contestants[from:min(from+most, len(h.contestants))] {
		res := h.result(c)
		res.PlayerId = ""
		page.Results = append(page.Results, res)
	}
	return page
}

// reply returns the results of a page from some on, as a host is given them.
func (h *house) reply(page *quizv1.Page, after uint32) *quizv1.ResultsReply {
	from := min(int(max(after, page.After)-page.After), len(page.Results))
	to := min(from+resultsPerPage, len(page.Results))
	return &quizv1.ResultsReply{Run: page.Run, Results: page.Results[from:to], More: page.After+uint32(to) < page.All}
}

// onFetch hands results to a house that has asked for them. While an outcome is not to be seen yet it does not
// answer, and is asked again.
func (h *house) onFetch(_ *world.Posting, m *quizv1.Fetch) {
	if h.hidden(h.room.Now()) {
		return
	}
	page := h.page(m.After, fetchedAtOnce)
	page.Player = m.Player
	h.room.Post(world.RoomTopic(m.House), page)
}

// onPage takes the results that another house has handed over.
func (h *house) onPage(_ *world.Posting, m *quizv1.Page) {
	if f := h.fetched[m.Player]; f != nil && f.house == m.House && f.after == m.After {
		f.page = m
	}
}
