package world

import "github.com/tickroom/tickroom/proto/schema"

// Rest gives back memory that the world needs for sending alone, and takes again when somebody is sent
// something. It is for servers, between two ticks, while nobody is connected.
func (w *World) Rest() {
	for _, c := range w.cores {
		c.delta.rest()
		c.full.rest()
		c.older = olderStores{}
	}
}

// rest gives the store's memory back, with all that is in it.
func (s *fragStore) rest() { s.recs, s.streams, s.exts, s.used = nil, schema.Streams{}, nil, 0 }
