// Package service is tickroom.v1.MatchmakingService: what players call to get a seat
// in a room, with Connect, gRPC, gRPC-Web, or JSON over HTTP.
//
// It decides little by itself. It knows who calls (Identity), keeps anybody from
// asking too much (Limits), checks what was asked, and then reads and writes what the
// stores keep (package store): tickets, ratings, nodes, rooms. Matches are made
// elsewhere, by package queue, on the server that has the lease of the queue. So any
// number of servers may run the service over the same stores, and a client may ask another
// one each time.
//
// A seat is a signed promise (Seats). Rooms of matches are not there yet when their
// first seat is given: the node that the seat names makes the room when a player comes
// with it.
//
// # Errors
//
// Every call of a store has a second. A store that fails or does not answer is
// unavailable to the client, with a Retry-After; what went wrong is logged, and not
// told.
package service
