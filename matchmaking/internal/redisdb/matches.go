package redisdb

import (
	"context"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Keep implements store.Tickets.
func (t *Tickets) Keep(ctx context.Context, m store.Match) error {
	head, teams, err := encodeMatch(m)
	if err != nil {
		return err
	}
	args := []any{m.ID, m.Code, head, teams}
	for i := range m.Teams {
		for _, s := range m.Teams[i].Slots {
			if s.Player != "" {
				args = append(args, s.Player)
			}
		}
	}
	v, err := t.write(ctx, keepMatch, args...)
	if err == nil && v == "exists" {
		return store.ErrExists
	}
	return err
}

// match looks one up by one of these.
func (t *Tickets) match(ctx context.Context, id, code, player string) (store.Match, error) {
	v, err := t.read(ctx, getMatch, id, code, player)
	if err != nil {
		return store.Match{}, err
	}
	if v == "none" {
		return store.Match{}, store.ErrNoRoom
	}
	l, err := parts(v, 2)
	if err != nil {
		return store.Match{}, err
	}
	return decodeMatch(text(l[0]), text(l[1]))
}

// Match implements store.Tickets.
func (t *Tickets) Match(ctx context.Context, id, code string) (store.Match, error) {
	if id != "" {
		code = ""
	}
	return t.match(ctx, id, code, "")
}

// Playing implements store.Tickets.
func (t *Tickets) Playing(ctx context.Context, player string) (store.Match, error) {
	return t.match(ctx, "", "", player)
}

// Touch implements store.Tickets. Of large rooms it goes through the players a
// part at a time.
func (t *Tickets) Touch(ctx context.Context, id string) error {
	for at := "0"; ; {
		v, err := t.write(ctx, touchMatch, id, at)
		if err != nil {
			return err
		}
		if v == "none" {
			return store.ErrNoRoom
		}
		if at = text(v); at == "0" || at == "" {
			return nil
		}
	}
}

// Forget implements store.Tickets. The match is forgotten at once, and so who
// plays in it; the players' keys go a part at a time.
func (t *Tickets) Forget(ctx context.Context, id string) error {
	for {
		v, err := t.write(ctx, forgetMatch, id)
		if err != nil || v != "more" {
			return err
		}
	}
}

// Joined implements store.Tickets.
func (t *Tickets) Joined(ctx context.Context, player, match string) error {
	v, err := t.write(ctx, joinMatch, player, match)
	if err == nil && v == "none" {
		return store.ErrNoRoom
	}
	return err
}

// Left implements store.Tickets.
func (t *Tickets) Left(ctx context.Context, player, match string) error {
	_, err := t.write(ctx, leaveMatch, player, match)
	return err
}
