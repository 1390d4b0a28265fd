package room

import (
	"time"

	"github.com/tickroom/tickroom/server/internal/socket"
)

// A room in which nobody is connected sleeps, if its world may: no tick is simulated, and nothing of
// it runs. Tick numbers go on without a gap when it wakes. It does for whatever comes from outside (a
// joiner, an operator, a message of the bus), and when a session is to end that is held, which is
// counted by the clock: for each of them there is a tick, at a time that was the room's for a tick
// anyway, and if nobody is connected then it sleeps again.

const (
	// An empty room that has lingered asks whether it may end after soonest, then at longer and longer
	// intervals up to latest.
	soonest, latest = 20 * time.Millisecond, time.Second
)

// maySleep reports whether the room may sleep now: nobody is connected, and the game waits for nothing.
func (l *Loop) maySleep() bool {
	e := l.engine
	return e.room.Sleeps && len(e.clients) == 0 && e.mail.empty() && e.room.Running() == 0
}

// sleep waits until the room has something to do; the tick that comes next was due at next. It returns
// when that is due now, or what to tell the clients if the room is over.
func (l *Loop) sleep(timer *time.Timer, next time.Time) (time.Time, *socket.CloseError) {
	l.inbox.asleep.Store(true)
	defer l.inbox.asleep.Store(false)
	if l.called() {
		return next, nil // since nobody wakes a room that is awake
	}
	l.noteAsleep(true)
	defer l.noteAsleep(false)
	l.engine.rest()
	again := soonest
	for until := l.alarm(next); ; {
		timer.Reset(time.Until(until))
		select {
		case <-timer.C:
		case <-l.inbox.wake:
			return l.awake(next), l.inbox.stopAsked()
		}
		switch {
		case len(l.engine.held) > 0:
			return l.awake(next), nil
		case l.cfg.CloseEmpty():
			return next, errRoomEnded
		}
		until, again = time.Now().Add(again), min(2*again, latest)
	}
}

// alarm returns when a room that sleeps has something to do by itself: the first of the sessions ends
// that are held, or, if there is none, the room, since it has lingered.
func (l *Loop) alarm(next time.Time) time.Time {
	e := l.engine
	if len(e.held) == 0 {
		return l.emptySince.Add(l.cfg.EmptyRoomLinger)
	}
	first := e.held[0].holdUntil
	for _, c := range e.held {
		first = min(first, c.holdUntil)
	}
	// The tick that is simulated then counts, too.
	return next.Add(time.Duration(int64(first)-int64(e.clock())-1) * l.dt)
}

// awake returns when the next tick is due of a room that slept, and notes how many were left out.
func (l *Loop) awake(next time.Time) time.Time {
	late := time.Since(next)
	if late <= 0 {
		return next
	}
	missed := int64((late + l.dt - 1) / l.dt)
	l.engine.slept += uint32(missed)
	next = next.Add(time.Duration(missed * int64(l.dt)))
	l.looked = next.Add(-l.dt).UnixMicro() // whoever has woken it has said nothing before
	return next
}

// called reports whether something has come for the room.
func (l *Loop) called() bool {
	if l.inbox.some() {
		return true
	}
	return l.cfg.Line != nil && l.cfg.Line.Waiting()
}

// rest gives memory back that the room does not need while it sleeps.
func (e *Engine) rest() {
	e.reply = nil
	if w := e.recording.writer; w != nil {
		w.Flush() // it may be long until more comes
	}
	if len(e.clients) == 0 {
		e.clients = nil
	}
	e.room.Rest()
}
