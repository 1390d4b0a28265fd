package replay

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// Result is what has come of playing a journal again.
type Result struct {
	Ticks    uint32
	Rate     float64 // ticks a second
	Entries  int
	Hashes   int    // that were compared, and were equal
	Good     uint32 // newest tick whose hash was equal; 0: none
	Bad      uint32 // the first whose hash differs; 0: none
	Differs  string // what does, then
	Panicked *Panic // nil: the game has not
}

// Verify plays a journal again and compares the hashes in it with the replay's, up to the first that
// differs.
func Verify(j *journal.Journal, k world.Kind, log *slog.Logger) (*Result, error) {
	res := &Result{}
	r, err := Start(j, k, log)
	if errors.As(err, &res.Panicked) {
		return res, nil
	}
	if err != nil {
		return nil, err
	}
	res.Rate = r.Room().TickRate
	for done := false; !done && res.Bad == 0; {
		var want *tickroomv1.JournalHash
		want, done, err = r.Tick()
		res.Ticks, res.Entries = r.Room().Committed(), r.entries
		switch {
		case errors.As(err, &res.Panicked):
			return res, nil
		case err != nil:
			return res, fmt.Errorf("after tick %d: %w", res.Ticks, err)
		case want == nil:
		case equal(want, r.state()):
			res.Hashes++
			res.Good = res.Ticks
		default:
			res.Bad, res.Differs = res.Ticks, differs(r.Room(), want, r.state())
		}
	}
	return res, nil
}

// differs says in what two states differ, as far as hashes tell.
func differs(r *world.Room, a, b *tickroomv1.JournalHash) string {
	var what []string
	if !bytes.Equal(a.GetRandom(), b.GetRandom()) {
		what = append(what, "random numbers")
	}
	names := tables(r)
	for i := range max(len(a.GetTables()), len(b.GetTables())) {
		if i >= len(a.GetTables()) || i >= len(b.GetTables()) || a.GetTables()[i] != b.GetTables()[i] {
			name := fmt.Sprint("number ", i+1)
			if i < len(names) {
				name = names[i]
			}
			what = append(what, "table "+name)
		}
	}
	return strings.Join(what, ", ")
}

// tables returns the names of a world's tables.
func tables(r *world.Room) (names []string) {
	for _, t := range save(r).GetTables() {
		names = append(names, t.GetName())
	}
	return names
}
