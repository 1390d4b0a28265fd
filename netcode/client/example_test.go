package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// serve runs a server with rooms of walkers.
func serve(ctx context.Context) (url string, ended <-chan struct{}) {
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
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

// A client joins a room of a kind and is told of what appears there.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	url, ended := serve(ctx)
	defer func() { cancel(); <-ended }()

	seen := make(chan uint32, 16)
	c, err := client.Dial(ctx, url, client.Options{
		Config: client.Config{Kind: "walkers", Name: "Ann", Schema: walkersv1.Schema},
		OnWelcome: func(r *replica.Replica) {
			replica.OnAdd(r, func(_ uint32, w *walkersv1.Walker) { seen <- w.Player })
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(client.CloseNormal, "")
	fmt.Println("joined a room of", c.Welcome().GetKind())
	fmt.Println("the walker that appears is one's own:", <-seen == c.Welcome().GetPlayer())
	// Output:
	// joined a room of walkers
	// the walker that appears is one's own: true
}

// A command is answered by the game.
func ExampleCall() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	url, ended := serve(ctx)
	defer func() { cancel(); <-ended }()

	c, err := client.Dial(ctx, url, client.Options{Config: client.Config{Kind: "walkers", Schema: walkersv1.Schema}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(client.CloseNormal, "")
	_, err = client.Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{Text: "hello"})
	fmt.Println(err)
	_, err = client.Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{})
	fmt.Println(err)
	// Output:
	// <nil>
	// client: the command was refused: the text is empty
}
