package danmaku

import (
	"errors"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku/internal/words"
)

// maxEntrants bounds those of a house who take part in a lottery; later ones are not taken.
const maxEntrants = 100_000

// polls are the votes of a house, and those of it who take part in the lottery.
type polls struct {
	own    map[uint32][]uint64        // by poll, of this house
	totals map[uint32][]uint64        // of all houses, as the show has told
	voters map[uint32]map[uint64]bool // by poll, the authors who have voted here; they stay when they leave

	lottery  uint32
	word     *words.Text
	entrants []entrant
	in       map[uint64]bool             // authors among them
	drawn    map[uint32]*danmakuv1.Drawn // what was drawn in which round
}

type entrant struct {
	author   uint64
	name     string
	playerID string
}

func newPolls() polls {
	return polls{own: map[uint32][]uint64{}, totals: map[uint32][]uint64{}, voters: map[uint32]map[uint64]bool{}}
}

// follow takes over which polls and lottery there are.
func (q *polls) follow(s *danmakuv1.ShowState) {
	for _, all := range []map[uint32][]uint64{q.own, q.totals} {
		for poll := range all { //tickroom:deterministic pollOf only looks
			if pollOf(s, poll) == nil {
				delete(all, poll)
			}
		}
	}
	for poll := range q.voters { //tickroom:deterministic pollOf only looks
		if pollOf(s, poll) == nil {
			delete(q.voters, poll)
		}
	}
	switch {
	case s.Lottery == nil:
		q.lottery, q.word, q.entrants, q.in, q.drawn = 0, nil, nil, nil, nil
	case s.Lottery.Lottery != q.lottery:
		q.lottery, q.word = s.Lottery.Lottery, words.Normalise(s.Lottery.Word)
		q.entrants, q.in, q.drawn = nil, map[uint64]bool{}, map[uint32]*danmakuv1.Drawn{}
	}
}

// said has a viewer take part in the lottery, if what it has just said has the word.
func (q *polls) said(h *house, v *viewer) {
	l := h.state.Lottery
	if l == nil || q.word == nil || l.Drawn || l.UntilMs != 0 && l.UntilMs <= nowMs(h.r) || q.in[v.author] || staff(v.badges) ||
		len(q.entrants) >= maxEntrants || !h.text.Contains(q.word) {
		return
	}
	q.in[v.author] = true
	q.entrants = append(q.entrants, entrant{v.author, v.name, v.p.PlayerID})
}

// draw draws some of those who take part, and tells the show. A round that is asked for again has the
// same result.
func (h *house) draw(d *danmakuv1.DrawFrom) {
	q := &h.polls
	if d.Lottery != q.lottery {
		return
	}
	res := q.drawn[d.Round]
	if res == nil {
		res = &danmakuv1.Drawn{Lottery: d.Lottery, Round: d.Round}
		left := slices.Clone(q.entrants)
		for range min(int(d.Places), len(left)) {
			i := h.r.Rand().IntN(len(left))
			e := left[i]
			left[i] = left[len(left)-1]
			left = left[:len(left)-1]
			res.Authors, res.Names, res.PlayerIds = append(res.Authors, e.author), append(res.Names, e.name), append(res.PlayerIds, e.playerID)
		}
		q.drawn[d.Round] = res
	}
	h.r.Post(topicUp(h.set.show), res)
}

// counts returns the votes of the house.
func (q *polls) counts(s *danmakuv1.ShowState) []*danmakuv1.VoteCount {
	var all []*danmakuv1.VoteCount
	for _, p := range s.Polls {
		if v := q.own[p.Poll]; v != nil {
			all = append(all, &danmakuv1.VoteCount{Poll: p.Poll, Votes: v})
		}
	}
	return all
}

// takeTotals takes the votes of all houses.
func (q *polls) takeTotals(all []*danmakuv1.VoteCount) {
	for _, v := range all {
		q.totals[v.Poll] = v.Votes
	}
}

// votes returns how many a choice has, as far as is known.
func (q *polls) votes(poll, choice uint32) uint64 {
	var n uint64
	for _, all := range [][]uint64{q.own[poll], q.totals[poll]} {
		if int(choice) <= len(all) && choice > 0 {
			n = max(n, all[choice-1])
		}
	}
	return n
}

// vote counts a viewer's vote.
func (h *house) vote(p *world.Player, cmd *danmakuv1.Vote) error {
	v := viewerOf(p)
	if err := h.sparing(v); err != nil {
		return err
	}
	poll := pollOf(h.state, cmd.Poll)
	switch {
	case poll == nil:
		return errors.New("there is no such poll")
	case h.polls.voters[cmd.Poll][v.author]:
		return nil // the first one counts
	case poll.Closed || poll.UntilMs != 0 && poll.UntilMs <= nowMs(h.r):
		return errors.New("the poll is closed")
	}
	n := uint32(0)
	for _, c := range h.state.Choices {
		if c.Poll == cmd.Poll {
			n++
		}
	}
	if cmd.Choice < 1 || cmd.Choice > n {
		return errors.New("the poll has no such choice")
	}
	if h.polls.own[cmd.Poll] == nil {
		h.polls.own[cmd.Poll] = make([]uint64, n)
		h.polls.voters[cmd.Poll] = map[uint64]bool{}
	}
	h.polls.voters[cmd.Poll][v.author] = true
	h.polls.own[cmd.Poll][cmd.Choice-1]++
	return nil
}

// follow has a viewer follow authors.
func (h *house) follow(p *world.Player, cmd *danmakuv1.Follow) error {
	v := viewerOf(p)
	if err := h.sparing(v); err != nil {
		return err
	}
	if len(cmd.Authors) > maxFollows {
		return errors.New("one can follow 50 at most")
	}
	authors := slices.DeleteFunc(slices.Clone(cmd.Authors), func(a uint64) bool { return a == 0 || a == v.author })
	slices.Sort(authors)
	h.fans.set(v, slices.Compact(authors))
	return nil
}
