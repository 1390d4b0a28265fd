// Package gametest steps a game's room by hand, for tests of the game: without a server, a clock or
// a connection, and so always in the same way.
//
//	room := gametest.New(t, game.Kind(), nil)
//	ann := room.Join("Ann")
//	ann.Input(&tagv1.Move{Dx: 1})
//	room.Tick(20)
//	for _, runner := range gametest.Rows[tagv1.Runner](ann) { … }
//
// Its players are in the place of clients: each has what a client would hold, by the snapshots that
// a server would send it. So a test sees what a player sees, and not what the game keeps.
// Connections, tokens and matchmaking are no part of it; docs/testing-your-game.md has how a test
// runs a whole server.
package gametest
