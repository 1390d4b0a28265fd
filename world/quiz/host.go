package quiz

import (
	"errors"
	"fmt"
	"strings"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// Bounds of what a host sends.
const (
	maxParts = 64
	maxPart  = 2048
)

// upload is a show's file that a host sends, as far as it has come.
type upload struct {
	parts   []string
	missing int
}

// send sends a host's order to the show, and returns its ticket.
func (h *house) send(p *world.Player, m *quizv1.Order) (*quizv1.ConductReply, error) {
	if h.lost {
		return nil, errors.New("the show can't be reached; try again when it is back")
	}
	h.ticket++
	m.House, m.Player, m.Ticket, m.Name = h.room.ID(), p.ID, h.ticket, p.Name
	h.room.Post(h.up, m)
	return &quizv1.ConductReply{Ticket: h.ticket}, nil
}

// conduct sends on what a host wants.
func (h *house) conduct(p *world.Player, m *quizv1.Conduct) (*quizv1.ConductReply, error) {
	if !h.hosting(p) {
		return nil, errHost
	}
	if m.Act == quizv1.Act_ACT_UNSPECIFIED {
		return nil, errors.New("the command has no act")
	}
	return h.send(p, &quizv1.Order{Act: m.Act, Question: m.Question, Key: m.Key})
}

// takeUpload takes a part of a show's file, and sends it on when it is whole.
func (h *house) takeUpload(p *world.Player, m *quizv1.Upload) (*quizv1.ConductReply, error) {
	switch {
	case !h.hosting(p):
		return nil, errHost
	case m.Parts == 0 || m.Parts > maxParts || m.Part >= m.Parts:
		return nil, fmt.Errorf("part %d of %d can't be; there can be %d, counted from 0", m.Part, m.Parts, maxParts)
	case len(m.Text) > maxPart:
		return nil, fmt.Errorf("the part has %d bytes; there can be %d", len(m.Text), maxPart)
	}
	u := h.uploads[p.ID]
	if u == nil || len(u.parts) != int(m.Parts) || m.Part == 0 {
		u = &upload{parts: make([]string, m.Parts), missing: int(m.Parts)}
		h.uploads[p.ID] = u
	}
	if m.Text == "" {
		return nil, errors.New("the part is empty")
	}
	if u.parts[m.Part] == "" {
		u.missing--
	}
	u.parts[m.Part] = m.Text
	if u.missing > 0 {
		return &quizv1.ConductReply{}, nil
	}
	delete(h.uploads, p.ID)
	return h.send(p, &quizv1.Order{Act: quizv1.Act_ACT_LOAD, File: strings.Join(u.parts, "")})
}

// pose sends on a question that a host asks.
func (h *house) pose(p *world.Player, m *quizv1.Pose) (*quizv1.ConductReply, error) {
	if !h.hosting(p) {
		return nil, errHost
	}
	return h.send(p, &quizv1.Order{Pose: m})
}

// onOrdered tells a host what became of its order.
func (h *house) onOrdered(_ *world.Posting, m *quizv1.Ordered) {
	for _, p := range h.hosts {
		if p.ID == m.Player {
			p.Emit(&quizv1.Conducted{Ticket: m.Ticket, Problem: m.Problem})
		}
	}
}

// onSuspected tells hosts of a contestant who looks odd.
func (h *house) onSuspected(_ *world.Posting, m *quizv1.Suspected) {
	if m.What != nil && len(h.hosts) > 0 {
		h.rows.hosts.Emit(m.What)
	}
}
