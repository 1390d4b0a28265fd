package client

import (
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/schema"
)

// OnEvent has fn called for each event of type E, after the tables of its frame have
// been applied. tick is the one that it happened in. The event is good during
// the call only. It must be set before the first Receive.
func OnEvent[E any, P interface {
	*E
	schema.Event
}](s *Session, fn func(ev *E, tick uint32)) {
	ev := new(E)
	id, _ := P(ev).EventID()
	s.events[id] = func(raw replica.Event, tick uint32) error {
		if err := P(ev).UnmarshalProto(raw.Data); err != nil {
			return err
		}
		fn(ev, tick)
		return nil
	}
}

// OnRawEvent is OnEvent for programs without generated code. data is good during
// the call only.
func (s *Session) OnRawEvent(id uint32, fn func(data []byte, tick uint32)) {
	s.events[id] = func(raw replica.Event, tick uint32) error {
		fn(raw.Data, tick)
		return nil
	}
}
