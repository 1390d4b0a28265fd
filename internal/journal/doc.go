// Package journal makes all calls to a room's game, and tells a recorder of each before it is made.
//
// A game is told everything by calls that are made one at a time: it is made, players join and leave,
// their inputs and commands come, messages are handed over, a tick passes. Its random numbers are the
// world's, and its time is what the calls say. So the list of the calls, in order, is the room: whoever
// makes them again has the same room, tick by tick.
//
// A Caller is that list's only source: servers, tests and replays drive games through one. It is passive:
// it knows no clock, no socket and no goroutine.
package journal
