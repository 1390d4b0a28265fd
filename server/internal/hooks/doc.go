// Package hooks tells backends what happens in rooms: as webhooks, and as a stream in Redis.
//
// A room hands in events, and never waits: they go into a buffer, from which one goroutine moves
// them to a Store, where they wait as letters for each of the webhooks. Of each webhook one server
// of those that share the store is the sender: it sends the letters of a room one after the
// other, those of several rooms at once, again and again until they are answered, and puts those
// that nobody wants among the dead letters.
//
//	hooks.go   the Hooks of a server, put together
//	room.go    what a room hands in
//	buffer.go  where that waits in memory
//	letter.go  an event as it is kept and sent
//	store.go   what keeps letters; memory.go, one in memory
//	lanes.go   which letter is sent when
//	sender.go  the goroutine that sends those of one webhook
//	post.go    the request that carries one
//
// An event comes at least once, unless a bound is reached, which is counted: its id tells that it
// comes again.
package hooks
