// Package matchmaker is the client of a server's matchmaking: it finds rooms and fair
// matches for one player, and returns assignments to join them with.
//
//	m, err := matchmaker.New("https://play.example.com", matchmaker.Options{Token: token})
//	if err != nil { … }
//	a, err := m.FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: "duel"}, nil)
//	if err != nil { … } // *matchmaker.EndedError, *matchmaker.Error, the context's
//	c, err := m.Dial(ctx, a, client.Options{Config: client.Config{Schema: arenav1.Schema}})
//
// A Client speaks for one player: the one of its token, or a guest, whose token the
// server sends with its first answer and which the client keeps. A seat is bound
// to its player, so the room has to be joined with the same token, as Dial does.
//
// Watching a ticket goes on through lost connections and a service that is away for
// the moment; the ticket is cancelled when the context ends.
package matchmaker
