// Package danmaku has two kinds of rooms for live streams: the house, in which viewers write
// comments that fly over the picture, and the show, which joins houses to one audience.
//
// A house takes comments in, drops what is too much, filters, collates, and chooses from a window
// of 200 ms what may be shown; the show merges what its houses have chosen into three tiers that
// contain one another, and sends that down. What a house sends up is bounded, so the show's cost
// does not depend on the number of viewers. Without its show a house goes on alone.
//
// Gifts and super chats come from backends by way of the bus. The package has the rules; it knows no
// sockets, no clock and no files.
package danmaku
