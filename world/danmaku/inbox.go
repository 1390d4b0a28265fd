package danmaku

import (
	"fmt"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// Bounds of what backends post, as the schema has them.
const (
	maxPlayerID = 128
	maxCount    = 1_000_000
	maxValue    = 1_000_000_000_000
	maxCurrency = 8
	maxSuper    = 24 * 3600 // seconds that a super chat is pinned
)

// inbox is what backends may post.
func inbox() *world.Inbox {
	return &world.Inbox{
		Messages: []schema.Posted{new(danmakuv1.Gift), new(danmakuv1.PaidComment), new(danmakuv1.Words), new(danmakuv1.Order)},
		Check:    checkPost,
		Opens:    true,
	}
}

// checkPost returns what is wrong with what a backend posts to a topic, and the show that it is for.
func checkPost(topic string, m schema.Posted) (show string, err error) {
	name, ofShow := strings.CutPrefix(topic, topicGifts(""))
	if words, ok := m.(*danmakuv1.Words); ok {
		name, one := strings.CutPrefix(topic, topicWords+"/")
		if topic != topicWords && !(one && world.CheckShowName(name) == nil) {
			return "", fmt.Errorf("topic %q: lists of blocked words go to %s, or to %s/NAME for one show", topic, topicWords, topicWords)
		}
		return "", checkList(words) // it counts for a show that begins later, too
	}
	if !ofShow {
		return "", fmt.Errorf("topic %q: it goes to %s", topic, topicGifts("NAME"))
	}
	if err := world.CheckShowName(name); err != nil {
		return "", fmt.Errorf("topic: %w", err)
	}
	switch m := m.(type) {
	case *danmakuv1.Gift:
		err = checkGift(m)
	case *danmakuv1.PaidComment:
		err = checkPaidComment(m)
	case *danmakuv1.Order:
		err = checkBackendOrder(m)
	}
	return name, err
}

// firstOf returns the first error.
func firstOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkText checks a text of a backend: what can't be shown in it is left out, but it must not be too long.
func checkText(field, s string, most int) error {
	if n := text.Length(s); n > most || len(s) > 16*most {
		return fmt.Errorf("%s: it has %d characters; there can be %d", field, n, most)
	}
	return nil
}

func checkID(field, s string, most int) error {
	switch {
	case s == "":
		return fmt.Errorf("%s is missing", field)
	case len(s) > most:
		return fmt.Errorf("%s: it has %d bytes; there can be %d", field, len(s), most)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%s %q: it has control characters", field, s)
	}
	return nil
}

func checkNumber(field string, n, least, most uint64) error {
	if n < least || n > most {
		return fmt.Errorf("%s is %d; it must be from %d to %d", field, n, least, most)
	}
	return nil
}

func checkGift(m *danmakuv1.Gift) error {
	return firstOf(
		checkID("playerId", m.PlayerId, maxPlayerID),
		checkText("name", m.Name, maxName),
		checkID("gift", m.Gift, maxGiftID),
		checkText("title", m.Title, maxGiftName),
		checkNumber("count", uint64(m.Count), 1, maxCount),
		checkNumber("value", m.Value, 0, maxValue),
	)
}

func checkPaidComment(m *danmakuv1.PaidComment) error {
	return firstOf(
		checkID("playerId", m.PlayerId, maxPlayerID),
		checkText("name", m.Name, maxName),
		checkText("text", m.Text, maxSuperText),
		checkNumber("amount", m.Amount, 1, maxValue),
		checkID("currency", m.Currency, maxCurrency),
		checkNumber("value", m.Value, 0, maxValue),
		checkNumber("seconds", uint64(m.Seconds), 0, maxSuper),
	)
}

// checkBackendOrder checks what a backend wants to have done as a moderator could.
func checkBackendOrder(o *danmakuv1.Order) error {
	if n := wants(o); n != 1 {
		return fmt.Errorf("it says %d things; it must say one, such as announce or delete", n)
	}
	if err := checkOrder(o); err != nil {
		return err
	}
	var author uint64
	switch {
	case o.Silence != nil:
		author = o.Silence.Author
	case o.Unsilence != nil:
		author = o.Unsilence.Author
	case o.Delete != nil:
		return checkNumber("delete.comment", o.Delete.Comment, 1, 1<<64-1)
	case o.Unpin != nil:
		return checkNumber("unpin.comment", o.Unpin.Comment, 1, 1<<64-1)
	case o.Pin != nil && (o.Comment == nil || o.Comment.Id == 0 || o.Comment.Id != o.Pin.Comment):
		return fmt.Errorf("pin: the comment itself is to be there, too, in the field comment, with its id")
	default:
		return nil
	}
	if author == 0 && o.AuthorPlayerId == "" {
		return fmt.Errorf("authorPlayerId, or the author's number, is missing: who is it about?")
	}
	return nil
}

// wants returns how many things an order says.
func wants(o *danmakuv1.Order) (n int) {
	for _, is := range []bool{
		o.Silence != nil, o.Unsilence != nil, o.Delete != nil, o.Pin != nil, o.Unpin != nil, o.Modes != nil, o.Announce != nil,
		o.OpenPoll != nil, o.ClosePoll != nil, o.OpenLottery != nil, o.Draw != nil, o.Words != nil, o.Record != nil,
	} {
		if is {
			n++
		}
	}
	return n
}

// checkList checks a list of blocked words, or a part of one.
func checkList(m *danmakuv1.Words) error {
	switch {
	case m.Parts > maxListParts:
		return fmt.Errorf("parts is %d; there can be %d", m.Parts, maxListParts)
	case m.Parts == 0 && m.Part == 0, m.Part >= 1 && m.Part <= m.Parts:
		return nil
	}
	return fmt.Errorf("part is %d; it must be from 1 to parts, which is %d, or both 0", m.Part, m.Parts)
}
