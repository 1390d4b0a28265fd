// Package server is the tickroom server: it takes connections, seats players in
// rooms, runs the rooms and tells operators how it is doing.
//
// A game of one's own is a few lines:
//
//	srv, err := server.New(config.Default())
//	if err != nil { ... }
//	srv.Register(mygame.Kind())
//	err = srv.Run(ctx)
//
// The pieces are in the packages below it: config, socket, room, metrics, admin.
// This one puts them together and takes them apart in the reverse order.
package server
