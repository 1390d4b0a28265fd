package redisdb

import (
	"embed"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

//go:embed lua/*.lua
var lua embed.FS

// goneKept is how many tickets and requests that have ended a queue remembers.
const goneKept = 10_000

// script returns the script of a store: its keys, its constants, and the functions in
// some files, of which the caller names one.
func script(space redisdata.Space, files ...string) *redis.Script {
	var b strings.Builder
	b.WriteString(space.Lua())
	fmt.Fprintf(&b, "local endedKept, matchKept, goneKept = %d, %d, %d\n", store.EndedKept.Milliseconds(), store.MatchKept.Milliseconds(), goneKept)
	for _, name := range append([]string{"common"}, files...) {
		text, err := lua.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic("redisdb: " + err.Error())
		}
		b.Write(text)
	}
	b.WriteString("return F[ARGV[2]](unpack(ARGV, 3))\n")
	return redis.NewScript(b.String())
}

var (
	ticketScript = script(redisdata.Tickets, "tickets", "matches", "queues")
	roomScript   = script(redisdata.Rooms, "rooms")
	nodeScript   = script(redisdata.Nodes, "nodes")
	ratingScript = script(redisdata.Ratings(""), "ratings")
)

// words are what scripts answer with in the place of a list.
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

// decode reads the texts of an answer.
func decode[T any](a answer) ([]T, error) {
	out := make([]T, len(a))
	for i := range a {
		if err := redisdata.Decode(a.text(i), &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
