package bots

import (
	"errors"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/proto/gen/closecode"
)

const (
	firstReturn = 100 * time.Millisecond // about so long before a bot tries to come back
	maxReturn   = 2 * time.Second        // most between two tries
	maxAway     = 30 * time.Second       // after that a bot joins anew
	// elsewhereAfter is how long a bot that came via matchmaking tries to reach the server
	// of its session before it asks for another seat.
	elsewhereAfter = time.Second
)

// cut breaks a bot's connection without a word, as a phone in a tunnel does. The bot comes
// back into its session.
func (l *loop) cut(b *bot, now time.Duration) {
	l.cuts++
	d := l.sw.cfg.CutMax - l.sw.cfg.CutMin
	after := l.sw.cfg.CutMin
	if d > 0 {
		after += time.Duration(b.rnd.Int64N(int64(d)))
	}
	l.away(b, now, after)
}

// away takes a bot's connection from it, if there is one, and has it come back into its
// session after a time.
func (l *loop) away(b *bot, now, after time.Duration) {
	if b.s.DesyncPending() {
		l.sw.note(b, &client.Desync{Tick: b.s.Tick()})
	}
	if !b.returning {
		b.returning, b.lostAt, b.tries = true, now, 0
		if b.returner != nil {
			b.returner.Lost(now)
		}
	}
	l.unlink(b)
	b.s.Lost()
	b.state, b.welcomed = away, false
	b.part, b.message, b.inMessage, b.unsent = b.part[:0], b.message[:0], false, b.unsent[:0]
	l.schedule(b, now+after)
}

// returns reports whether a bot's connection that ended with an error, or could not be made,
// is one that the bot comes back after; then it is seen to.
func (l *loop) returns(b *bot, err error, now time.Duration) bool {
	if b.state == leaving || l.sw.phase.Load() == phaseLeave || !b.returning && !l.sw.cfg.Reconnect {
		return false
	}
	code, known := lossOf(err)
	if !known {
		return false
	}
	rule := closecode.For(int(code))
	if !l.sw.cfg.Reconnect && !(rule.KeepsSession && comesBack(rule.Advice)) {
		return false // it was cut off by itself, and its session must be there
	}
	if b.linked {
		l.losses++
	}
	b.tries++
	pause := min(firstReturn<<min(b.tries-1, 10), maxReturn)
	pause = pause/2 + time.Duration(b.rnd.Int64N(int64(pause)))
	pause = max(pause, rule.Wait)
	switch {
	case rule.Advice == closecode.StayAway:
		return false
	case b.s == nil: // it could not join
		l.back(b, now+pause)
	case b.s.Welcome() != nil && rule.KeepsSession && comesBack(rule.Advice) && !l.givesUp(b, now):
		l.away(b, now, pause)
	default: // the session, or what it is in, is gone
		if b.s.DesyncPending() {
			l.sw.note(b, &client.Desync{Tick: b.s.Tick()})
		}
		if !b.returning {
			b.lostAt = now
		}
		l.drop(b)
		l.back(b, now+pause)
	}
	return true
}

// givesUp reports whether a bot has tried to come back for long enough.
func (l *loop) givesUp(b *bot, now time.Duration) bool {
	if !b.returning {
		return false
	}
	limit := maxAway
	if l.sw.seeker != nil || len(l.sw.urls) > 1 {
		limit = elsewhereAfter
	}
	return l.sw.cfg.Reconnect && now-b.lostAt > limit
}

func comesBack(a closecode.Advice) bool {
	return a == closecode.ComeBack || a == closecode.ComeBackLater
}

// lossOf returns the close code of an error that is about a connection; false: it is about
// something else.
func lossOf(err error) (uint16, bool) {
	var ce *client.CloseError
	if errors.As(err, &ce) {
		return ce.Code, true
	}
	var dialling *dialError
	if errors.As(err, &dialling) || errors.Is(err, errSilence) {
		return client.CloseLost, true
	}
	return 0, false
}

// dialError is the error of a connection that could not be made.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }
