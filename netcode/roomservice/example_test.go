package roomservice_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode/roomservice"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// stage is a game that prints the gifts that it is sent.
type stage struct{}

func (stage) Join(*world.Player, []byte) error { return nil }
func (stage) Leave(*world.Player)              {}
func (stage) Tick()                            {}

func newStage(r *world.Room) (world.Game, error) {
	world.OnMessage(r, func(_ *world.Posting, g *danmakuv1.Gift) { fmt.Println(g.Count, g.Gift, "from", g.Name) })
	return stage{}, nil
}

// serve runs a server with the API for backends, and returns its address and a token.
func serve(ctx context.Context, dir string) (address, token string, ended <-chan struct{}) {
	key, err := identity.NewSigningKey(identity.EdDSA)
	if err != nil {
		panic(err)
	}
	public, err := key.Write(filepath.Join(dir, "service.key"))
	if err != nil {
		panic(err)
	}
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "", 100*time.Millisecond
	cfg.Service.KeyFiles = []string{public}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		panic(err)
	}
	if err := srv.Register(world.Kind{Name: "stage", Schema: danmakuv1.Schema, New: newStage}); err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Run(ctx) })
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	<-srv.Ready()
	made, err := key.MintService(identity.ServiceGrant{Service: "shop", Scopes: identity.Scopes(), Audience: cfg.Service.Audience, TTL: time.Hour})
	if err != nil {
		panic(err)
	}
	return "http://" + srv.ServiceAddr().String(), string(made), done
}

// A shop makes a room and sends it a gift, twice, since it is not sure of the first time: it is
// there once.
func Example() {
	dir, err := os.MkdirTemp("", "roomservice")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	address, token, ended := serve(ctx, dir)
	defer func() { cancel(); <-ended }()

	shop, err := roomservice.New(address, roomservice.Options{Token: token})
	if err != nil {
		fmt.Println(err)
		return
	}
	room, err := shop.CreateRoom(ctx, &tickroomv1.RoomServiceCreateRoomRequest{Kind: "stage"})
	if err != nil {
		fmt.Println(err)
		return
	}
	gift, err := structpb.NewStruct(map[string]any{"gift": "roses", "count": 3, "name": "Ann"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		_, err := shop.Post(ctx, &tickroomv1.RoomServicePostRequest{
			To:      &tickroomv1.RoomServicePostRequest_Room{Room: room.GetRoom()},
			Message: "tickroom.danmaku.v1.Gift", Content: &tickroomv1.RoomServicePostRequest_Json{Json: gift},
			Key: "order-17",
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Two ticks later it has come.
	for tick := uint32(0); ; {
		d, err := shop.DescribeRoom(ctx, &tickroomv1.RoomServiceDescribeRoomRequest{Room: room.GetRoom()})
		if err != nil {
			fmt.Println(err)
			return
		}
		if now := d.GetTiming().GetTick(); tick == 0 {
			tick = now + 1
		} else if now > tick {
			break
		}
	}
	if err := shop.CloseRoom(ctx, room.GetRoom(), "that was it"); err != nil {
		fmt.Println(err)
	}
	// Output: 3 roses from Ann
}
