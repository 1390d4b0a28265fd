package room

import "math"

// labelling is which labels of the room others know. The loop's goroutine has it.
type labelling struct {
	changes uint32 // as world.Room.Labels counts them, when they were handed on
	next    uint32 // the tick from which on they may be handed on again
}

// labelEvery is the least time between two times that labels are handed on, in seconds.
const labelEvery = 1

// Labels returns the room's labels, which must not be changed.
func (e *Engine) Labels() map[string]any {
	labels, _ := e.room.Labels()
	return labels
}

// noteLabels hands the labels on if they have changed. Several changes within labelEvery are
// handed on as one.
func (l *Loop) noteLabels() {
	labels, changes := l.engine.room.Labels()
	if changes == l.labels.changes || l.engine.tick < l.labels.next {
		return
	}
	l.labels = labelling{changes: changes, next: l.engine.tick + uint32(math.Ceil(labelEvery*l.engine.room.TickRate))}
	i := *l.info.Load()
	i.Labels = labels
	l.info.Store(&i)
	if l.cfg.Labels != nil {
		l.cfg.Labels(labels)
	}
}
