// Package limits keeps any one address or player from taking more than a share:
// connections at once, handshakes per second, rooms. And it keeps out who is banned.
//
// An address is the client's own one. Behind proxies it is what the trusted ones
// say, and nothing that the client wrote itself; see Proxies. IPv6 addresses count
// by their /64, which is the least that anybody gets; IPv4 ones each by itself.
//
// Memory is bounded whoever attacks. Connections are counted only while they are
// there. Rates need memory of who came before: one time stamp for each address,
// which may be forgotten as soon as its bucket is full again, with nothing lost. If
// so many addresses come at once that there is no place, those that are known go on
// as before, and all others share a few buckets: then newcomers wait in turn, but
// nobody who floods us makes us forget whom to slow down.
//
// The package closes nothing. A Guard finds who is to be kept out, and why; the caller
// acts on it. What a connection sends after it is in a room is limited elsewhere.
package limits
