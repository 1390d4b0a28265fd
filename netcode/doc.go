// Package netcode is what lies between a room's world and a client's messages,
// on the server's side: which snapshot a client is sent and when (Downlink),
// which inputs are applied in which tick (Inputs), and how a client's messages
// are read (ClientFrame). The client's side is in the packages replica, a copy of
// what the client sees, and client, the Go client library.
//
// Nothing here knows sockets, goroutines or clocks.
package netcode
