package room

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// What comes to a room from outside, by its Line and from work beside it, is handed to the game at
// the beginning of a tick; what the room posts leaves at its end.

// Told is what a room tells backends, in one tick.
type Told struct {
	Room, Kind string
	Tick       uint32
	Now        int64        // µs since 1970
	Messages   []world.Post // without topics; the receiver's
}

// mail is what is handed to the game in the next tick.
type mail struct {
	outcomes []world.Outcome
	arrived  []bus.Arrival
	shown    showNews
}

func (m *mail) empty() bool { return m.outcomes == nil && m.arrived == nil && !m.shown.news }

// handOver hands to the game what has come.
func (e *Engine) handOver(counts *metrics.Counts) {
	outcomes, arrived, shown := e.mail.outcomes, e.mail.arrived, e.mail.shown
	e.mail = mail{}
	if shown.news {
		e.turned(shown)
	}
	for i := range outcomes {
		if err := e.room.HandleOutcome(&outcomes[i]); err != nil {
			e.log.Error("the result of work beside the room can't be read", "error", err)
		}
	}
	var from world.Posting
	for i := range arrived {
		switch a := &arrived[i]; {
		case a.Message != nil:
			from = world.Posting{Topic: a.Topic, From: a.Message.From, Number: a.Message.Number, Type: a.Message.Type, Key: a.Message.Key, At: a.Message.At}
			if a.Player != "" {
				if from.Player = e.player(a.Player); from.Player == nil {
					continue // it has left
				}
			}
			e.handMessage(&from, a.Message, counts)
		default:
			if a.Missed {
				counts[metrics.BusMissed]++
				e.log.Warn("the room has missed messages: the bus does not keep them any more", "topic", a.Topic)
			}
			e.carries(a)
		}
	}
}

func (e *Engine) handMessage(from *world.Posting, m *bus.Message, counts *metrics.Counts) {
	handed, err := e.room.HandleMessage(from, m.ID, m.Data)
	switch {
	case err != nil:
		counts[metrics.BusRefused]++
		level := slog.LevelWarn
		if errors.Is(err, world.ErrUnknownMessage) {
			level = slog.LevelDebug // it may be for others who listen
		}
		e.log.Log(context.Background(), level, "a message is passed over", "topic", m.Topic, "from", m.From, "number", m.Number, "message", m.ID, "error", err)
	case handed:
		counts[metrics.BusHanded]++
	default:
		counts[metrics.BusRepeated]++
	}
}

// player returns the player with an id, rather one who plays; nil: it is not in the room.
func (e *Engine) player(id string) *world.Player {
	for p := range e.players {
		if c := e.players[p][id]; c != nil {
			return c.player
		}
	}
	return nil
}

// tune has the room's line listen to what the game does.
func (l *Loop) tune() {
	topics, tuned := l.engine.room.Topics()
	if l.engine.epoch > 1 && !l.tunedOnce {
		topics, tuned = l.engine.room.TopicsAgain()
	}
	if l.tuned, l.tunedOnce = tuned, true; l.cfg.Line != nil {
		l.cfg.Line.Tune(topics)
	}
}

// fetch takes what has come for the next tick.
func (l *Loop) fetch() {
	if line := l.cfg.Line; line != nil && line.Waiting() {
		l.engine.mail.arrived = append(l.engine.mail.arrived, line.Take()...)
	}
}

// dispatch sends what the game has posted and told, has its work begun, and listens to what it
// listens to by now.
func (l *Loop) dispatch() {
	r := l.engine.room.Room
	if r.Retuned() != l.tuned {
		l.tune()
	}
	if posts := r.TakePosts(); posts != nil {
		l.stats.Counts[metrics.BusPosted] += len(posts)
		if l.cfg.Line != nil {
			lost := l.cfg.Line.Send(posts)
			l.stats.Counts[metrics.BusLost] += lost
			if lost > 0 && !l.losing {
				l.log.Error("messages of the room are lost: too many wait to be posted", "lost", lost)
			}
			l.losing = lost > 0 // it is told once
		}
	}
	if n := r.Unposted(); n != l.unposted {
		l.stats.Counts[metrics.BusLost] += int(n - l.unposted)
		l.unposted = n
	}
	if told := r.TakeTold(); told != nil && l.cfg.Told != nil {
		l.cfg.Told(Told{Room: l.engine.id, Kind: l.engine.kind.Name, Tick: l.engine.tick, Now: r.Now(), Messages: told})
	}
	for _, job := range r.TakeJobs() {
		l.runJob(&job)
	}
}

// runJob has work done beside the room; its outcome comes with a later tick.
func (l *Loop) runJob(job *world.Job) {
	done := func(o world.Outcome) {
		l.inbox.mu.Lock()
		if !l.inbox.closed {
			l.inbox.outcomes = append(l.inbox.outcomes, o)
		}
		l.inbox.mu.Unlock()
		l.inbox.rouse()
	}
	if l.cfg.Async == nil {
		done(world.Outcome{Job: job.ID, Err: "this server does no work beside rooms"})
		return
	}
	l.cfg.Async.Run(l.life, l.engine.id, job, done)
}

// joined has the room hear the topic of a player who has come in.
func (l *Loop) joined(p *world.Player) {
	if l.cfg.Line != nil && l.engine.room.TakesMessages() {
		l.cfg.Line.Join(p.PlayerID)
	}
	if l.cfg.Joined != nil {
		l.cfg.Joined(p)
	}
}

// left undoes joined.
func (l *Loop) left(p *world.Player) {
	if l.cfg.Line != nil {
		l.cfg.Line.Leave(p.PlayerID)
	}
	if l.cfg.Left != nil {
		l.cfg.Left(p)
	}
}

// scheduled returns for when the first of the ticks was meant that are due, in µs since 1970, and
// a tick's length.
func (l *Loop) scheduled(due int, late time.Duration, now time.Time) (first, dt int64) {
	dt = l.dt.Microseconds()
	return now.UnixMicro() - (late % l.dt).Microseconds() - int64(due-1)*dt, dt
}

// heard tells the game when what was read has come: after the clients were read before, which was begun
// when that is noted here, and until now.
func (l *Loop) heard(began int64) {
	since := l.looked
	if since == 0 {
		since = began
	}
	l.engine.room.SetHeard(since, max(began, time.Now().UnixMicro()))
	l.looked = began
}
