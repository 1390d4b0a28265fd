// Package client is the Go client: it joins a room on a tickroom server, keeps a
// replica of what it may see, sends inputs and commands, and hears of events.
//
// What happens is apart from when it happens. A Session is the protocol: it takes
// messages and readings of a clock, and returns messages; it has no socket, no
// goroutine and no clock, so tests and swarms of bots drive it by hand. A Client is
// a Session with a WebSocket and four goroutines, which end with it. It connects again
// when the connection is lost, and resumes its session, or joins anew when that is gone.
//
//	c, err := client.Dial(ctx, "ws://127.0.0.1:7777/ws", client.Options{
//		Config: client.Config{Kind: "walkers", Schema: walkersv1.Schema},
//	})
//	if err != nil { … }
//	defer c.Close(client.CloseNormal, "")
//	c.SendInput(0, &walkersv1.WalkerInput{Direction: 1.5})
//	c.View(func(r *replica.Replica) {
//		for entity, walker := range replica.All[walkersv1.Walker](r) { … }
//	})
//
// Dial tries once, and its error says what has kept the client out. With JoinFor it tries
// again, with pauses, for as long as there is use in it:
//
//	client.Options{Config: …, JoinFor: 20 * time.Second}
//
// A line on which nothing comes any more is given up after about eight seconds, and another
// connection is made. What a server that is too busy asks for is waited for.
//
// A player whom the server is to know has a token. With a TokenSource the client fetches
// fresh ones, and the session goes on beyond the end of the first:
//
//	client.Options{Config: …, TokenSource: func(ctx context.Context) (string, error) { … }}
//
// A seat from the matchmaker, Config.Seat, is shown once; package matchmaker finds one
// and joins with it.
//
// What the package does not do: smooth between snapshots, predict, or ask the
// matchmaker for another seat.
package client
