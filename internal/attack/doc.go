// Package attack measures what attacks cost: the attacker, the server, and those who play
// honestly meanwhile.
//
// Each kind of attack is bounded, talks to a server on this machine alone, and comes from one
// loopback address of its own, so that the server's limits for an address are for the attacker
// and nobody else. A run of a kind starts a server, has a crowd play, come and go, find rooms and
// matches and open pages, measures that for a while in calm, then beside the attack, and then
// waits until the server is as it was. The attacker and the server are processes of their own,
// so that their processor time is known.
//
// What the figures mean:
//   - The attacker's bytes are those that it has written to its sockets and read from them,
//     without what TLS and TCP add; its processor time is all of its process. The process is
//     niced, so that it does not take the processor from those whom it is compared with: an
//     attacker has machines of its own.
//   - The server's processor time is what it has used more than it would have in calm, with nginx's if there is one. Its
//     memory is what it had resident at most, with what the kernel held for all sockets of
//     TCP, above what that was in calm.
//   - Gaps are between two snapshots of a player who stays. Joins are from the call for a seat,
//     or from connecting without one, to the welcome, each by a new connection. Matches are from
//     enqueueing to the seat.
package attack
