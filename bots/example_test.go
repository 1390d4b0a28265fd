package bots_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/internal/kinds"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// Bots play against a server, and check that each of them holds what it should.
func ExampleRun() {
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err == nil {
		err = srv.Register(walkers.Kind())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Run(ctx); err != nil {
			fmt.Println(err)
		}
	}()
	defer func() { cancel(); <-ended }()
	<-srv.Ready()

	report, err := bots.Run(ctx, bots.Config{
		Server: "http://" + srv.Addr().String(), Kinds: kinds.Bots(), Kind: "walkers",
		Clients: 10, Duration: time.Second, Rate: 20, HashEvery: 2,
	})
	fmt.Println(err, report.Joined, "joined,", report.Desyncs, "desyncs")
	// Output: <nil> 10 joined, 0 desyncs
}
