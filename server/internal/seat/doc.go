// Package seat makes and checks seats: what a matchmaker hands a player so that a
// node lets this player, and nobody else, into this room, once, within seconds.
//
// A seat is bound to the player, the room and the node. It cannot be guessed or
// changed without the key, is of no use to another player (the node knows by the
// identity who asks), in another room or at another node, and is used up by the
// first who comes with it. What is in it is not secret from its holder.
//
// # Format
//
// A seat is a string of bytes in base64url without padding:
//
//	 1  version, 2
//	 4  id of the key
//	16  the seat's id, random
//	 8  when it was made, milliseconds since 1970
//	 4  how long it is good for, milliseconds
//	 1  team
//	 1  1: another room of the kind and mode will do as well; 0: it will not
//	    player, room, node, mode, role: each a length byte and as many bytes
//	    the player's name in the same way, if it has one
//	32  HMAC-SHA256 of all before, with the key
//
// Numbers are big-endian. There is one way to write a seat; all others are refused.
//
// # Why not a JSON Web Token, why not public keys
//
// Only our own programs make and read seats, so there is nothing to agree on with
// others: no algorithm to choose by a header, no JSON to read before the signature
// is checked. That halves the size, which travels in the URL or the hello, and takes
// away the ways in which those tokens have been misread. Nor can a seat be taken for
// an identity or the other way round: neither parses as the other, and the key is
// derived from the configured secret for this purpose alone (HKDF, RFC 5869), so
// that even with one secret for both no signature of the one is good for the other.
//
// A shared key lets a node make seats too. A node runs the rooms, so it is trusted
// with more than that already; and a check costs a microsecond or two, where an
// Ed25519 signature costs some sixty (see the benchmarks).
//
// # Use once
//
// A seat is used up by getting in. It is marked before its player is let in, so that of
// many who come with it at once one gets in; where that one is turned away after all,
// since the room is full for one, GiveBack makes it good again.
//
// A Used store remembers the seats that were used, until they have expired anyway.
// The node is part of the seat, so a node's own memory is enough: Memory. It forgets
// when the process ends; so a node should have a new name each time it starts, or a
// store that outlives it. A store that is full, or can't be asked, refuses: a player
// then asks the matchmaker for another seat.
package seat
