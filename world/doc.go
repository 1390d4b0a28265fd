// Package world holds what a room simulates and what its clients may see of it:
// entities, tables of component rows, interest groups, spatial views, events.
//
// Game code changes plain Go structs. At the end of a tick [World.Commit]
// compares each row, quantised, with what it was, stamps every changed field
// with the tick, and encodes each change once. What a client lacks since any
// earlier tick is then a matter of reading stamps, and of copying bytes that are
// shared by all clients that lack the same.
//
// The package has no goroutine, no clock and no I/O: time is the tick number. A
// World belongs to one goroutine, except that between Commit and the next change
// any number of goroutines may read it through Scratches of their own
// ([Interest.AppendSince], [Interest.Hash]).
package world
