package queue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Check tells whether a ticket can ever be matched in a mode, however long it waits and
// whoever comes. It is to be asked before the ticket is added, when all that is said of
// its members is known, and again when a member becomes ready: what it refuses, a
// matcher gives up at once.
//
// The error wraps match.ErrTicket and says what to change. If it is about the query, it
// wraps a *query.Error too, which says where.
func Check(md mode.Mode, t *store.Ticket) error {
	m, err := match.New(md)
	if err != nil {
		return err
	}
	x, err := forMatcher(t)
	if err != nil {
		return err
	}
	return m.Add(x)
}

// refusal is an error that is a match.ErrTicket, and what it is besides.
func refusal(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", match.ErrTicket, what, err)
}

// forMatcher gives a ticket as a matcher wants it. The error wraps match.ErrTicket.
func forMatcher(t *store.Ticket) (match.Ticket, error) {
	out := match.Ticket{ID: t.ID, Since: t.Since, NoBackfill: t.NoBackfill, Players: make([]match.Player, len(t.Members))}
	for i := range t.Members {
		m := &t.Members[i]
		out.Players[i] = match.Player{ID: m.Player, Rating: rating.Rating{Mu: m.Mu, Sigma: m.Sigma}, Roles: m.Roles}
	}
	var err error
	if out.Latency, err = worst(t.Members); err != nil {
		return match.Ticket{}, err
	}
	out.Attributes = t.Attributes
	out.Query, err = forQueries(t.Attributes, t.Query)
	return out, err
}

// worst gives the latency to each region of the worst of the members. Who names no
// regions plays anywhere; those who do must have one in common.
func worst(members []store.Member) (map[string]time.Duration, error) {
	var out map[string]time.Duration
	for i := range members {
		l := members[i].Latency
		if len(l) == 0 {
			continue
		}
		if out == nil {
			out = make(map[string]time.Duration, len(l))
			for region, d := range l {
				out[region] = d
			}
			continue
		}
		for region := range out {
			if d, ok := l[region]; ok {
				out[region] = max(out[region], d)
			} else {
				delete(out, region)
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%w: there is no region that all of the party have a latency to; player %s names %s",
				match.ErrTicket, members[i].Player, strings.Join(sortedKeys(l), ", "))
		}
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// forQueries checks attributes and compiles a query.
func forQueries(attributes map[string]any, text string) (*query.Query, error) {
	for name, v := range attributes {
		if query.KindOf(v) == query.None {
			return nil, fmt.Errorf("%w: the attribute %s is a %T; it must be a number, a string, a bool or a list of strings",
				match.ErrTicket, strconv.Quote(name), v)
		}
	}
	q, err := query.Compile(text)
	if err != nil {
		return nil, refusal("its query", err)
	}
	return q, nil
}

// roomForMatcher gives a request for players as a matcher wants it; its ID is that of
// the request. The error wraps match.ErrTicket.
func roomForMatcher(b *store.Backfill) (match.Room, error) {
	out := match.Room{ID: b.ID, Since: b.Since, Region: b.Region, Teams: make([]match.RoomTeam, len(b.Teams))}
	for i := range b.Teams {
		t := &b.Teams[i]
		if len(t.Mu) != len(t.Sigma) || t.Free < 0 {
			return match.Room{}, fmt.Errorf("%w: team %d has %d ratings, %d uncertainties and %d free seats", match.ErrTicket, i, len(t.Mu), len(t.Sigma), t.Free)
		}
		to := match.RoomTeam{Free: t.Free, Roles: t.Roles}
		for k := range t.Mu {
			to.Players = append(to.Players, rating.Rating{Mu: t.Mu[k], Sigma: t.Sigma[k]})
		}
		out.Teams[i] = to
	}
	var err error
	out.Attributes = b.Attributes
	out.Query, err = forQueries(b.Attributes, b.Query)
	return out, err
}
