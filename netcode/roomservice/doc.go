// Package roomservice is the client of a server's API for backends: a game's shop, its accounts,
// its moderators' tools. It posts messages to rooms, players and topics, and lists, makes, describes,
// locks and closes rooms.
//
//	c, err := roomservice.New("https://play.example.com", roomservice.Options{Token: token})
//	if err != nil { … }
//	_, err = c.Post(ctx, &tickroomv1.RoomServicePostRequest{
//		To:      &tickroomv1.RoomServicePostRequest_Topic{Topic: "gifts/danmaku/main"},
//		Message: "tickroom.danmaku.v1.Gift",
//		Content: &tickroomv1.RoomServicePostRequest_Data{Data: data},
//		Key:     order.ID,
//	})
//
// The token is a service's, and not a player's; see docs/backends.md. Calls are made again while the
// service is away for the moment, where that can't have an effect twice: a Post without a key gets
// one. The context says for how long.
package roomservice
