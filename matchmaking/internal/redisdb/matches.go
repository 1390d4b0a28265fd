package redisdb

import (
	"context"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Keep implements store.Matches.
func (t *Tickets) Keep(ctx context.Context, m store.Match) error {
	blob, err := redisdata.Encode(m)
	if err != nil {
		return err
	}
	args := []any{m.ID, m.Code, blob}
	for i := range m.Teams {
		for _, s := range m.Teams[i].Slots {
			if s.Player != "" {
				args = append(args, s.Player)
			}
		}
	}
	_, err = t.write(ctx, "keep", args...)
	return err
}

// match looks a match up by one of these.
func (t *Tickets) match(ctx context.Context, id, code, player string) (m store.Match, err error) {
	a, err := t.read(ctx, "match", id, code, player)
	if err != nil {
		return m, err
	}
	err = redisdata.Decode(a.text(0), &m)
	return m, err
}

// Match implements store.Matches.
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

// Touch implements store.Matches. It goes through the players of large rooms a part at a
// time.
func (t *Tickets) Touch(ctx context.Context, id string) error {
	for at := "0"; ; {
		a, err := t.write(ctx, "touch", id, at)
		if err != nil {
			return err
		}
		if at = a.text(0); at == "0" || at == "" {
			return nil
		}
	}
}

// Forget implements store.Matches. The match is forgotten at once, and so who plays in it; the
// players' keys go a part at a time.
func (t *Tickets) Forget(ctx context.Context, id string) error {
	for {
		a, err := t.write(ctx, "forget", id)
		if err != nil || a.int(0) == 0 {
			return err
		}
	}
}

// Joined implements store.Matches.
func (t *Tickets) Joined(ctx context.Context, player, match string) error {
	_, err := t.write(ctx, "joined", player, match)
	return err
}

// Left implements store.Matches.
func (t *Tickets) Left(ctx context.Context, player, match string) error {
	_, err := t.write(ctx, "left", player, match)
	return err
}

// AskBackfill implements store.Matches.
func (t *Tickets) AskBackfill(ctx context.Context, b store.Backfill) error {
	blob, err := redisdata.Encode(b)
	if err != nil {
		return err
	}
	_, err = t.write(ctx, "ask", b.Queue, b.ID, b.Room, blob)
	return err
}

// EndBackfill implements store.Matches.
func (t *Tickets) EndBackfill(ctx context.Context, id string) (bool, error) {
	a, err := t.write(ctx, "unask", id)
	return err == nil && a.int(0) == 0, err
}
