package danmaku

import (
	"fmt"
	"slices"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/text"
)

// Bounds of a show's state.
const (
	maxPins       = 3
	maxPolls      = 3
	maxSuperChats = 30
	maxGivers     = 20
	maxMutes      = 2000
	maxLog        = 50
	maxAbout      = 200 // characters
	toldMutes     = 100 // those whose names and reasons are kept
)

// effect is what has to be told of an order, besides the state.
type effect struct {
	removed []*danmakuv1.Removed
	closed  *danmakuv1.Poll
	drawn   bool // the lottery is to be drawn
}

// apply carries an order out on the state of a show at a time in ms since 1970, and notes it in the log.
// The order has been checked. It returns what else there is to do, and the line of the log.
func apply(s *danmakuv1.ShowState, o *danmakuv1.Order, now uint64) (effect, *danmakuv1.ModerationEntry) {
	now = givenAt(o, now)
	e := &danmakuv1.ModerationEntry{AtMs: now, PlayerId: o.PlayerId, By: o.By, AuthorPlayerId: o.AuthorPlayerId}
	var eff effect
	switch {
	case o.Silence != nil:
		eff = silence(s, o, now, e)
	case o.Unsilence != nil:
		e.Action, e.Author, e.About = "Unsilence", o.Unsilence.Author, o.AuthorName
		s.Mutes = slices.DeleteFunc(s.Mutes, func(m *danmakuv1.Mute) bool { return m.Author == o.Unsilence.Author })
	case o.Delete != nil:
		eff = remove(s, o, e)
	case o.Pin != nil:
		pin(s, o, now, e)
	case o.Unpin != nil:
		e.Action, e.Comment = "Unpin", o.Unpin.Comment
		s.Pins = slices.DeleteFunc(s.Pins, func(p *danmakuv1.Pin) bool { return p.Comment == o.Unpin.Comment })
	case o.Modes != nil:
		modes := *o.Modes
		s.Modes = &modes
		e.Action, e.About = "SetModes", modesText(&modes)
	case o.Announce != nil:
		e.Action, e.About = "Announce", o.Announce.Text
		s.Announcement = nil
		if o.Announce.Text != "" {
			s.Announcement = &danmakuv1.Announcement{Text: o.Announce.Text, By: o.By, UntilMs: until(now, o.Announce.Seconds)}
		}
	case o.OpenPoll != nil:
		openPoll(s, o.OpenPoll, now, e)
	case o.ClosePoll != nil:
		eff = closePoll(s, o.ClosePoll, e)
	case o.OpenLottery != nil:
		s.Lotteries++
		s.Lottery = &danmakuv1.Lottery{
			Lottery: s.Lotteries, Word: o.OpenLottery.Word, Prize: o.OpenLottery.Prize, Places: o.OpenLottery.Places,
			UntilMs: until(now, o.OpenLottery.Seconds),
		}
		e.Action, e.About = "OpenLottery", o.OpenLottery.Word
	case o.Draw != nil:
		e.Action = "Draw"
		if l := s.Lottery; l != nil && l.Lottery == o.Draw.Lottery {
			e.About = l.Word
			if o.Draw.Remove {
				s.Lottery = nil
			} else {
				eff.drawn = !l.Drawn
			}
		}
	case o.Words != nil:
		blockWords(s, o.Words, e)
	case o.Record != nil:
		s.Recording = o.Record.On
		e.Action, e.About = "Record", onOff(o.Record.On)
	}
	note(s, e)
	return eff, e
}

// lateOrder is how long before it is carried out an order may have been given, and early how far the clock of
// its house may be ahead, in ms.
const (
	lateOrder = 3_600_000
	early     = 10_000
)

// givenAt returns when an order was given, as its house says: so what it sets ends at the same time in all houses, however
// late the show hears of it.
func givenAt(o *danmakuv1.Order, now uint64) uint64 {
	if o.Number == 0 || o.AtMs+lateOrder < now || o.AtMs > now+early {
		return now
	}
	return o.AtMs
}

// note adds a line to the log.
func note(s *danmakuv1.ShowState, e *danmakuv1.ModerationEntry) {
	e.About = text.Cut(e.About, maxAbout)
	if len(s.Log) >= maxLog {
		s.Log = slices.Delete(s.Log, 0, len(s.Log)-maxLog+1)
	}
	s.Log = append(s.Log, &danmakuv1.LogEntry{AtMs: e.AtMs, By: e.By, Action: e.Action, About: e.About})
}

func until(now uint64, seconds uint32) uint64 {
	if seconds == 0 {
		return 0
	}
	return now + uint64(seconds)*1000
}

func silence(s *danmakuv1.ShowState, o *danmakuv1.Order, now uint64, e *danmakuv1.ModerationEntry) (eff effect) {
	cmd := o.Silence
	e.Action, e.Author = "Silence", cmd.Author
	e.About = strings.TrimSpace(fmt.Sprintf("%s, %s %s", o.AuthorName, muteText(cmd), cmd.Reason))
	s.Mutes = slices.DeleteFunc(s.Mutes, func(m *danmakuv1.Mute) bool { return m.Author == cmd.Author })
	if len(s.Mutes) >= maxMutes {
		// The one that would end first goes; those for good are the last.
		first := 0
		for i, m := range s.Mutes {
			if m.UntilMs != 0 && (s.Mutes[first].UntilMs == 0 || m.UntilMs < s.Mutes[first].UntilMs) {
				first = i
			}
		}
		s.Mutes = slices.Delete(s.Mutes, first, first+1)
	}
	if n := len(s.Mutes) - toldMutes; n >= 0 {
		s.Mutes[n].Name, s.Mutes[n].Reason, s.Mutes[n].By = "", "", ""
	}
	s.Mutes = append(s.Mutes, &danmakuv1.Mute{
		Author: cmd.Author, Name: o.AuthorName, UntilMs: until(now, cmd.Seconds), Shadow: cmd.Shadow, Reason: cmd.Reason, By: o.By,
	})
	if cmd.Erase {
		s.Pins = slices.DeleteFunc(s.Pins, func(p *danmakuv1.Pin) bool { return p.Author == cmd.Author })
		eff.removed = append(eff.removed, &danmakuv1.Removed{Author: cmd.Author})
	}
	return eff
}

func muteText(cmd *danmakuv1.Silence) string {
	how := "for good"
	if cmd.Seconds > 0 {
		how = fmt.Sprintf("%d s", cmd.Seconds)
	}
	if cmd.Shadow {
		how += ", not told"
	}
	if cmd.Erase {
		how += ", erased"
	}
	return how
}

func remove(s *danmakuv1.ShowState, o *danmakuv1.Order, e *danmakuv1.ModerationEntry) effect {
	id := o.Delete.Comment
	e.Action, e.Comment = "Delete", id
	if o.Comment != nil {
		e.Author, e.About = o.Comment.Author, o.Comment.Name+": "+o.Comment.Text
	}
	s.Pins = slices.DeleteFunc(s.Pins, func(p *danmakuv1.Pin) bool { return p.Comment == id })
	s.SuperChats = slices.DeleteFunc(s.SuperChats, func(c *danmakuv1.SuperChat) bool {
		if c.Id == id {
			e.Author, e.About = c.Author, c.Name+": "+c.Text
		}
		return c.Id == id
	})
	return effect{removed: []*danmakuv1.Removed{{Comment: id}}}
}

func pin(s *danmakuv1.ShowState, o *danmakuv1.Order, now uint64, e *danmakuv1.ModerationEntry) {
	e.Action, e.Comment = "PinComment", o.Pin.Comment
	if o.Comment == nil {
		return // nobody knows it any more
	}
	e.Author, e.About = o.Comment.Author, o.Comment.Name+": "+o.Comment.Text
	s.Pins = slices.DeleteFunc(s.Pins, func(p *danmakuv1.Pin) bool { return p.Comment == o.Pin.Comment })
	if len(s.Pins) >= maxPins {
		s.Pins = slices.Delete(s.Pins, 0, 1)
	}
	s.Pins = append(s.Pins, &danmakuv1.Pin{
		Comment: o.Comment.Id, Author: o.Comment.Author, Name: o.Comment.Name, Text: o.Comment.Text, By: o.By, UntilMs: until(now, o.Pin.Seconds),
	})
}

func modesText(m *danmakuv1.SetModes) string {
	parts := []string{fmt.Sprintf("slow %d s", m.Slow)}
	for _, p := range []struct {
		on   bool
		name string
	}{
		{m.SlowAuto, "slow by viewers"}, {m.Followers, "followers"}, {m.Members, "members"},
		{m.Subscribers, "subscribers"}, {m.EmotesOnly, "emotes only"}, {m.Unique, "unique"},
	} {
		if p.on {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, ", ")
}

func openPoll(s *danmakuv1.ShowState, cmd *danmakuv1.OpenPoll, now uint64, e *danmakuv1.ModerationEntry) {
	e.Action, e.About = "OpenPoll", cmd.Question
	if len(s.Polls) >= maxPolls {
		dropPoll(s, s.Polls[0].Poll)
	}
	s.PollCount++
	s.Polls = append(s.Polls, &danmakuv1.Poll{Poll: s.PollCount, Question: cmd.Question, UntilMs: until(now, cmd.Seconds)})
	for i, choice := range cmd.Choices {
		s.Choices = append(s.Choices, &danmakuv1.Choice{Poll: s.PollCount, Choice: uint32(i + 1), Text: choice})
	}
}

func closePoll(s *danmakuv1.ShowState, cmd *danmakuv1.ClosePoll, e *danmakuv1.ModerationEntry) (eff effect) {
	e.Action = "ClosePoll"
	p := pollOf(s, cmd.Poll)
	if p == nil {
		return eff
	}
	e.About = p.Question
	if !p.Closed {
		closed := *p // the houses' copies stay as they are
		closed.Closed = true
		s.Polls[slices.Index(s.Polls, p)] = &closed
		eff.closed = &closed
	}
	if cmd.Remove {
		dropPoll(s, cmd.Poll)
	}
	return eff
}

// pollOf returns a poll, or nil.
func pollOf(s *danmakuv1.ShowState, poll uint32) *danmakuv1.Poll {
	for _, p := range s.Polls {
		if p.Poll == poll {
			return p
		}
	}
	return nil
}

func dropPoll(s *danmakuv1.ShowState, poll uint32) {
	s.Polls = slices.DeleteFunc(s.Polls, func(p *danmakuv1.Poll) bool { return p.Poll == poll })
	s.Choices = slices.DeleteFunc(s.Choices, func(c *danmakuv1.Choice) bool { return c.Poll == poll })
}

func blockWords(s *danmakuv1.ShowState, cmd *danmakuv1.BlockWords, e *danmakuv1.ModerationEntry) {
	s.Words = slices.DeleteFunc(s.Words, func(w string) bool { return slices.Contains(cmd.Remove, w) })
	for _, w := range cmd.Add {
		if len(s.Words) < maxBlocked && !slices.Contains(s.Words, w) {
			s.Words = append(s.Words, w)
		}
	}
	e.Action = "BlockWords"
	if len(cmd.Add) > 0 {
		e.About = "added " + strings.Join(cmd.Add, ", ")
	}
	if len(cmd.Remove) > 0 {
		e.About = strings.TrimSpace(e.About + " removed " + strings.Join(cmd.Remove, ", "))
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// expire takes out what has had its time, and returns whether there was anything, and which polls are
// closed by it.
func expire(s *danmakuv1.ShowState, now uint64) (changed bool, closed []*danmakuv1.Poll) {
	over := func(at uint64) bool { return at != 0 && at <= now }
	n := len(s.Pins) + len(s.SuperChats) + len(s.Mutes)
	s.Pins = slices.DeleteFunc(s.Pins, func(p *danmakuv1.Pin) bool { return over(p.UntilMs) })
	s.SuperChats = slices.DeleteFunc(s.SuperChats, func(c *danmakuv1.SuperChat) bool { return over(c.UntilMs) })
	s.Mutes = slices.DeleteFunc(s.Mutes, func(m *danmakuv1.Mute) bool { return over(m.UntilMs) })
	changed = n != len(s.Pins)+len(s.SuperChats)+len(s.Mutes)
	if s.Announcement != nil && over(s.Announcement.UntilMs) {
		s.Announcement, changed = nil, true
	}
	for i, p := range s.Polls {
		if !p.Closed && over(p.UntilMs) {
			after := *p
			after.Closed = true
			s.Polls[i], changed = &after, true
			closed = append(closed, &after)
		}
	}
	return changed, closed
}
