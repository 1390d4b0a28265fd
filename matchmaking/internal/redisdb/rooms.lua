-- The room directory. A script is this text and one of the functions' calls.
--
-- ARGV[1] is the prefix of all keys, with the hash tag. There are, for each room:
--   room:ID    a hash: what is known of it
--   held:ID    a sorted set: reservations, by the time at which they end
-- and for all of them:
--   all        a sorted set: ids
--   node:NODE  a sorted set: ids of a node's rooms
--   nodes      a set: nodes that have rooms
--   open:...   a sorted set: ids of the rooms that a search may give, by the seats
--              taken; one for each kind and mode, and one for each region of these
--   due        a sorted set: ids of rooms with reservations, by the end of the first
-- Times are milliseconds of Redis's clock.

local prefix = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- How many rooms one script frees seats in: it must not keep Redis for long.
local sweep_page = 200

local fields = {'id', 'kind', 'mode', 'node', 'url', 'region', 'created', 'capacity', 'taken', 'closed', 'private', 'spectators'}

local function part(s) return #s .. ':' .. s end

local function open(kind, mode, region)
  return prefix .. 'open:' .. part(kind) .. part(mode) .. part(region)
end

-- settle puts a room where it belongs after it has changed.
local function settle(r)
  redis.call('HSET', prefix .. 'room:' .. r.id, 'taken', r.taken, 'closed', r.closed, 'due', r.due or '')
  if r.due then
    redis.call('ZADD', prefix .. 'due', r.due, r.id)
  else
    redis.call('ZREM', prefix .. 'due', r.id)
  end
  local regions = r.region == '' and {''} or {'', r.region}
  for _, region in ipairs(regions) do
    if r.closed == '0' and r.private == '0' and r.taken < r.capacity then
      redis.call('ZADD', open(r.kind, r.mode, region), r.taken, r.id)
    else
      redis.call('ZREM', open(r.kind, r.mode, region), r.id)
    end
  end
end

-- rest finds out when the first of a room's reservations ends.
local function rest(r)
  r.due = tonumber(redis.call('ZRANGE', prefix .. 'held:' .. r.id, 0, 0, 'WITHSCORES')[2])
end

-- room gives a room, with its seats as they are now, or nil.
local function room(id)
  local f = redis.call('HMGET', prefix .. 'room:' .. id, 'due', unpack(fields))
  if not f[2] then return nil end
  local r = {due = tonumber(f[1])}
  for i, name in ipairs(fields) do r[name] = f[i + 1] end
  r.capacity, r.taken = tonumber(r.capacity), tonumber(r.taken)
  if r.due and r.due <= now then
    r.taken = r.taken - redis.call('ZREMRANGEBYSCORE', prefix .. 'held:' .. id, '-inf', now)
    rest(r)
    settle(r)
  end
  return r
end

-- sweep frees seats whose reservations have ended, in all rooms, and tells whether
-- there may be more of them.
local function sweep()
  local ids = redis.call('ZRANGEBYSCORE', prefix .. 'due', '-inf', now, 'LIMIT', 0, sweep_page)
  for _, id in ipairs(ids) do room(id) end
  return #ids == sweep_page
end

local function tell(r)
  local out = {}
  for i, name in ipairs(fields) do out[i] = tostring(r[name]) end
  return out
end

local function add()
  local r = {}
  for i, name in ipairs(fields) do r[name] = ARGV[i + 1] end
  if redis.call('EXISTS', prefix .. 'room:' .. r.id) == 1 then return 'exists' end
  for _, name in ipairs(fields) do
    redis.call('HSET', prefix .. 'room:' .. r.id, name, r[name])
  end
  r.capacity, r.taken = tonumber(r.capacity), tonumber(r.taken)
  redis.call('ZADD', prefix .. 'all', 0, r.id)
  redis.call('ZADD', prefix .. 'node:' .. r.node, 0, r.id)
  redis.call('SADD', prefix .. 'nodes', r.node)
  settle(r)
  return 'done'
end

local function drop(r)
  r.closed, r.due = '1', nil
  settle(r)
  redis.call('ZREM', prefix .. 'all', r.id)
  redis.call('DEL', prefix .. 'room:' .. r.id, prefix .. 'held:' .. r.id)
  redis.call('ZREM', prefix .. 'node:' .. r.node, r.id)
  if redis.call('EXISTS', prefix .. 'node:' .. r.node) == 0 then
    redis.call('SREM', prefix .. 'nodes', r.node)
  end
end

local function reserve()
  local kind, mode, region, id, reservation, hold = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
  local r
  if id == '' then
    if sweep() then return 'again' end
    id = redis.call('ZREVRANGE', open(kind, mode, region), 0, 0)[1]
    if not id then return 'none' end
    r = room(id)
  else
    r = room(id)
    if not r or (kind ~= '' and r.kind ~= kind) or (mode ~= '' and r.mode ~= mode) or (region ~= '' and r.region ~= region) then
      return 'none'
    end
  end
  local held = prefix .. 'held:' .. id
  if reservation ~= '' and redis.call('ZSCORE', held, reservation) then return tell(r) end
  if r.closed == '1' then return 'none' end
  if r.taken >= r.capacity then return 'full' end
  r.taken = r.taken + 1
  if reservation ~= '' then
    redis.call('ZADD', held, now + hold, reservation)
    rest(r)
  end
  settle(r)
  return tell(r)
end

-- finish ends a reservation, frees so many seats, and tells whether there was one.
local function finish(free)
  local r = room(ARGV[2])
  if not r or redis.call('ZREM', prefix .. 'held:' .. r.id, ARGV[3]) == 0 then return 'none' end
  r.taken = r.taken - free
  rest(r)
  settle(r)
  return 'done'
end

local function release()
  local r = room(ARGV[2])
  if r and r.taken > redis.call('ZCARD', prefix .. 'held:' .. r.id) then
    r.taken = r.taken - 1
    settle(r)
  end
  return 'done'
end

local function shut()
  local r = room(ARGV[2])
  if not r then return 'done' end
  if r.taken > tonumber(ARGV[3]) then return 'taken' end
  r.closed = '1'
  settle(r)
  return 'done'
end

local function remove()
  local r = room(ARGV[2])
  if r then drop(r) end
  return 'done'
end

-- remove_node removes a page of a node's rooms and tells how many there were.
local function remove_node()
  local ids = redis.call('ZRANGE', prefix .. 'node:' .. ARGV[2], 0, ARGV[3] - 1)
  for _, id in ipairs(ids) do drop(room(id)) end
  return #ids
end

local function owners()
  return redis.call('SMEMBERS', prefix .. 'nodes')
end

-- list gives a page of rooms.
local function list()
  local out = {}
  for _, id in ipairs(redis.call('ZRANGEBYLEX', prefix .. 'all', ARGV[2], '+', 'LIMIT', 0, ARGV[3])) do
    out[#out + 1] = tell(room(id))
  end
  return out
end
