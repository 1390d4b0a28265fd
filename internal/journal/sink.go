package journal

// Piece is a chunk that has not been encoded yet.
type Piece struct {
	Type Type
	// Tick is the newest that had been simulated when the chunk began, and Last the newest in it.
	Tick, Last uint32
	// Content is the chunk's message, encoded.
	Content []byte
}

// Sink takes the pieces of one room's journal, in order: a header first, unless it goes on with a journal that
// has one. Take is called by the room's goroutine, in its tick: it must not block, and keep nothing that it is
// given. What it can't keep is lost, with all that is behind it, and the sink is to know it: nobody goes on from a
// journal with a gap.
type Sink interface {
	Take(p Piece)
}
