package quiz

import (
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// maxWanted bounds the contestants that a house asks for in one message.
const maxWanted = 200

// moves are the contestants that a house looks for in others: those who come late may have played
// there before their sessions ended.
type moves struct {
	wanted []string // PlayerIDs
}

// want looks for a player who has come.
func (v *moves) want(h *house, p *world.Player) {
	if len(v.wanted) < 50*maxWanted && len(h.state.Reports) > 1 {
		v.wanted = append(v.wanted, p.PlayerID)
	}
}

// flush asks the other houses.
func (v *moves) flush(h *house, _ int64) {
	if len(v.wanted) == 0 || h.state == nil {
		return
	}
	n := min(len(v.wanted), maxWanted)
	h.room.Post(h.down, &quizv1.Wanted{House: h.room.ID(), Run: h.run, PlayerIds: slices.Clone(v.wanted[:n])})
	v.wanted = slices.Delete(v.wanted, 0, n)
}

// onWanted hands contestants who are gone over to the house that they have come to.
func (h *house) onWanted(_ *world.Posting, m *quizv1.Wanted) {
	if m.House == h.room.ID() || m.Run != h.run {
		return
	}
	moved := false
	for _, id := range m.PlayerIds {
		c := h.byID[id]
		if c == nil || c.player != nil && !c.player.Away() {
			continue
		}
		h.room.Post(world.RoomTopic(m.House), &quizv1.Moved{
			PlayerId: id, House: h.room.ID(), Run: h.run, From: c.from, Granted: c.granted, Given: given(c),
			Rank: c.rank, Among: c.among, Ranked: c.ranked, Spared: c.spared.all(),
		})
		h.drop(c)
		moved = true
	}
	if moved {
		h.reportNow = true
		h.judgeAgain()
	}
}

// onMoved takes a contestant who was in another house.
func (h *house) onMoved(_ *world.Posting, m *quizv1.Moved) {
	if m.Run != h.run || h.state == nil {
		return
	}
	c := h.byID[m.PlayerId]
	if c == nil {
		c = &contestant{id: m.PlayerId, place: -1}
		h.byID[c.id] = c
		h.contestants = append(h.contestants, c)
	}
	if p := h.present[m.PlayerId]; p != nil {
		c.player, c.name, c.number, c.network = p, p.Name, p.ID, p.Network
		p.Data = c
	}
	c.from, c.granted = m.From, m.Granted
	c.rank, c.among, c.ranked = m.Rank, m.Among, m.Ranked
	for _, number := range m.Spared {
		c.spared.add(number)
	}
	for i, g := range m.Given {
		if g.Choice > 0 && g.Choice <= maxOptions {
			a := answer{given: true, option: uint8(g.Choice - 1), elapsed: uint16(g.Elapsed), credit: uint16(g.Credit)}
			c.give(uint32(i+1), a)
			h.books.enter(c, uint32(i+1), a)
		}
	}
	h.books.present(c)
	h.reportNow = true
	c.score = score{alive: true, revives: h.state.Revives + c.granted}
	h.judgeAgain()
	if c.player != nil {
		h.tell(c.player)
	}
}
