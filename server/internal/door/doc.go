// Package door counts the connections of an address from accept on, whatever they carry:
// TLS handshakes that don't go on, headers that come byte by byte, HTTP connections between
// two requests, WebSockets that say no hello. So nobody can hold all descriptors of the
// process by doing nothing.
//
// A [Door] is a net.Listener below TLS and HTTP. It has two bounds:
//
//   - of each address, access.connections_per_address. A connection over it takes the place of
//     one of the same address that waits for its next request; if there is none it is
//     answered with HTTP 429, and those beyond a few are closed at once.
//   - of all together, what the process's limit of open files leaves when the admin address,
//     Redis and files have theirs. At that bound the one who comes takes the place of another
//     one: of the address that holds most, an idle connection before one that does
//     something. What is in a room never gives way.
//
// Addresses that are exempt, and trusted proxies, are not bound by the first; proxies' clients
// count by the address that the proxy tells, once they open a WebSocket. An attack on the
// second costs the attacker a connection for each of its own that is closed, and us a few
// microseconds, however many there are.
//
// The door closes what is idle for too long, and under pressure sooner. It reads and writes
// nothing.
package door
