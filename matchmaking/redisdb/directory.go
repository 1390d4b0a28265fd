// Package redisdb keeps what matchmaking knows in Redis, for servers of many
// nodes. What must be atomic is a Lua script.
//
// All keys of a directory have one hash tag, so that it works on Redis Cluster:
// it is a few hundred bytes per room, and some ten thousand operations per second
// are what a single Redis does.
package redisdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking"
)

// Directory is a matchmaking.Directory in Redis. Errors of Redis are wrapped: the
// caller should tell the player to come back after a moment.
type Directory struct {
	c      redis.UniversalClient
	prefix string
}

var _ matchmaking.Directory = (*Directory)(nil)

// NewDirectory makes a directory whose keys begin with a prefix, such as
// "tickroom:". Directories with the same prefix on the same Redis are one.
func NewDirectory(c redis.UniversalClient, prefix string) *Directory {
	return &Directory{c: c, prefix: "{" + prefix + "rooms}:"}
}

// A room is a hash; those of a kind that are open and have free seats are in a
// sorted set by the seats taken; all are in another one, by id.

// settle puts a room where it belongs after it has changed. Scripts begin with it.
const settle = `
local prefix = ARGV[1]
local function room(id)
  local f = redis.call('HMGET', prefix .. 'room:' .. id, 'kind', 'node', 'capacity', 'taken', 'closed')
  if not f[1] then return nil end
  return {id = id, kind = f[1], node = f[2], capacity = tonumber(f[3]), taken = tonumber(f[4]), closed = f[5] == '1'}
end
local function settle(r)
  redis.call('HSET', prefix .. 'room:' .. r.id, 'taken', r.taken, 'closed', r.closed and '1' or '0')
  if not r.closed and r.taken < r.capacity then
    redis.call('ZADD', prefix .. 'open:' .. r.kind, r.taken, r.id)
  else
    redis.call('ZREM', prefix .. 'open:' .. r.kind, r.id)
  end
end
local function tell(r)
  return {r.id, r.kind, r.node, tostring(r.capacity), tostring(r.taken), r.closed and '1' or '0'}
end
`

var (
	reserve = redis.NewScript(settle + `
local kind, id = ARGV[2], ARGV[3]
if id == '' then
  id = redis.call('ZREVRANGE', prefix .. 'open:' .. kind, 0, 0)[1]
  if not id then return 'none' end
end
local r = room(id)
if not r or r.closed or (kind ~= '' and r.kind ~= kind) then return 'none' end
if r.taken >= r.capacity then return 'full' end
r.taken = r.taken + 1
settle(r)
return tell(r)
`)
	release = redis.NewScript(settle + `
local r = room(ARGV[2])
if r and r.taken > 0 then
  r.taken = r.taken - 1
  settle(r)
end
return 'done'
`)
	add = redis.NewScript(settle + `
local r = {id = ARGV[2], kind = ARGV[3], node = ARGV[4], capacity = tonumber(ARGV[5]), taken = tonumber(ARGV[6]), closed = ARGV[7] == '1'}
if room(r.id) then return 'exists' end
redis.call('HSET', prefix .. 'room:' .. r.id, 'kind', r.kind, 'node', r.node, 'capacity', r.capacity)
redis.call('ZADD', prefix .. 'all', 0, r.id)
settle(r)
return 'done'
`)
	shut = redis.NewScript(settle + `
local r = room(ARGV[2])
if not r then return 'done' end
if r.taken > tonumber(ARGV[3]) then return 'taken' end
r.closed = true
settle(r)
return 'done'
`)
	remove = redis.NewScript(settle + `
local r = room(ARGV[2])
if r then
  redis.call('ZREM', prefix .. 'open:' .. r.kind, r.id)
  redis.call('ZREM', prefix .. 'all', r.id)
  redis.call('DEL', prefix .. 'room:' .. r.id)
end
return 'done'
`)
	list = redis.NewScript(settle + `
local out = {}
for _, id in ipairs(redis.call('ZRANGEBYLEX', prefix .. 'all', ARGV[2], '+', 'LIMIT', 0, ARGV[3])) do
  out[#out + 1] = tell(room(id))
end
return out
`)
)

// page is how many rooms one script lists: it must not keep Redis for long.
const page = 500

// run runs a script. Its answer is a word, or a list.
func (d *Directory) run(ctx context.Context, s *redis.Script, args ...any) (any, error) {
	// All keys have the same tag, so one of them says which node of a cluster is meant.
	v, err := s.Run(ctx, d.c, []string{d.prefix + "all"}, append([]any{d.prefix}, args...)...).Result()
	if err != nil {
		return nil, fmt.Errorf("matchmaking: redis: %w", err)
	}
	return v, nil
}

func parseRoom(v any) (matchmaking.Room, error) {
	f, ok := v.([]any)
	if !ok || len(f) != 6 {
		return matchmaking.Room{}, fmt.Errorf("matchmaking: redis: %v is no room", v)
	}
	text := func(i int) string { s, _ := f[i].(string); return s }
	capacity, err1 := strconv.Atoi(text(3))
	taken, err2 := strconv.Atoi(text(4))
	if err := errors.Join(err1, err2); err != nil {
		return matchmaking.Room{}, fmt.Errorf("matchmaking: redis: room %q: %w", text(0), err)
	}
	return matchmaking.Room{ID: text(0), Kind: text(1), Node: text(2), Capacity: capacity, Taken: taken, Closed: text(5) == "1"}, nil
}

// Reserve implements matchmaking.Directory.
func (d *Directory) Reserve(ctx context.Context, kind, id string) (matchmaking.Room, error) {
	v, err := d.run(ctx, reserve, kind, id)
	switch {
	case err != nil:
		return matchmaking.Room{}, err
	case v == "none":
		return matchmaking.Room{}, matchmaking.ErrNoRoom
	case v == "full":
		return matchmaking.Room{}, matchmaking.ErrFull
	}
	return parseRoom(v)
}

// Release implements matchmaking.Directory.
func (d *Directory) Release(ctx context.Context, id string) error {
	_, err := d.run(ctx, release, id)
	return err
}

// Add implements matchmaking.Directory.
func (d *Directory) Add(ctx context.Context, r matchmaking.Room) error {
	closed := "0"
	if r.Closed {
		closed = "1"
	}
	v, err := d.run(ctx, add, r.ID, r.Kind, r.Node, r.Capacity, r.Taken, closed)
	if err == nil && v == "exists" {
		return matchmaking.ErrExists
	}
	return err
}

// Close implements matchmaking.Directory.
func (d *Directory) Close(ctx context.Context, id string, taken int) (bool, error) {
	v, err := d.run(ctx, shut, id, taken)
	return err == nil && v == "done", err
}

// Remove implements matchmaking.Directory.
func (d *Directory) Remove(ctx context.Context, id string) error {
	_, err := d.run(ctx, remove, id)
	return err
}

// Rooms implements matchmaking.Directory. Rooms that come or go meanwhile may be
// in the list or not.
func (d *Directory) Rooms(ctx context.Context, kind string) ([]matchmaking.Room, error) {
	var rooms []matchmaking.Room
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
