package world

// Starved says what a game is handed for a player when no input has come for a tick: its connection
// was slow, or is lost. It is about clients that say for which ticks their inputs are meant; one that
// only says what has changed is never starved.
type Starved int

const (
	// Hold hands over nothing, so that what the game makes of the last input holds.
	Hold Starved = 0
	// Neutral hands over an input of which all fields are zero, at once.
	Neutral Starved = -1
)

// Repeat holds the last input for some ticks, at least 1, and then hands over a neutral one.
func Repeat(ticks int) Starved { return Starved(max(ticks, 1)) }

// NeutralAfter returns in which tick in a row without an input the game is handed a neutral one;
// 0: in none.
func (s Starved) NeutralAfter() uint32 {
	switch {
	case s == Hold:
		return 0
	case s < 0:
		return 1
	}
	return uint32(s) + 1
}
