package redisdb

import (
	_ "embed"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

var (
	//go:embed lua/tickets.lua
	ticketsLua string
	//go:embed lua/matches.lua
	matchesLua string
	//go:embed lua/queues.lua
	queuesLua string
	//go:embed lua/rooms.lua
	roomsLua string
	//go:embed lua/nodes.lua
	nodesLua string
	//go:embed lua/ratings.lua
	ratingsLua string
)

// goneKept is how many tickets and requests that have ended a queue remembers.
const goneKept = 10_000

var (
	ticketScript = redisdata.Tickets.Script(
		fmt.Sprintf("local endedKept, matchKept, goneKept = %d, %d, %d\n", store.EndedKept.Milliseconds(), store.MatchKept.Milliseconds(), goneKept),
		ticketsLua, matchesLua, queuesLua)
	roomScript   = redisdata.Rooms.Script(roomsLua)
	nodeScript   = redisdata.Nodes.Script(nodesLua)
	ratingScript = redisdata.Ratings("").Script(ratingsLua)
)

// words are what functions answer with in the place of a list: that all is well, or an error.
var words = map[string]error{
	"done": nil, "no ticket": store.ErrNoTicket, "no room": store.ErrNoRoom, "exists": store.ErrExists,
	"full": store.ErrFull, "held": store.ErrHeld, "fenced": store.ErrFenced,
}

// answer is the list that a script has returned. What is not in it, or of another type, is
// empty.
type answer []any

func (a answer) at(i int) any {
	if i < len(a) {
		return a[i]
	}
	return nil
}

func (a answer) text(i int) string {
	s, _ := a.at(i).(string)
	return s
}

func (a answer) int(i int) int {
	n, _ := a.at(i).(int64)
	return int(n)
}

func (a answer) list(i int) answer {
	l, _ := a.at(i).([]any)
	return l
}

func (a answer) texts() []string {
	out := make([]string, len(a))
	for i := range a {
		out[i] = a.text(i)
	}
	return out
}

// decode reads the texts of an answer. What can't be read is left out: it is nothing to those that
// can.
func decode[T any](a answer) []T {
	out := make([]T, 0, len(a))
	for i := range a {
		var v T
		if err := redisdata.Decode(a.text(i), &v); err != nil {
			unreadable(fmt.Sprintf("%T", v), err)
			continue
		}
		out = append(out, v)
	}
	return out
}

// unreadableLog keeps what is read again and again from filling the log.
var unreadableLog = rate.Sometimes{Interval: time.Minute}

// unreadable logs that something that is stored can't be read, at most once a minute.
func unreadable(what string, err error) {
	unreadableLog.Do(func() {
		slog.Default().Error("what is stored in Redis can't be read, and is passed over; remove it there", "what", what, "error", err)
	})
}
