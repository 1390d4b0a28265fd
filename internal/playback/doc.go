// Package playback shows a journal in the pages that its kind of room has: it plays it again, and serves
// that to the pages by the protocol that they know, as what a player saw or what a spectator would have seen.
//
// Each page that shows the replay has a Playhead of its own, which it steers by a second connection: where it
// stands, whether and how fast it runs, and through whose eyes it looks. To go elsewhere is to be in another
// room, as far as the page is concerned: its connection ends, and it joins anew there.
//
// It is for one person on the machine itself, or a few: it knows no limits, tokens or seats.
package playback
