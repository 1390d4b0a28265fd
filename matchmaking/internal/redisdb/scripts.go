package redisdb

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// The keys of tickets and matches, after the prefix:
//
//	t:ID      hash    a ticket: b it itself, q its queue, s its state, m its match,
//	                  p its players
//	p:PLAYER  string  the ticket of a player that has not ended
//	w:QUEUE   zset    what waits: t and a ticket's id, or b and a request's, by number
//	l:QUEUE   stream  what has happened, the newest of it: what (t waits, g gone,
//	                  b backfill, n none any more, m a mark) and its id
//	h:QUEUE   hash    n the last number; token, owner and until (ms) of the newest lease
//	x:QUEUE   zset    backfill requests by when to look whether they are there still
//	f:ID      hash    a backfill request: b it itself, q its queue, r its room
//	r:ROOM    string  the request of a room
//	y:ID      string  a request that was granted
//	m:ID      hash    a match: b it itself but for t, its teams and bots; c its code
//	c:CODE    string  the match with a code
//	g:PLAYER  string  the match that a player is in, which may be forgotten already
//	mp:ID     set     the players in a match
//	events    channel the tickets whose state has changed, as JSON
//
// A queue's keys stay; everything else has an end, so that nothing stays that nobody
// wants.

// maxLog is how many changes of a queue are remembered, or a few more: some half a
// minute of a very busy one.
const maxLog = 1 << 16

// common is what scripts begin with.
var common = fmt.Sprintf(`
local P, endedKept, matchKept, maxLog = ARGV[1], %d, %d, %d
local call = redis.call

local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function log(q, what, id)
  call('XADD', P .. 'l:' .. q, 'MAXLEN', '~', maxLog, '*', what, id)
end

local function tell(ids)
  if #ids > 0 then call('PUBLISH', P .. 'events', cjson.encode(ids)) end
end

-- number gives the next one of a queue. Now and then it drops those of the oldest
-- that waits which are not there any more, since nobody came for them.
local function number(q)
  local n = call('HINCRBY', P .. 'h:' .. q, 'n', 1)
  if n %% 64 == 0 then
    for _, w in ipairs(call('ZRANGE', P .. 'w:' .. q, 0, 127)) do
      if string.sub(w, 1, 1) == 't' and call('EXISTS', P .. 't:' .. string.sub(w, 2)) == 0 then
        call('ZREM', P .. 'w:' .. q, w)
        log(q, 'g', string.sub(w, 2))
      end
    end
  end
  return n
end

-- begin has a ticket wait.
local function begin(id, q)
  call('HSET', P .. 't:' .. id, 's', '2')
  call('ZADD', P .. 'w:' .. q, number(q), 't' .. id)
  log(q, 't', id)
end

-- finish gives a ticket its last state. players are packed.
local function finish(id, q, players, state)
  local t = P .. 't:' .. id
  call('HSET', t, 's', state)
  call('PEXPIRE', t, endedKept)
  call('ZREM', P .. 'w:' .. q, 't' .. id)
  for _, p in ipairs(cmsgpack.unpack(players)) do
    if call('GET', P .. 'p:' .. p) == id then call('DEL', P .. 'p:' .. p) end
  end
end

-- queued gives the ticket that a player is ready in and that has not ended, or nil.
local function queued(player)
  local id = call('GET', P .. 'p:' .. player)
  local s = id and call('HGET', P .. 't:' .. id, 's')
  return s and tonumber(s) < 3 and id or nil
end

-- status tells about a ticket: itself, state, match, how many wait.
local function status(id)
  local f = call('HMGET', P .. 't:' .. id, 'b', 's', 'm', 'q')
  if not f[1] then return 'none' end
  return {f[1], f[2], f[3] or '', call('ZCARD', P .. 'w:' .. f[4]) - call('ZCARD', P .. 'x:' .. f[4])}
end

local function holds(q, token, owner)
  local h = call('HMGET', P .. 'h:' .. q, 'token', 'owner')
  return h[1] == token and h[2] == owner
end

-- noBackfill ends a request, and tells whether it was there.
local function noBackfill(id, quiet)
  local f = call('HMGET', P .. 'f:' .. id, 'q', 'r')
  if not f[1] then return false end
  call('DEL', P .. 'f:' .. id)
  if call('GET', P .. 'r:' .. f[2]) == id then call('DEL', P .. 'r:' .. f[2]) end
  call('ZREM', P .. 'w:' .. f[1], 'b' .. id)
  call('ZREM', P .. 'x:' .. f[1], id)
  if not quiet then log(f[1], 'n', id) end
  return true
end

-- join puts a player into a match that is there.
local function join(player, match)
  local g = P .. 'g:' .. player
  local old = call('GET', g)
  if old and old ~= match then call('SREM', P .. 'mp:' .. old, player) end
  call('SET', g, match, 'PX', matchKept)
  call('SADD', P .. 'mp:' .. match, player)
  call('PEXPIRE', P .. 'mp:' .. match, matchKept)
end

-- leave takes a player out of a match, if it is in it.
local function leave(player, match)
  if call('GET', P .. 'g:' .. player) == match then call('DEL', P .. 'g:' .. player) end
  call('SREM', P .. 'mp:' .. match, player)
end

-- put keeps a match, and tells whether its code was free.
local function put(id, code, head, teams)
  if code ~= '' then
    local other = call('GET', P .. 'c:' .. code)
    if other and call('EXISTS', P .. 'm:' .. other) == 1 then return false end
    call('SET', P .. 'c:' .. code, id, 'PX', matchKept)
  end
  call('HSET', P .. 'm:' .. id, 'b', head, 't', teams, 'c', code)
  call('PEXPIRE', P .. 'm:' .. id, matchKept)
  return true
end

-- touch keeps a match for longer, without its players, and tells whether it is there.
local function touch(id)
  local r = call('GET', P .. 'r:' .. id)
  if r then
    call('PEXPIRE', P .. 'r:' .. id, matchKept)
    call('PEXPIRE', P .. 'f:' .. r, matchKept)
  end
  local code = call('HGET', P .. 'm:' .. id, 'c')
  if not code then return false end
  call('PEXPIRE', P .. 'm:' .. id, matchKept)
  call('PEXPIRE', P .. 'mp:' .. id, matchKept)
  if code ~= '' then call('PEXPIRE', P .. 'c:' .. code, matchKept) end
  return true
end

local function args(from)
  local out = {}
  for i = from, #ARGV do out[#out + 1] = ARGV[i] end
  return out
end
`, store.EndedKept.Milliseconds(), store.MatchKept.Milliseconds(), maxLog)

func script(text string) *redis.Script { return redis.NewScript(common + text) }

// Tickets.
var (
	// id, queue, ticket, 1 if it waits, how long it is kept (ms), how many of the
	// players are ready, players, those first
	addTicket = script(`
local id, q, blob, waits, ttl, ready = ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1', ARGV[6], tonumber(ARGV[7])
local t = P .. 't:' .. id
if call('EXISTS', t) == 1 then return 'done' end
local players = args(8)
for i = 1, ready do
  local other = queued(players[i])
  if other then return {players[i], other} end
end
call('HSET', t, 'b', blob, 'q', q, 's', '1', 'p', cmsgpack.pack(players))
call('PEXPIRE', t, ttl)
for i = 1, ready do call('SET', P .. 'p:' .. players[i], id, 'PX', ttl) end
if waits then begin(id, q) end
return 'done'
`)
	// id, the ticket as it was read, as it is to be, 1 if it waits, how long it is kept,
	// the player who is ready
	readyTicket = script(`
local id, was, blob, waits, ttl, player = ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1', ARGV[6], ARGV[7]
local t = P .. 't:' .. id
local f = call('HMGET', t, 'b', 's', 'q', 'p')
if f[1] ~= was or f[2] ~= '1' then return 'changed' end
local other = queued(player)
if other and other ~= id then return {player, other} end
call('SET', P .. 'p:' .. player, id, 'PX', ttl)
call('HSET', t, 'b', blob)
if waits then
  call('PEXPIRE', t, ttl)
  for _, p in ipairs(cmsgpack.unpack(f[4])) do call('PEXPIRE', P .. 'p:' .. p, ttl) end
  begin(id, f[3])
end
tell({id})
return status(id)
`)
	cancelTicket = script(`
local id, player = ARGV[2], ARGV[3]
local f = call('HMGET', P .. 't:' .. id, 's', 'q', 'p')
if not f[1] then return 'none' end
local of = false
for _, p in ipairs(cmsgpack.unpack(f[3])) do of = of or p == player end
if not of then return 'none' end
if tonumber(f[1]) < 3 then
  finish(id, f[2], f[3], '4')
  if f[1] == '2' then log(f[2], 'g', id) end
  tell({id})
end
return status(id)
`)
	getTicket = script(`return status(ARGV[2])`)
	ofPlayer  = script(`
return queued(ARGV[2]) or ''
`)
)

// Queues.
var (
	takeLease = script(`
local h, owner, ttl, t = P .. 'h:' .. ARGV[2], ARGV[3], tonumber(ARGV[4]), now()
local f = call('HMGET', h, 'token', 'owner', 'until')
local token
if f[3] and tonumber(f[3]) > t then
  if f[2] ~= owner then return 'held' end
  token = f[1]
else
  token = tostring(call('HINCRBY', h, 'token', 1))
end
call('HSET', h, 'owner', owner, 'until', t + ttl)
return token
`)
	releaseLease = script(`
if holds(ARGV[2], ARGV[3], ARGV[4]) then call('HSET', P .. 'h:' .. ARGV[2], 'until', 0) end
return 'done'
`)
	// queue, cursor (see there: id, what, given, first), how many, a mark
	readChanges = script(`
local q, id, what, given, first, max = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local l, w, x = P .. 'l:' .. q, P .. 'w:' .. q, P .. 'x:' .. q
local t = now()
for _, r in ipairs(call('ZRANGEBYSCORE', x, '-inf', t, 'LIMIT', 0, 100)) do
  local left = call('PTTL', P .. 'f:' .. r)
  if left > 0 then
    call('ZADD', x, t + left, r)
  else
    call('ZREM', x, r)
    call('ZREM', w, 'b' .. r)
    log(q, 'n', r)
  end
end
if id == '' then
  what = 'm' .. ARGV[8]
  id = call('XADD', l, 'MAXLEN', '~', maxLog, '*', 'm', ARGV[8])
  given, first = 0, tonumber(call('HGET', P .. 'h:' .. q, 'n') or 0)
else
  local e = call('XRANGE', l, id, id)[1]
  if not e or e[2][1] .. e[2][2] ~= what then return 'cursor' end
end
local out = {}
local function add(kind, of)
  if kind == 't' then
    local f = call('HMGET', P .. 't:' .. of, 'b', 's')
    if f[2] == '2' then
      out[#out + 1] = {kind, f[1]}
    elseif not f[2] then
      call('ZREM', w, 't' .. of)
    end
  elseif kind == 'b' then
    local b = call('HGET', P .. 'f:' .. of, 'b')
    if b then out[#out + 1] = {kind, b} end
  elseif kind ~= 'm' then
    out[#out + 1] = {kind, of}
  end
end
if given < first then
  local r = call('ZRANGEBYSCORE', w, '(' .. given, first, 'WITHSCORES', 'LIMIT', 0, max)
  for i = 1, #r, 2 do
    add(string.sub(r[i], 1, 1), string.sub(r[i], 2))
    given = tonumber(r[i + 1])
  end
  if #r < 2 * tonumber(max) then given = first end
else
  for _, e in ipairs(call('XRANGE', l, '(' .. id, '+', 'COUNT', max)) do
    id, what = e[1], e[2][1] .. e[2][2]
    add(e[2][1], e[2][2])
  end
end
return {id, what, tostring(given), tostring(first), out}
`)
	// queue, token, owner, match, code, head, teams, backfill, tickets
	commitMatch = script(`
local q, match, code, head, teams, backfill = ARGV[2], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
if not holds(q, ARGV[3], ARGV[4]) then return 'fenced' end
local ids, players, gone, had = args(10), {}, {}, 0
for i, id in ipairs(ids) do
  local f = call('HMGET', P .. 't:' .. id, 's', 'q', 'p', 'm')
  players[i] = f[3]
  if f[1] ~= '2' or f[2] ~= q then gone[#gone + 1] = id end
  if f[1] == '3' and f[4] == match then had = had + 1 end
end
if had > 0 and had == #ids then return 'done' end
if backfill ~= '' and call('HGET', P .. 'f:' .. backfill, 'q') ~= q then gone[#gone + 1] = backfill end
if #gone > 0 then return gone end
if call('EXISTS', P .. 'm:' .. match) == 1 then
  if backfill == '' then return 'exists' end
  call('HSET', P .. 'm:' .. match, 't', teams)
elseif not put(match, code, head, teams) then
  return 'exists'
end
if backfill ~= '' then
  noBackfill(backfill, true)
  call('SET', P .. 'y:' .. backfill, '1', 'PX', matchKept)
  touch(match)
end
for i, id in ipairs(ids) do
  call('HSET', P .. 't:' .. id, 'm', match)
  finish(id, q, players[i], '3')
  for _, p in ipairs(cmsgpack.unpack(players[i])) do join(p, match) end
end
tell(ids)
return 'done'
`)
	giveUp = script(`
local q = ARGV[2]
if not holds(q, ARGV[3], ARGV[4]) then return 'fenced' end
local ended = {}
for _, id in ipairs(args(5)) do
  local f = call('HMGET', P .. 't:' .. id, 's', 'q', 'p')
  if f[1] == '2' and f[2] == q then
    finish(id, q, f[3], '5')
    ended[#ended + 1] = id
  end
end
tell(ended)
return 'done'
`)
	askBackfill = script(`
local q, id, room, blob = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if call('EXISTS', P .. 'f:' .. id) == 1 or call('EXISTS', P .. 'y:' .. id) == 1 then return 'done' end
local old = call('GET', P .. 'r:' .. room)
if old then noBackfill(old) end
call('HSET', P .. 'f:' .. id, 'b', blob, 'q', q, 'r', room)
call('PEXPIRE', P .. 'f:' .. id, matchKept)
call('SET', P .. 'r:' .. room, id, 'PX', matchKept)
call('ZADD', P .. 'w:' .. q, number(q), 'b' .. id)
call('ZADD', P .. 'x:' .. q, now() + matchKept, id)
log(q, 'b', id)
return 'done'
`)
	endBackfill = script(`
noBackfill(ARGV[2])
return call('EXISTS', P .. 'y:' .. ARGV[2]) == 0 and 'sure' or 'granted'
`)
)

// Matches.
var (
	// id, code, head, teams, players
	keepMatch = script(`
local id, code, head, teams = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local f = call('HMGET', P .. 'm:' .. id, 'b', 't')
if f[1] then return f[1] == head and f[2] == teams and 'done' or 'exists' end
if not put(id, code, head, teams) then return 'exists' end
for _, p in ipairs(args(6)) do join(p, id) end
return 'done'
`)
	// one of id, code, player; the others are empty
	getMatch = script(`
local id = ARGV[2]
if ARGV[3] ~= '' then id = call('GET', P .. 'c:' .. ARGV[3]) end
if ARGV[4] ~= '' then id = call('GET', P .. 'g:' .. ARGV[4]) end
if not id or id == '' then return 'none' end
local f = call('HMGET', P .. 'm:' .. id, 'b', 't')
if not f[1] then return 'none' end
return f
`)
	// id, where to go on with its players: 0 at first, and when it answers that
	touchMatch = script(`
local id = ARGV[2]
if ARGV[3] == '0' and not touch(id) then return 'none' end
local r = call('SSCAN', P .. 'mp:' .. id, ARGV[3], 'COUNT', 200)
for _, p in ipairs(r[2]) do
  if call('GET', P .. 'g:' .. p) == id then call('PEXPIRE', P .. 'g:' .. p, matchKept) end
end
return r[1]
`)
	// id; again while it answers more
	forgetMatch = script(`
local id = ARGV[2]
local code = call('HGET', P .. 'm:' .. id, 'c')
if code and code ~= '' then call('DEL', P .. 'c:' .. code) end
call('DEL', P .. 'm:' .. id)
local r = call('GET', P .. 'r:' .. id)
if r then noBackfill(r) end
local players = call('SPOP', P .. 'mp:' .. id, 200)
for _, p in ipairs(players) do leave(p, id) end
return #players > 0 and 'more' or 'done'
`)
	joinMatch = script(`
if call('EXISTS', P .. 'm:' .. ARGV[3]) == 0 then return 'none' end
join(ARGV[2], ARGV[3])
return 'done'
`)
	leaveMatch = script(`
leave(ARGV[2], ARGV[3])
return 'done'
`)
)
