package world

// Result is the outcome of a match, as reported by the game. The server hands it to the
// matchmaker, which updates the players' ratings.
type Result struct {
	// Teams are those that took part; in a free-for-all each player is one.
	Teams []TeamResult
}

// TeamResult is how a team did.
type TeamResult struct {
	// Rank is 1 for the best. Teams with the same rank have drawn.
	Rank int
	// Players are those who were in the team.
	Players []PlayerResult
}

// PlayerResult is how a player took part.
type PlayerResult struct {
	// PlayerID is that of the Player.
	PlayerID string
	// Weight is the part of the match that the player took part in, from 0 to 1; 0
	// stands for all of it.
	Weight float64
	// Left is true if the player left before the end.
	Left bool
}

// Report reports how the match in this room has ended. The first report counts; the
// room goes on unless End is called. In a room that no matchmaker has made a report
// has no effect.
func (r *Room) Report(res Result) {
	if r.result == nil {
		r.result = &res
	}
}

// TakeResult returns what was reported, the first time that it is called after the
// report, and nil otherwise. It is for servers.
func (r *Room) TakeResult() *Result {
	if r.taken || r.result == nil {
		return nil
	}
	r.taken = true
	return r.result
}
