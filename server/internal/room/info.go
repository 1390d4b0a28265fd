package room

import "time"

// Info is how a room is doing.
type Info struct {
	ID, Kind   string
	Clients    int // with a connection
	Spectators int // those of the Clients who only watch
	Held       int // sessions held for clients without a connection
	// Asleep is true while nobody is connected and the room's world stands still.
	Asleep   bool
	Places   Places
	Tick     uint32
	TickRate float64
	Entities int
	// TickTime is the mean time that a tick takes, over about the last hundred.
	TickTime time.Duration
	Created  time.Time
	// Durable says how the room goes on after the end of its server, Epoch how often it has, and 1.
	Durable Durability
	Epoch   uint64
	// Labels are what the game says of the room, as of the last second or so. They are not
	// to be changed.
	Labels map[string]any
}

// Info returns the state of the room as of its last tick or so.
func (l *Loop) Info() Info { return *l.info.Load() }

// noteClients updates how many clients there are, and places for them. In a tick it comes
// first, so that Info tells of a client before the client hears that it is in.
func (l *Loop) noteClients() {
	old := l.info.Load()
	places := l.engine.Places()
	if old.Clients == len(l.engine.clients) && old.Held == len(l.engine.held) && old.Places == places && len(l.settled) == 0 {
		return
	}
	i := *old
	i.Clients, i.Held, i.Spectators, i.Places = len(l.engine.clients), len(l.engine.held), l.engine.Spectators(), places
	l.info.Store(&i)
	if l.cfg.Places != nil && (old.Places != places || len(l.settled) > 0) {
		l.cfg.Places(places, l.settled)
	}
	l.settled = l.settled[:0]
}

// noteTick updates the rest, now and then.
func (l *Loop) noteTick(took time.Duration) {
	l.noteClients()
	l.noteLabels()
	if l.engine.tick%16 != 0 {
		return
	}
	i := *l.info.Load()
	i.Tick, i.Entities, i.Spectators = l.engine.tick, l.engine.room.Entities(), l.engine.Spectators()
	i.TickTime += (took - i.TickTime) / 8
	i.Durable = l.engine.Durable()
	l.info.Store(&i)
}

// noteAsleep notes that the room sleeps, or does not any more.
func (l *Loop) noteAsleep(asleep bool) {
	i := *l.info.Load()
	i.Asleep, i.Tick, i.Entities = asleep, l.engine.tick, l.engine.room.Entities()
	l.info.Store(&i)
	l.own.Asleep(asleep)
}
