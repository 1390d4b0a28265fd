package danmaku

import (
	"errors"
	"fmt"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world/danmaku/internal/words"
)

// Bounds of what moderators say, as the schema has them: in characters, and in numbers.
const (
	maxReason       = 100
	maxAnnouncement = 200
	maxQuestion     = 100
	maxChoice       = 50
	maxPrize        = 50
	maxLotteryWord  = 20
	maxBlocked      = 500
	maxBlockedWord  = 50
	maxSlow         = 600             // seconds
	maxSeconds      = 366 * 24 * 3600 // of whatever ends
)

// checkOrder puts what an order says in the form in which it is kept. The error is fit for moderators.
func checkOrder(o *danmakuv1.Order) error {
	var err error
	line := func(s *string, what string, most int, mayBeEmpty bool) {
		if *s = strings.TrimSpace(*s); err != nil || *s == "" && mayBeEmpty {
			return
		}
		*s, err = text.Line(what, *s, most)
	}
	seconds := func(s uint32) {
		if err == nil && s > maxSeconds {
			err = fmt.Errorf("%d seconds; at most %d are allowed", s, maxSeconds)
		}
	}
	switch {
	case o.Silence != nil:
		seconds(o.Silence.Seconds)
		line(&o.Silence.Reason, "reason", maxReason, true)
	case o.Pin != nil:
		seconds(o.Pin.Seconds)
	case o.Modes != nil:
		if o.Modes.Slow > maxSlow {
			err = fmt.Errorf("a slow mode of %d seconds; it may have at most %d", o.Modes.Slow, maxSlow)
		}
	case o.Announce != nil:
		seconds(o.Announce.Seconds)
		line(&o.Announce.Text, "announcement", maxAnnouncement, true)
	case o.OpenPoll != nil:
		seconds(o.OpenPoll.Seconds)
		line(&o.OpenPoll.Question, "question", maxQuestion, false)
		if n := len(o.OpenPoll.Choices); err == nil && (n < 2 || n > 6) {
			err = fmt.Errorf("%d choices; a poll has 2 to 6", n)
		}
		for i := range o.OpenPoll.Choices {
			line(&o.OpenPoll.Choices[i], "choice", maxChoice, false)
		}
	case o.OpenLottery != nil:
		seconds(o.OpenLottery.Seconds)
		line(&o.OpenLottery.Word, "word", maxLotteryWord, false)
		line(&o.OpenLottery.Prize, "prize", maxPrize, true)
		if n := o.OpenLottery.Places; err == nil && (n < 1 || n > 20) {
			err = fmt.Errorf("%d winners; a lottery has 1 to 20", n)
		}
	case o.Words != nil:
		err = checkWords(o.Words)
	case o.Unsilence != nil, o.Delete != nil, o.Unpin != nil, o.ClosePoll != nil, o.Draw != nil, o.Record != nil:
	default:
		err = errors.New("the order says nothing")
	}
	return err
}

func checkWords(cmd *danmakuv1.BlockWords) error {
	if n := len(cmd.Add) + len(cmd.Remove); n == 0 || n > maxBlocked {
		return fmt.Errorf("%d words; 1 to %d may be changed at once", n, maxBlocked)
	}
	for i, w := range cmd.Add {
		line, err := text.Line("word", strings.TrimSpace(w), maxBlockedWord)
		if err != nil {
			return err
		}
		// One letter by itself would block half of what is said.
		if n := text.Length(string(words.Normalise(strings.Trim(line, "*")).Key())); n < 2 {
			return fmt.Errorf("the word %q has %d letters once it is normalised; it must have 2 or more", line, n)
		}
		cmd.Add[i] = line
	}
	return nil
}
