package world

import "github.com/tickroom/tickroom/proto/schema"

// AppendTableHashes appends the state hash of all rows of each table as committed, in the order in which
// the tables were made. Their sum (schema.AddHash) is Hash.
func (w *World) AppendTableHashes(b []uint64) []uint64 {
	w.hashRows()
	for _, c := range w.cores {
		var sum uint64
		for slot, e := range c.ent {
			if e != 0 {
				sum = schema.AddHash(sum, c.hash[slot])
			}
		}
		b = append(b, sum)
	}
	return b
}

// AppendRandom appends the state of the random numbers: two worlds that have drawn the same ones have
// the same.
func (w *World) AppendRandom(b []byte) []byte {
	b, _ = w.pcg.AppendBinary(b) // its error is always nil
	return b
}
