// Package redisdb keeps what matchmaking knows in Redis, for servers of many
// nodes. What must be atomic is a Lua script.
//
// All keys of a store have one hash tag, so that it works on Redis Cluster: a room is
// a few hundred bytes, a ticket one or two thousand, and some thousands of operations
// per second are what a single Redis does. Only ratings have one for each mode.
//
// Whatever Redis has answered is kept as well as Redis keeps it: appendfsync always
// keeps it through a crash, WithReplicas through a fail-over. With less, what came
// last may be forgotten; but no ticket is in two matches even then, as far as Redis
// knows, and matchers notice (ErrCursor, ErrFenced) and begin anew.
package redisdb

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Directory is a store.Directory in Redis. Errors of Redis are wrapped: the
// caller should tell the player to come back after a moment.
//
// Reservations end by Redis's clock. Want.Until is taken as so much time from now by
// the clock here, so that it does not matter how far the clocks are apart.
type Directory struct {
	c      redis.UniversalClient
	prefix string
}

var _ store.Directory = (*Directory)(nil)

// NewDirectory makes a directory whose keys begin with a prefix, such as
// "tickroom:". Directories with the same prefix on the same Redis are one.
func NewDirectory(c redis.UniversalClient, prefix string) *Directory {
	return &Directory{c: c, prefix: "{" + prefix + "rooms}:"}
}

//go:embed rooms.lua
var roomsLua string

func roomsScript(call string) *redis.Script { return redis.NewScript(roomsLua + "\nreturn " + call) }

var (
	reserve    = roomsScript("reserve()")
	confirm    = roomsScript("finish(0)")
	cancel     = roomsScript("finish(1)")
	release    = roomsScript("release()")
	add        = roomsScript("add()")
	shut       = roomsScript("shut()")
	remove     = roomsScript("remove()")
	removeNode = roomsScript("remove_node()")
	owners     = roomsScript("owners()")
	list       = roomsScript("list()")
)

// How many rooms one script lists or removes: it must not keep Redis for long.
const (
	page       = 500
	removePage = 100
)

// run runs a script. Its answer is a word, a number, or a list.
func (d *Directory) run(ctx context.Context, s *redis.Script, args ...any) (any, error) {
	// All keys have the same tag, so one of them says which node of a cluster is meant.
	v, err := s.Run(ctx, d.c, []string{d.prefix + "all"}, append([]any{d.prefix}, args...)...).Result()
	if err != nil {
		return nil, fmt.Errorf("matchmaking: redis: %w", err)
	}
	return v, nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// roomArgs gives a room as the script has it, in the order of its fields.
func roomArgs(r *store.Listing) []any {
	created := ""
	if !r.Created.IsZero() {
		created = strconv.FormatInt(r.Created.UnixMilli(), 10)
	}
	return []any{r.ID, r.Kind, r.Mode, r.Node, r.URL, r.Region, created, r.Capacity, r.Taken, flag(r.Closed), flag(r.Private), flag(r.Spectators)}
}

func parseRoom(v any) (store.Listing, error) {
	f, ok := v.([]any)
	if !ok || len(f) != len(roomArgs(&store.Listing{})) {
		return store.Listing{}, fmt.Errorf("matchmaking: redis: %v is no room", v)
	}
	text := func(i int) string { s, _ := f[i].(string); return s }
	r := store.Listing{
		ID: text(0), Kind: text(1), Mode: text(2), Node: text(3), URL: text(4), Region: text(5),
		Closed: text(9) == "1", Private: text(10) == "1", Spectators: text(11) == "1",
	}
	var errs [3]error
	if created := text(6); created != "" {
		var ms int64
		ms, errs[0] = strconv.ParseInt(created, 10, 64)
		r.Created = time.UnixMilli(ms).UTC()
	}
	r.Capacity, errs[1] = strconv.Atoi(text(7))
	r.Taken, errs[2] = strconv.Atoi(text(8))
	if err := errors.Join(errs[:]...); err != nil {
		return store.Listing{}, fmt.Errorf("matchmaking: redis: room %q: %w", r.ID, err)
	}
	return r, nil
}

// Reserve implements store.Directory.
func (d *Directory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	for {
		hold := int64(0)
		if w.Reservation != "" {
			hold = max(0, time.Until(w.Until).Milliseconds())
		}
		v, err := d.run(ctx, reserve, w.Kind, w.Mode, w.Region, w.ID, w.Reservation, hold)
		switch {
		case err != nil:
			return store.Listing{}, err
		case v == "again": // very many reservations have ended, and some of them have given their seats back
			continue
		case v == "none":
			return store.Listing{}, store.ErrNoRoom
		case v == "full":
			return store.Listing{}, store.ErrFull
		}
		return parseRoom(v)
	}
}

// Confirm implements store.Directory.
func (d *Directory) Confirm(ctx context.Context, room, reservation string) (bool, error) {
	v, err := d.run(ctx, confirm, room, reservation)
	return err == nil && v == "done", err
}

// Cancel implements store.Directory.
func (d *Directory) Cancel(ctx context.Context, room, reservation string) error {
	_, err := d.run(ctx, cancel, room, reservation)
	return err
}

// Release implements store.Directory.
func (d *Directory) Release(ctx context.Context, id string) error {
	_, err := d.run(ctx, release, id)
	return err
}

// Add implements store.Directory.
func (d *Directory) Add(ctx context.Context, r store.Listing) error {
	v, err := d.run(ctx, add, roomArgs(&r)...)
	if err == nil && v == "exists" {
		return store.ErrExists
	}
	return err
}

// Close implements store.Directory.
func (d *Directory) Close(ctx context.Context, id string, taken int) (bool, error) {
	v, err := d.run(ctx, shut, id, taken)
	return err == nil && v == "done", err
}

// Remove implements store.Directory.
func (d *Directory) Remove(ctx context.Context, id string) error {
	_, err := d.run(ctx, remove, id)
	return err
}

// RemoveNode implements store.Directory. After an error some of the rooms may
// be removed; so many are told.
func (d *Directory) RemoveNode(ctx context.Context, node string) (int, error) {
	removed := 0
	for {
		v, err := d.run(ctx, removeNode, node, removePage)
		if err != nil {
			return removed, err
		}
		n, _ := v.(int64)
		removed += int(n)
		if n < removePage {
			return removed, nil
		}
	}
}

// Owners implements store.Directory.
func (d *Directory) Owners(ctx context.Context) ([]string, error) {
	v, err := d.run(ctx, owners)
	if err != nil {
		return nil, err
	}
	var nodes []string
	part, _ := v.([]any)
	for _, p := range part {
		node, _ := p.(string)
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	return nodes, nil
}

// Rooms implements store.Directory. Rooms that come or go meanwhile may be
// in the list or not.
func (d *Directory) Rooms(ctx context.Context, kind string) ([]store.Listing, error) {
	var rooms []store.Listing
	from := "-"
	for {
		v, err := d.run(ctx, list, from, page)
		if err != nil {
			return nil, err
		}
		part, _ := v.([]any)
		for _, p := range part {
			r, err := parseRoom(p)
			if err != nil {
				return nil, err
			}
			from = "(" + r.ID
			if kind == "" || r.Kind == kind {
				rooms = append(rooms, r)
			}
		}
		if len(part) < page {
			return rooms, nil
		}
	}
}
