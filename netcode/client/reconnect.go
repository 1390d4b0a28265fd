package client

import (
	"fmt"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// How a client comes back. docs/protocol.md says why so.
const (
	// firstPause bounds the first pause; each one after an attempt that failed is a fifth
	// longer, or half as long again where the server asks for time, up to maxPause. A pause is between half of its bound and all of it, at
	// random, so that clients that were cut off together do not come back together.
	firstPause = 250 * time.Millisecond
	maxPause   = 15 * time.Second
	// The pauses begin anew after a connection that was good for as long as the next one
	// might be, but goodLeast at least and goodMost at most.
	goodLeast, goodMost = time.Second, 5 * time.Second
	// shortPause bounds the pause after one that was not, but on which there was a welcome,
	// and that was lost with its line or its server.
	shortPause = 2 * firstPause
	// Codes from ownCodes on are the protocol's own; those below are WebSocket's, for lines
	// and servers.
	ownCodes = 4000
	// maxRefusals is how many times in a row a client joins anew since the server's
	// frames were refused; a connection that was good for refusalsEnd ends the row.
	maxRefusals = 3
	refusalsEnd = 50 * time.Second
	// tokenWait is how long a client waits at least when no token could be fetched.
	tokenWait = time.Second
)

// opening is what a client asks for in its hello.
type opening uint8

const (
	opensJoin   opening = iota // to join as it was told to
	opensResume                // to take its session up
	opensSame                  // to join the room that its session was in, which is gone
)

// decision is what a client does after its connection has ended.
type decision struct {
	end bool
	// After the end, the session may be resumed by a client that is started again.
	keep bool

	// Unless it is the end: open another connection so, after a pause that is at random
	// between two bounds; 0: at once.
	opens    opening
	min, max time.Duration
	newToken bool // not before another token was fetched
}

// String returns a decision as proto/vectors/reconnect.txt has it.
func (d decision) String() string {
	if d.end && d.keep {
		return "end, keeping the session"
	} else if d.end {
		return "end"
	}
	s := [...]string{"join", "resume", "join the same room"}[d.opens]
	if d.max == 0 {
		s += " at once"
	} else {
		s += fmt.Sprintf(" after %d to %d ms", d.min.Milliseconds(), d.max.Milliseconds())
	}
	if d.newToken {
		s += " with another token"
	}
	return s
}

// reconnect decides whether a client comes back, and how. It has no connection, no clock
// and no chance: it hears what has happened, and when by any one clock. The TypeScript
// client has the same in reconnect.ts, and both play proto/vectors/reconnect.txt.
type reconnect struct {
	// Set at the beginning.
	certain   bool // the player wants a certain room: no other will do
	renewable bool // another token can be fetched
	seat      bool // the hello shows a matchmaker's seat; none after the first welcome

	opens    opening // of the newest connection, or of the next one
	joined   bool    // there has been a welcome
	live     bool    // there has been one on this connection
	since    time.Duration
	limit    time.Duration // of the next pause; 0: it is the first
	refusals int           // in a row
	tried    bool          // another token was fetched since the last welcome
}

// welcome notes that the server has let the client in.
func (r *reconnect) welcome(now time.Duration) {
	r.opens, r.joined, r.live, r.since = opensResume, true, true, now
	r.seat, r.tried = false, false
}

// lost notes that there is no connection any more, and reports whether there was a
// welcome on it.
func (r *reconnect) lost(now time.Duration) (wasLive bool) {
	if r.live {
		if now-r.since >= min(max(r.limit, goodLeast), goodMost) {
			r.limit = 0
		}
		if now-r.since >= refusalsEnd {
			r.refusals = 0
		}
	}
	wasLive, r.live = r.live, false
	return wasLive
}

// closed decides after a connection that ended with a close code, or could not be made.
func (r *reconnect) closed(code uint16, now time.Duration) decision {
	rule := closecode.For(int(code))
	end := decision{end: true, keep: rule.KeepsSession && r.opens == opensResume}
	wasLive := r.lost(now)
	if wasLive && code < ownCodes && rule.Advice == closecode.ComeBack {
		r.limit = min(r.limit, shortPause)
	}
	// The server has said that what was asked for is not there: there is no reason to
	// wait before asking for something else, and each is asked for once.
	anew := rule.Advice == closecode.JoinAnew
	if !wasLive && r.opens != opensJoin && (anew || rule.OtherRoom) {
		if anew && r.opens == opensResume && !r.certain {
			r.opens = opensSame
		} else {
			r.opens = opensJoin
		}
		return decision{opens: r.opens}
	}
	switch rule.Advice {
	case closecode.JoinAnotherRoom:
		if r.certain {
			return end
		}
		r.opens = opensJoin
	case closecode.JoinAnew:
		r.opens = opensJoin
	case closecode.GetNewToken:
		if !r.renewable || r.tried {
			return end
		}
		r.tried = true
		d := r.pause(rule.Wait)
		d.newToken = true
		return d
	case closecode.GetNewSeat, closecode.StayAway:
		return end
	}
	// Whoever asks for a certain room wants to know that it has no place; and a seat may
	// be used up.
	if rule.OtherRoom && r.certain && !r.joined || r.seat && !rule.KeepsSeat {
		return end
	}
	return r.pause(rule.Wait)
}

// turnedAway decides after the handshake was answered by HTTP, which asks for a wait: most
// likely there is a server, and it is too busy.
func (r *reconnect) turnedAway(wait, now time.Duration) decision {
	r.lost(now)
	return r.pause(wait)
}

// refused decides after this side has closed the connection for what the server sent:
// the state is wrong, here or there, so it begins anew.
func (r *reconnect) refused(now time.Duration) decision {
	r.lost(now)
	r.opens = opensJoin
	if r.refusals++; r.refusals > maxRefusals {
		return decision{end: true}
	}
	return r.pause(0)
}

// noToken decides after no token could be fetched.
func (r *reconnect) noToken() decision { return r.pause(tokenWait) }

// pause returns the next pause, which is no shorter than wait.
func (r *reconnect) pause(wait time.Duration) decision {
	limit := max(r.limit, firstPause)
	longer := limit / 5
	if wait > 0 {
		longer = limit / 2 // the server asks for less load
	}
	r.limit = min(limit+longer.Truncate(time.Millisecond), maxPause)
	limit = max(limit, 2*wait)
	return decision{opens: r.opens, min: (limit / 2).Truncate(time.Millisecond), max: limit}
}
