// Package link makes a line worse than it is, on purpose: as one to a telephone in a train,
// say. Like TCP it loses and reorders nothing; whatever goes wrong makes bytes late, and all that
// follow them.
//
// A [Lane] is the model of one direction: a passive object that says when bytes arrive that are sent
// at some time. It follows from a [Profile] and a seed alone, and TypeScript has the same
// (@tickroom/client/dev), held together by vectors. [Link.Conn] puts it on a connection, and [Proxy]
// between any client and any server.
package link
