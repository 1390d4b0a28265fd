package mode_test

import (
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
)

// A mode says what a match must be. Its rules widen while a ticket waits.
func ExampleParse() {
	modes, err := mode.Parse("modes.yaml", []byte(`
modes:
  ranked:
    room: {kind: arena, options: {teams: "2"}}
    teams: {count: 2, size: 3}
    rating: {window: 100, widen: [{after: 10s, to: 150}, {after: 30s, to: any}]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	ranked, _ := mode.Find(modes, "ranked")
	fmt.Println(ranked.Format.Players(), "players")
	for _, wait := range []time.Duration{0, 15 * time.Second, time.Minute} {
		fmt.Printf("after %v ratings may be %g apart\n", wait, ranked.Rating.Window.At(wait))
	}
	// Output:
	// 6 players
	// after 0s ratings may be 100 apart
	// after 15s ratings may be 150 apart
	// after 1m0s ratings may be +Inf apart
}

// A mistake is told with its place and with what is allowed.
func ExampleParse_mistake() {
	_, err := mode.Parse("modes.yaml", []byte("modes:\n  duel:\n    teams: {cuont: 2}\n"))
	fmt.Println(err)
	// Output: modes.yaml:3:13: modes.duel.teams: there is no field "cuont"; did you mean count?
}
