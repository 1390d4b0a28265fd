// Package server is the tickroom server: it takes connections, lets players into rooms,
// runs the rooms and shows operators how it is doing.
//
// A game of one's own is a few lines:
//
//	srv, err := server.New(config.Default())
//	if err != nil { ... }
//	srv.Register(mygame.Kind())
//	err = srv.Run(ctx)
//
// What a server can be told is in package config. This package makes its parts, connects
// them, runs them, and takes them apart in the reverse order; the parts are packages below
// internal, none of which knows this one:
//
//	socket       connections: the upgrade, and the messages of those that are let in
//	join         from a connection's first message to a room
//	auth         who a client is
//	seat         the signed right to a place in a room
//	limits       what an address and a player may take; bans
//	refusal      how somebody is turned away, and the log of that
//	registry     the rooms that run here
//	room         one room: its engine, the loop that drives it, its sessions
//	reporter     what the matchmaker is told of matches
//	node         this server's side of matchmaking
//	backend      what is kept in memory or in Redis
//	metrics      what is counted
//	admin        the operator's address; operator, the rooms and players behind it
//	status       the public page of numbers
//	certificate  TLS files that change under a running server
//	workqueue    work that a room must not wait for
package server
