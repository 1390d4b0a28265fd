// Package redisclaim keeps claims in Redis, for several servers; see package claim.
package redisclaim

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/claim"
)

//go:embed claims.lua
var claimsLua string

var script = redisdata.Claims.Script(fmt.Sprintf("local kept = %d\n", claim.Forgotten.Milliseconds()), claimsLua)

// maxPage is how many claims one script is about: it must not keep Redis for long.
const maxPage = 200

// Claims is a claim.Claims in Redis. Times are by Redis's clock. Epochs are, too, so that they rise
// though a fail-over has lost the last writes.
type Claims struct {
	c      redis.UniversalClient
	prefix string
}

var _ claim.Claims = (*Claims)(nil)

// New returns claims whose keys begin with prefix, such as "tickroom:". c must end calls with their
// contexts.
func New(c redis.UniversalClient, prefix string) *Claims {
	return &Claims{c, redisdata.Claims.Prefix(prefix)}
}

// Want implements claim.Claims.
func (s *Claims) Want(ctx context.Context, owner string, lease time.Duration, wanted []claim.Wanted) (out []claim.Claim, err error) {
	for len(wanted) > 0 {
		page := wanted[:min(len(wanted), maxPage)]
		wanted = wanted[len(page):]
		args := []any{owner, lease.Milliseconds()}
		for _, w := range page {
			take := 0
			if w.Take {
				take = 1
			}
			args = append(args, w.Name, take, w.Above)
		}
		got, err := s.claims(ctx, "want", args, len(page))
		if err != nil {
			return nil, err
		}
		for i := range got {
			got[i].Name = page[i].Name
		}
		out = append(out, got...)
	}
	return out, nil
}

// Renew implements claim.Claims.
func (s *Claims) Renew(ctx context.Context, lease time.Duration, held []claim.Claim) (out []claim.Claim, err error) {
	for len(held) > 0 {
		page := held[:min(len(held), maxPage)]
		held = held[len(page):]
		args := []any{lease.Milliseconds()}
		for i := range page {
			h := &page[i]
			args = append(args, h.Name, h.Owner, h.Epoch, h.Note)
		}
		got, err := s.claims(ctx, "renew", args, len(page))
		if err != nil {
			return nil, err
		}
		for i := range got {
			got[i].Name = page[i].Name
		}
		out = append(out, got...)
	}
	return out, nil
}

// Release implements claim.Claims.
func (s *Claims) Release(ctx context.Context, held claim.Claim) error {
	_, err := s.run(ctx, "release", []any{held.Name, held.Owner, held.Epoch})
	return err
}

func (s *Claims) run(ctx context.Context, fn string, args []any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, claim.CallTimeout)
	defer cancel()
	keys, argv := redisdata.Call(s.prefix, fn, args)
	v, err := script.Run(ctx, s.c, keys, argv...).Result()
	if err != nil {
		return nil, fmt.Errorf("claims: redis: %w", err)
	}
	return v, nil
}

// claims calls a function that answers with n claims.
func (s *Claims) claims(ctx context.Context, fn string, args []any, n int) ([]claim.Claim, error) {
	v, err := s.run(ctx, fn, args)
	if err != nil {
		return nil, err
	}
	list, _ := v.([]any)
	if len(list) != n {
		return nil, fmt.Errorf("claims: redis: %d answers to %d claims: %.100v", len(list), n, v)
	}
	out := make([]claim.Claim, n)
	for i := range list {
		if out[i], err = parse(list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parse reads a claim that a script has answered with: owner, epoch, note, and in milliseconds how
// long it is good and has been idle.
func parse(v any) (c claim.Claim, err error) {
	f, _ := v.([]any)
	var text [5]string
	for i := range min(len(f), len(text)) {
		text[i], _ = f[i].(string)
	}
	c.Owner, c.Note = text[0], text[2]
	var bad [3]error
	c.Epoch, bad[0] = strconv.ParseUint(text[1], 10, 64)
	left, e1 := strconv.ParseInt(text[3], 10, 64)
	idle, e2 := strconv.ParseInt(text[4], 10, 64)
	if err := errors.Join(bad[0], e1, e2); err != nil {
		return claim.Claim{}, fmt.Errorf("claims: redis: an answer that is none, %.100v: %w", v, err)
	}
	c.Left, c.Idle = time.Duration(left)*time.Millisecond, time.Duration(idle)*time.Millisecond
	return c, nil
}
