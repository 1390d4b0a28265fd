package room

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// inbox is what others want of a loop, until its next tick.
type inbox struct {
	wake   chan struct{} // holds one: that the loop is to look at stop, or that it sleeps and something has come
	expel  atomic.Bool   // somebody was banned
	asleep atomic.Bool   // the loop waits for wake, and not for its next tick

	mu       sync.Mutex
	closed   bool            // the room has ended: nothing is taken any more
	joiners  []joiner        // bounded by the room's places, which are reserved before, and the connections that resume
	renewed  []renewed       // no more than one for each session
	tasks    []task          // no more than there are callers of Do
	outcomes []world.Outcome // no more than there is work under way
	shown    showNews        // of a house
	stop     *socket.CloseError
	suspend  bool // the room is to go on when the server is started again, if it can
}

// joiner is a Joiner with its connection.
type joiner struct {
	conn socket.Conn
	Joiner
}

// renewed is the outcome of a token's check.
type renewed struct {
	client *Client
	id     identity.Identity
	err    error
}

// task is something to be done between two ticks.
type task struct {
	fn   func(*Engine)
	done chan struct{}
}

// ErrEnded is returned for a room that has ended.
var ErrEnded = errors.New("room: it has ended")

// Admit hands a joiner to the room, which lets it in, or turns it away, with its next tick;
// see Engine.Admit. The loop owns the connection from then on. If the room has ended the
// joiner is turned away.
func (l *Loop) Admit(conn socket.Conn, j Joiner) {
	l.inbox.mu.Lock()
	if l.inbox.closed {
		l.inbox.mu.Unlock()
		l.turnAway(conn, &j, errRoomEnded)
		return
	}
	l.inbox.joiners = append(l.inbox.joiners, joiner{conn, j})
	l.inbox.mu.Unlock()
	l.inbox.rouse()
}

// Do runs fn before the room's next tick, by the room's goroutine, and waits for it. The
// error is ErrEnded or that of ctx; then fn may have run, or will not any more if the
// room has ended.
func (l *Loop) Do(ctx context.Context, fn func(*Engine)) error {
	t := task{fn, make(chan struct{})}
	l.inbox.mu.Lock()
	if l.inbox.closed {
		l.inbox.mu.Unlock()
		return ErrEnded
	}
	l.inbox.tasks = append(l.inbox.tasks, t)
	l.inbox.mu.Unlock()
	l.inbox.rouse()
	select {
	case <-t.done:
		return nil
	case <-l.stopped:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Expel makes the room ask, with its next tick, which of its players are banned.
func (l *Loop) Expel() {
	l.inbox.expel.Store(true)
	l.inbox.rouse()
}

// Stop asks the room to end: its clients are closed with the code. It may be
// called more than once; the first call counts.
func (l *Loop) Stop(code int, reason string) {
	l.inbox.mu.Lock()
	if l.inbox.stop == nil {
		l.inbox.stop = &socket.CloseError{Code: code, Reason: reason}
	}
	l.inbox.mu.Unlock()
	l.inbox.call()
}

// Suspend asks the room to end as Stop does, but so that it goes on when the server is started again, with all who
// are in it, if it is kept.
func (l *Loop) Suspend(code int, reason string) {
	l.inbox.mu.Lock()
	l.inbox.suspend = l.inbox.stop == nil
	l.inbox.mu.Unlock()
	l.Stop(code, reason)
}

// call wakes the loop.
func (b *inbox) call() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// rouse wakes the loop if it sleeps, after something was put into the inbox. A loop that is about to
// sleep says so before it looks whether there is something.
func (b *inbox) rouse() {
	if b.asleep.Load() {
		b.call()
	}
}

// some reports whether there is something for the next tick.
func (b *inbox) some() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.joiners)+len(b.renewed)+len(b.tasks)+len(b.outcomes) > 0 || b.shown.news || b.stop != nil || b.expel.Load()
}

// stopAsked returns what the room is asked to end with, or nil.
func (b *inbox) stopAsked() *socket.CloseError {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stop
}

// close makes the inbox take nothing any more, and returns the joiners who wait, and whether the room is to go on
// when the server is started again.
func (b *inbox) close() (waiting []joiner, suspended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	waiting = b.joiners
	b.joiners = nil
	return waiting, b.suspend
}

// takeIn does what has come since the last tick.
func (l *Loop) takeIn() {
	l.inbox.mu.Lock()
	joiners, done, tasks := l.inbox.joiners, l.inbox.renewed, l.inbox.tasks
	l.engine.mail.outcomes = append(l.engine.mail.outcomes, l.inbox.outcomes...)
	l.engine.mail.shown = l.inbox.shown
	l.inbox.joiners, l.inbox.renewed, l.inbox.tasks, l.inbox.outcomes, l.inbox.shown = nil, nil, nil, nil, showNews{}
	l.inbox.mu.Unlock()
	for i := range joiners {
		l.admit(joiners[i].conn, &joiners[i].Joiner)
	}
	for _, n := range done {
		l.engine.Renewed(n.client, n.id, n.err)
	}
	for _, t := range tasks {
		t.fn(l.engine)
		close(t.done)
	}
	if l.inbox.expel.Swap(false) {
		l.engine.Expel()
	}
}

// admit lets a joiner in, or turns it away.
func (l *Loop) admit(conn socket.Conn, j *Joiner) {
	a, err := l.engine.Admit(conn, j)
	if j.Reservation.Name != "" && (err == nil || j.Hello.GetResume() == "") { // else the seat is shown again
		l.settled = append(l.settled, j.Reservation)
	}
	if a.Ended != nil {
		l.displaced(&a, j.Back && err == nil)
	}
	switch {
	case err != nil && l.elsewhere(conn, j, err):
	case err != nil:
		l.turnAway(conn, j, asClose(err))
	case a.Session:
		l.own.Resumed(a.Away)
		if j.Reserved() {
			l.cfg.PlaceFree() // the session has its place already
		}
	default:
		l.own.Joined()
		l.joined(a.Client.player)
	}
}

// displaced notes that the session of a joiner's player has ended for the joiner's, which
// keeps its place if it has none of its own.
func (l *Loop) displaced(a *Admission, keeps bool) {
	if a.WasAway {
		l.own.Expired()
	} else {
		l.own.Left(closecode.TakenOver)
	}
	l.left(a.Ended.player)
	if !keeps {
		l.cfg.PlaceFree()
	}
}

// elsewhere hands on a joiner who is turned away here, and may find a place in another room.
// Its place here is free again.
func (l *Loop) elsewhere(conn socket.Conn, j *Joiner, err error) bool {
	gone := j.Back && errors.Is(err, errSessionGone)
	if l.cfg.Elsewhere == nil || !gone && !lacksPlace(err) || !l.cfg.Elsewhere(conn, *j, asClose(err)) {
		return false
	}
	if j.Reserved() {
		l.cfg.PlaceFree()
	}
	return true
}

// turnAway closes the connection of a joiner, frees its place and gives back its seat.
func (l *Loop) turnAway(conn socket.Conn, j *Joiner, why *socket.CloseError) {
	if l.cfg.Refused != nil {
		l.cfg.Refused(j, why)
	}
	j.TurnedAway()
	conn.Close(why.Code, why.Reason)
	if j.Reserved() {
		l.cfg.PlaceFree()
	}
}

// renew has the tokens checked that have come.
func (l *Loop) renew() {
	l.engine.Renewals(func(c *Client, token identity.Token, session identity.Identity) bool {
		return l.cfg.Renew != nil && l.cfg.Renew(token, session, func(id identity.Identity, err error) {
			l.inbox.mu.Lock()
			defer l.inbox.mu.Unlock()
			if !l.inbox.closed {
				l.inbox.renewed = append(l.inbox.renewed, renewed{c, id, err})
			}
		})
	})
}
