package danmaku

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// maxReports is how many reported comments are on the desk. The oldest one goes.
const maxReports = 50

// maxReportedBy is how many of its complaints a viewer is remembered.
const maxReportedBy = 50

// reportRow is a comment that was reported.
type reportRow struct {
	comment *danmakuv1.Comment
	entity  world.Entity
	viewers uint32
	told    uint32 // how many backends know of
	reason  string
}

var errTooOften = errors.New("too often: try again in a moment")

// sparing refuses what a viewer does too often that costs more than it does good.
func (h *house) sparing(v *viewer) error {
	v.orders.fill(h.r.Tick(), 2/h.r.TickRate, 10)
	if !v.orders.take() {
		return errTooOften
	}
	return nil
}

// complain puts a comment on the desk.
func (h *house) complain(p *world.Player, cmd *danmakuv1.Complain) error {
	v := viewerOf(p)
	if err := h.sparing(v); err != nil {
		return err
	}
	reason := strings.TrimSpace(cmd.Reason)
	if reason != "" {
		var err error
		if reason, err = text.Line("reason", reason, maxReason); err != nil {
			return err
		}
	}
	c := h.known.get(cmd.Comment)
	switch {
	case c == nil:
		return errors.New("the room does not know the comment any more")
	case c.Author == v.author:
		return errors.New("the comment is your own")
	case slices.Contains(v.reported, c.Id):
		return nil // once is enough
	}
	if len(v.reported) >= maxReportedBy {
		v.reported = slices.Delete(v.reported, 0, 1)
	}
	v.reported = append(v.reported, c.Id)
	h.board.report(c, reason)
	return nil
}

func (b *board) report(c *danmakuv1.Comment, reason string) {
	i := slices.IndexFunc(b.reported, func(r reportRow) bool { return r.comment.Id == c.Id })
	if i < 0 {
		if len(b.reported) >= maxReports {
			b.h.r.Destroy(b.reported[0].entity)
			b.reported = slices.Delete(b.reported, 0, 1)
		}
		i = len(b.reported)
		b.reported = append(b.reported, reportRow{comment: c, entity: b.h.r.Spawn(b.h.desk), reason: reason})
	}
	row := &b.reported[i]
	row.viewers++
	b.reports.Set(row.entity, danmakuv1.Report{
		Comment: c.Id, Author: c.Author, Name: c.Name, Text: c.Text, Viewers: row.viewers, Reason: row.reason,
	})
}

// tellReports tells backends of reports, of each one when as many again have come.
func (b *board) tellReports() {
	h := b.h
	for i := range b.reported {
		r := &b.reported[i]
		if r.told > 0 && r.viewers < 2*r.told {
			continue
		}
		r.told = r.viewers
		m := &danmakuv1.CommentReported{Show: h.set.show, AtMs: nowMs(h.r), Comment: r.comment, Viewers: r.viewers, Reason: r.reason}
		if v := h.byAuthor[r.comment.Author]; v != nil {
			m.PlayerId = v.p.PlayerID
		}
		h.r.Tell(m)
	}
}

// settle takes reports off the desk.
func (b *board) settle(done func(*danmakuv1.Comment) bool) {
	b.reported = slices.DeleteFunc(b.reported, func(r reportRow) bool {
		if done(r.comment) {
			b.h.r.Destroy(r.entity)
			return true
		}
		return false
	})
}

// handleOrders sets the handlers of what moderators and hosts do.
func (h *house) handleOrders() {
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Silence) error {
		o.Silence = cmd
		return h.about(o, cmd.Author)
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Unsilence) error {
		o.Unsilence = cmd
		if h.mutes[cmd.Author] == nil {
			return notFound("nobody with the number %d is muted", cmd.Author)
		}
		return h.about(o, cmd.Author)
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Delete) error {
		o.Delete, o.Comment = cmd, h.known.get(cmd.Comment)
		if !h.met.comment(h, cmd.Comment) {
			return notFound("there is no comment %d", cmd.Comment)
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.PinComment) error {
		o.Pin, o.Comment = cmd, h.known.get(cmd.Comment)
		if o.Comment == nil {
			return notFound("the room does not know the comment %d, or not any more", cmd.Comment)
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Unpin) error {
		o.Unpin = cmd
		if !slices.ContainsFunc(h.state.Pins, func(p *danmakuv1.Pin) bool { return p.Comment == cmd.Comment }) {
			return notFound("no comment %d is pinned", cmd.Comment)
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.SetModes) error { o.Modes = cmd; return nil })
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Announce) error { o.Announce = cmd; return nil })
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.OpenPoll) error { o.OpenPoll = cmd; return nil })
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.ClosePoll) error {
		o.ClosePoll = cmd
		if pollOf(h.state, cmd.Poll) == nil {
			return notFound("there is no poll %d", cmd.Poll)
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.OpenLottery) error { o.OpenLottery = cmd; return nil })
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Draw) error {
		o.Draw = cmd
		if h.state.Lottery == nil || h.state.Lottery.Lottery != cmd.Lottery {
			return notFound("there is no lottery %d", cmd.Lottery)
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.BlockWords) error {
		o.Words = cmd
		for _, w := range cmd.Remove {
			if !slices.Contains(h.state.Words, w) {
				return notFound("the word %.60q is not blocked by moderators", w)
			}
		}
		return nil
	})
	order(h, func(o *danmakuv1.Order, cmd *danmakuv1.Record) error { o.Record = cmd; return nil })
	world.OnOrder(h.r, func(p *world.Player, cmd *danmakuv1.Settle) error {
		if !staff(viewerOf(p).badges) {
			return errNotStaff
		}
		if !slices.ContainsFunc(h.board.reported, func(r reportRow) bool { return r.comment.Id == cmd.Comment }) {
			return notFound("nobody has reported a comment %d", cmd.Comment)
		}
		h.board.settle(func(c *danmakuv1.Comment) bool { return c.Id == cmd.Comment })
		return nil
	})
}

// notFound says that what a moderator names is not there.
func notFound(format string, args ...any) error {
	return fmt.Errorf("not found: "+format, args...)
}

var errNotStaff = errors.New("this is for moderators and hosts")

// order sets the handler of a command that moderators and hosts give. fill puts it into an order.
func order[C any, PC interface {
	*C
	schema.Command
}](h *house, fill func(o *danmakuv1.Order, cmd *C) error) {
	world.OnOrder[C, PC](h.r, func(p *world.Player, cmd *C) error {
		v := viewerOf(p)
		h.refresh(v)
		if !staff(v.badges) {
			return errNotStaff
		}
		o := &danmakuv1.Order{PlayerId: p.PlayerID, By: v.name}
		if err := fill(o, cmd); err != nil {
			return err
		}
		if err := checkOrder(o); err != nil {
			return err
		}
		if err := h.cleanOrder(v, o); err != nil {
			return err
		}
		return h.give(o)
	})
}

// about notes what the house knows of an author.
func (h *house) about(o *danmakuv1.Order, author uint64) error {
	if v := h.byAuthor[author]; v != nil {
		if o.Silence != nil && staff(v.badges) {
			return errors.New("moderators and hosts can't be muted")
		}
		o.AuthorName, o.AuthorPlayerId = v.name, v.p.PlayerID
		return nil
	}
	name, ok := h.met.author(h, author)
	if !ok {
		return notFound("nobody with the number %d has been seen here", author)
	}
	o.AuthorName = name
	return nil
}

// give hands an order to the show. What can't wait is done here at once: the show does it in all
// houses, this one included, as soon as it hears of it.
func (h *house) give(o *danmakuv1.Order) error {
	l := &h.link
	if len(l.pending) >= maxPending {
		return errors.New("the show is away, and too much waits for it already")
	}
	l.orders++
	o.Number, o.AtMs = l.orders, nowMs(h.r)
	l.pending = append(l.pending, pendingOrder{Order: o})
	if !urgent(o) {
		return nil
	}
	here := cloneState(h.state)
	eff, _ := apply(here, o, nowMs(h.r))
	h.state = here
	for _, r := range eff.removed {
		h.remove(r)
	}
	h.takeOver()
	return nil
}

// urgent reports whether a house carries an order out by itself before the show has.
func urgent(o *danmakuv1.Order) bool {
	return o.Silence != nil || o.Unsilence != nil || o.Delete != nil || o.Modes != nil || o.Words != nil
}

// giveAgain does to the state that the show has sent what was done here by orders that it had not heard of by then.
// Without that, what they have changed would come and go.
func (h *house) giveAgain() {
	var here *danmakuv1.ShowState
	for _, o := range h.link.pending {
		if !urgent(o.Order) {
			continue
		}
		if here == nil {
			here = cloneState(h.state)
		}
		apply(here, o.Order, nowMs(h.r))
	}
	if here != nil {
		h.state = here
	}
}

// cloneState returns a state whose lists can be changed.
func cloneState(s *danmakuv1.ShowState) *danmakuv1.ShowState {
	c := *s
	c.Pins, c.SuperChats, c.Givers = slices.Clone(s.Pins), slices.Clone(s.SuperChats), slices.Clone(s.Givers)
	c.Polls, c.Choices, c.Mutes = slices.Clone(s.Polls), slices.Clone(s.Choices), slices.Clone(s.Mutes)
	c.Words, c.Log = slices.Clone(s.Words), slices.Clone(s.Log)
	return &c
}
