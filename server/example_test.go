package server_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// A server is told its kinds of rooms, and runs until its context ends.
func Example() {
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", "" // any port, nothing for operators
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Register(walkers.Kind()); err != nil { // or a game's own
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		<-srv.Ready()
		fmt.Println("clients connect to", server.Path)
		stop()
	}()
	fmt.Println(srv.Run(ctx))
	// Output:
	// clients connect to /ws
	// <nil>
}
