// Package socket carries everything between a TCP connection and a room's tick:
// the WebSocket handshake, the first message (hello), and the seated connection
// that a tick polls and writes without ever blocking. Messages are opaque bytes;
// the package knows nothing of protobuf, rooms or games.
//
// # From handshake to seat
//
// A [Gateway] is the http.Handler of the game's address. It checks the handshake
// itself, lets gws perform the upgrade and read until the first binary message,
// and asks [Options.OnHello] what to do with it. An accepted connection becomes a
// [Conn] and is handed to the room. There are two kinds, held to one test suite:
//
//   - raw (Linux): the descriptor is taken out of the runtime's poller.
//     Nothing wakes up when bytes arrive; the tick drains the socket with one
//     read and writes with one write. It owns no goroutine and, idle, no buffer.
//     Where TLS is ended in the process ([Secure]) crypto/tls stays between the two, on
//     memory in place of the network, after a handshake in a goroutine.
//   - carried (other platforms, Transport "gws"): gws
//     reads in a goroutine into a bounded inbox, and a goroutine borrowed while
//     there is something to write drains a bounded outbox.
//
// # How a connection ends
//
// Every ending is a [*CloseError]. The codes this package chooses itself:
//
//	1001  the gateway is closing (come back, elsewhere)
//	1002  a violation of RFC 6455
//	1003  a text message where only binary ones are spoken
//	1006  never on the wire: the connection broke, or its peer is dead
//	1007  text, or a close reason, that is not UTF-8
//	1008  no hello in time; more bytes than a hello can have; endless fragments
//	1009  a message over Options.MaxMessage, judged by its header
//	1011  a handler of ours failed
//	1013  no descriptor left, or a newer connection needed the place (come back later)
//
// Closing never blocks the closer. The close frame is written, the sending side is
// shut down, and what the peer still sends is read and thrown away until it closes
// too, for at most two seconds: closing a socket with unread bytes would send a
// reset that can overtake the close frame. One goroutine, alive only while there is
// something to do, does this for all raw connections of a gateway.
package socket
