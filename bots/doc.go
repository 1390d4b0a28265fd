// Package bots plays tickroom rooms with thousands of clients from one process,
// and checks that each of them holds exactly the state that it
// should, by the server's hash. It is a soak test and a load in one.
//
// The bots are those of package client: the same session, the same replica. Only
// their sockets are others: non-blocking descriptors, swept by a loop or a few
// every millisecond, so that a bot costs no goroutine and no wake-up. What is
// measured is therefore late by up to a millisecond.
//
// What the figures of a Report mean:
//   - rtt_ms is from a ping to its pong as they are, without a filter. The server
//     answers in its next tick, so half a tick is added on average, and a whole
//     one at worst. Pings ride on inputs, once a second, and where there are none go out
//     every two seconds.
//   - input_to_state_ms is from sending an input to the arrival of the first
//     snapshot whose input_ack shows that its state includes the input.
//   - snapshot_gap_ms is between two snapshots of one bot.
//   - seating_ms is from when a bot begins to look for a seat, the first time and after
//     each time that it left, to its welcome: via matchmaking, from before it enqueues.
//   - bytes are counted with the headers of WebSocket frames.
//
// Bots that read slowly are left out of the first three latencies: theirs are as slow
// as they were made to be. So is the time before all bots have joined.
package bots
