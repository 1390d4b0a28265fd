package world

// Result is how a match has ended, as the game says. Servers hand it to the
// matchmaker, which moves the players' ratings.
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
	// Left tells that the player went before the end.
	Left bool
}

// Report tells how the match in this room has ended. The first report counts; the
// room goes on unless End is called. Rooms that no matchmaker has made can report
// too: nobody asks for it then.
func (r *Room) Report(res Result) {
	if r.result == nil {
		r.result = &res
	}
}

// TakeResult gives what was reported, once; nil if nothing was, or it was taken.
// It is for servers.
func (r *Room) TakeResult() *Result {
	if r.taken || r.result == nil {
		return nil
	}
	r.taken = true
	return r.result
}
