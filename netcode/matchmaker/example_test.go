package matchmaker_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// serve runs a server with a mode of two against each other.
func serve(ctx context.Context) (url string, ended <-chan struct{}) {
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
	modes, err := mode.Parse("modes.yaml", []byte("modes: {duel: {room: {kind: walkers}}}"))
	if err != nil {
		panic(err)
	}
	cfg.Modes = modes
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err == nil {
		err = srv.Register(walkers.Kind())
	}
	if err != nil {
		panic(err)
	}
	end := make(chan struct{})
	go func() {
		defer close(end)
		if err := srv.Run(ctx); err != nil {
			fmt.Println(err)
		}
	}()
	<-srv.Ready()
	return "http://" + srv.Addr().String(), end
}

// Two players wait for a match and join its room.
func ExampleClient_FindMatch() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	url, ended := serve(ctx)
	defer func() { cancel(); <-ended }()

	rooms := make([]string, 2)
	var wg sync.WaitGroup
	for i := range rooms {
		wg.Go(func() {
			m, err := matchmaker.New(url, matchmaker.Options{}) // without a token a guest
			if err != nil {
				fmt.Println(err)
				return
			}
			a, err := m.FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: "duel"}, nil)
			if err != nil {
				fmt.Println(err)
				return
			}
			c, err := m.Dial(ctx, a, client.Options{Config: client.Config{Schema: walkersv1.Schema}})
			if err != nil {
				fmt.Println(err)
				return
			}
			defer c.Close(client.CloseNormal, "")
			rooms[i] = c.Welcome().GetRoom()
		})
	}
	wg.Wait()
	fmt.Println("they are in the same room:", rooms[0] != "" && rooms[0] == rooms[1])
	// Output: they are in the same room: true
}
