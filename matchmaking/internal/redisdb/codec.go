package redisdb

import (
	"encoding/json"
	"fmt"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// What is stored of tickets, matches and the like is JSON after a letter that says
// which version of it. Nothing but this package reads it. Fields may be added, which
// older programs leave out; whoever changes what a field means changes the letter.
const version = 'a'

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("matchmaking: redis: %T can't be stored: %w", v, err)
	}
	return string(version) + string(b), nil
}

func decode(blob string, v any) error {
	if blob == "" || blob[0] != version {
		return fmt.Errorf("matchmaking: redis: a %T is stored in another form than this program knows (%.1q; want %q): run the same version everywhere", v, blob, version)
	}
	if err := json.Unmarshal([]byte(blob[1:]), v); err != nil {
		return fmt.Errorf("matchmaking: redis: a stored %T: %w", v, err)
	}
	return nil
}

func decodeTicket(blob string) (t store.Ticket, err error) {
	err = decode(blob, &t)
	attributes(t.Attributes)
	return t, err
}

func decodeBackfill(blob string) (b store.Backfill, err error) {
	err = decode(blob, &b)
	attributes(b.Attributes)
	return b, err
}

// attributes makes lists of strings what they were.
func attributes(m map[string]any) {
	for k, v := range m {
		l, ok := v.([]any)
		if !ok {
			continue
		}
		s := make([]string, len(l))
		for i := range l {
			s[i] = text(l[i])
		}
		m[k] = s
	}
}

// crew is the part of a match that a backfill changes, which is stored apart.
type crew struct {
	Teams []store.Team
	Bots  int
}

func encodeMatch(m store.Match) (head, teams string, err error) {
	if teams, err = encode(crew{m.Teams, m.Bots}); err != nil {
		return "", "", err
	}
	m.Teams, m.Bots = nil, 0
	head, err = encode(m)
	return head, teams, err
}

func decodeMatch(head, teams string) (store.Match, error) {
	var m store.Match
	if err := decode(head, &m); err != nil {
		return m, err
	}
	var c crew
	err := decode(teams, &c)
	m.Teams, m.Bots = c.Teams, c.Bots
	return m, err
}
