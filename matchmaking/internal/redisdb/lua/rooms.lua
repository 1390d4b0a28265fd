-- The directory of rooms.

-- How many rooms one script frees places in: it must not keep Redis for long.
local sweepPage = 200

local at = now()

-- Reservations are to play or to watch.
local roles = {'p', 's'}

local function part(s) return #s .. ':' .. s end

local function group(kind, mode, region, node) return part(kind) .. part(mode) .. part(region) .. part(node) end

local function open(role, kind, mode, region, node) return K.open .. role .. group(kind, mode, region, node) end

-- Of what was stored as text there is a letter before the JSON; see codec.go.
local function decode(text) return cjson.decode(string.sub(text, 2)) end

local function digits(n) return string.format('%.0f', n) end

-- What is summed up over rooms that are spread and alike.
local sums = {'rooms', 'places', 'taken'}

-- add brings the sums over rooms like this one up to date, after it has changed.
local function add(r)
  local now = {0, 0, 0}
  if not (r.closed or r.is.Private or r.is.Locked) then now = {1, r.is.MaxPlayers, r.is.Players + r.reserved.p} end
  local was = call('HMGET', K.room .. r.id, unpack(sums))
  local scopes = {{'', ''}, {'', r.node}}
  if r.region ~= '' then scopes[3] = {r.region, ''} end
  for i, name in ipairs(sums) do
    local more = now[i] - (tonumber(was[i] or nil) or 0)
    if more ~= 0 then
      for _, scope in ipairs(scopes) do
        local key = K.load .. group(r.kind, r.mode, scope[1], scope[2])
        if call('HINCRBY', key, name, more) == 0 then call('HDEL', key, name) end
      end
      call('HSET', K.room .. r.id, name, now[i])
    end
  end
end

-- index puts a room where searches find it, or takes it from there, after it has changed.
local function index(r)
  if r.spread then add(r) end
  call('HSET', K.room .. r.id, 'due', r.due or '')
  if r.due then call('ZADD', K.due, r.due, r.id) else call('ZREM', K.due, r.id) end
  for _, role in ipairs(roles) do
    local found = r.free[role] > 0 and not r.closed and not r.is.Private and not (role == 'p' and r.is.Locked)
    for _, scope in ipairs({{'', ''}, {r.region, ''}, {'', r.node}}) do
      local key = open(role, r.kind, r.mode, scope[1], scope[2])
      local rank = r.spread and r.free[role] or r.is.Players + r.reserved.p
      if found then call('ZADD', key, rank, r.id) else call('ZREM', key, r.id) end
    end
  end
end

-- count finds out how many places of a room are free, and when the first reservation ends.
local function count(r)
  r.reserved, r.due = {}, nil
  for _, role in ipairs(roles) do
    local first = tonumber(call('ZRANGE', K.held .. role .. r.id, 0, 0, 'WITHSCORES')[2])
    r.reserved[role] = first and call('ZCARD', K.held .. role .. r.id) or 0
    if first and (not r.due or first < r.due) then r.due = first end
  end
  r.free = {p = r.is.MaxPlayers - r.is.Players - r.reserved.p, s = r.is.MaxSpectators - r.is.Spectators - r.reserved.s}
end

-- drop ends a reservation.
local function drop(r, role, name)
  call('ZREM', K.held .. role .. r.id, name)
  call('HDEL', K.made .. r.id, role .. name)
  if call('GET', K.last .. role .. name) == r.id then call('DEL', K.last .. role .. name) end
end

-- find returns a room, with its places as they are now, or nil.
local function find(id)
  local f = call('HMGET', K.room .. id, 'b', 'o', 'kind', 'mode', 'node', 'region', 'closed', 'rev', 'due', 'spread')
  if not f[1] then return nil end
  local r = {id = id, b = f[1], o = f[2], is = decode(f[2]), kind = f[3], mode = f[4], node = f[5], region = f[6],
    closed = f[7] == '1', rev = tonumber(f[8]), spread = f[10] == '1'}
  local ended = f[9] and f[9] ~= '' and tonumber(f[9]) <= at
  if ended then
    for _, role in ipairs(roles) do
      for _, name in ipairs(call('ZRANGEBYSCORE', K.held .. role .. id, '-inf', at)) do drop(r, role, name) end
    end
  end
  count(r)
  if ended then index(r) end
  return r
end

local function answer(r) return {r.b, r.o, r.reserved.p, r.reserved.s, r.closed and 1 or 0, digits(r.rev)} end

-- settle ends a reservation if it was made no later than made (ms), and returns whether it
-- was.
local function settle(r, role, name, made)
  local was = tonumber(call('HGET', K.made .. r.id, role .. name) or nil)
  if not was or was > made then return false end
  drop(r, role, name)
  return true
end

-- report takes in what a node says of a room, and returns the room.
local function report(n)
  local r, changed = find(n.id), false
  if not r then
    call('ZADD', K.all, 0, n.id)
    call('ZADD', K.node .. n.node, 0, n.id)
    call('SADD', K.nodes, n.node)
    r = {id = n.id, b = n.b, kind = n.kind, mode = n.mode, node = n.node, region = n.region, rev = -1, spread = n.spread}
    call('HSET', K.room .. r.id, 'b', r.b, 'kind', r.kind, 'mode', r.mode, 'node', r.node, 'region', r.region, 'spread', r.spread and 1 or 0)
  end
  for _, s in ipairs(n.settled or {}) do changed = settle(r, s.role, s.name, s.made) or changed end
  if n.rev > r.rev then
    r.rev = n.rev
    call('HSET', K.room .. r.id, 'rev', digits(r.rev))
    local is = decode(n.o)
    if n.o ~= r.o or is.Closed ~= r.closed then
      r.o, r.is, r.closed, changed = n.o, is, is.Closed, true
      call('HSET', K.room .. r.id, 'o', r.o, 'closed', r.closed and 1 or 0)
    end
  end
  if changed then
    count(r)
    index(r)
  end
  return r
end

-- It takes reports in, each as JSON, and answers how many rooms are listed under the node.
function F.report(node, ...)
  for _, n in ipairs({...}) do report(cjson.decode(n)) end
  return {call('ZCARD', K.node .. node)}
end

-- fits is whether a room is one of those wanted; with its id, no kind and no mode mean any.
local function fits(r, any, kind, mode, region, node)
  local function same(is, want) return is == want or (any and want == '') end
  return r and same(r.kind, kind) and same(r.mode, mode) and (region == '' or r.region == region) and (node == '' or r.node == node)
end

-- search returns the open room of the highest rank that fits, but for those in except; or nil.
local function search(role, kind, mode, region, node, except)
  -- The node's rooms or the region's are looked through: those that are excepted, and
  -- those of the node that are not in the region, are passed over.
  local scope = node == '' and region or ''
  for from = 0, 1000, 10 do
    local ids = call('ZREVRANGE', open(role, kind, mode, scope, node), from, from + 9)
    for _, id in ipairs(ids) do
      if not except[id] then
        local r = find(id)
        if fits(r, false, kind, mode, region, node) then return r end
      end
    end
    if #ids < 10 then return nil end
  end
end

-- sweep frees places whose reservations have ended, and returns whether that was all.
local function sweep()
  local due = call('ZRANGEBYSCORE', K.due, '-inf', at, 'LIMIT', 0, sweepPage)
  for _, d in ipairs(due) do find(d) end
  return #due < sweepPage
end

-- It answers the sums over rooms that are spread and alike.
function F.load(kind, mode, region, node)
  if not sweep() then return {} end -- to be called again
  local f = call('HMGET', K.load .. group(kind, mode, node == '' and region or '', node), unpack(sums))
  for i = 1, #sums do f[i] = tonumber(f[i] or nil) or 0 end
  return f
end

-- hold is how long a reservation is good (ms), made when it was made (ms). What follows are
-- the ids of rooms that are not wanted.
function F.reserve(role, kind, mode, region, node, id, name, made, hold, ...)
  local r
  if id ~= '' then
    r = find(id)
    if not fits(r, true, kind, mode, region, node) then return 'no room' end
  else
    -- Places that are free again may make another room the best one.
    if not sweep() then return {} end -- to be called again
    local except = {}
    for _, e in ipairs({...}) do except[e] = true end
    local last = call('GET', K.last .. role .. name)
    r = last and not except[last] and find(last)
    if not r or r.closed or not fits(r, false, kind, mode, region, node) then
      r = search(role, kind, mode, region, node, except)
    end
    if not r then return 'no room' end
  end
  local ends = tonumber(call('ZSCORE', K.held .. role .. r.id, name) or nil)
  if not ends then
    if r.closed then return 'no room' end
    if r.free[role] <= 0 or (role == 'p' and r.is.Locked) then return 'full' end
    call('HSET', K.made .. r.id, role .. name, made)
  end
  ends = math.max(ends or 0, at + hold)
  call('ZADD', K.held .. role .. r.id, ends, name)
  if id == '' and ends > at then call('SET', K.last .. role .. name, r.id, 'PXAT', digits(ends)) end
  count(r)
  index(r)
  return answer(r)
end

function F.cancel(id, role, name, made)
  local r = find(id)
  if r and settle(r, role, name, tonumber(made)) then
    count(r)
    index(r)
  end
  return 'done'
end

-- It answers whether nobody will be sent to the room.
function F.close(n)
  n = cjson.decode(n)
  if call('EXISTS', K.room .. n.id) == 0 then return {1} end
  local r = report(n)
  if r.rev ~= n.rev or r.reserved.p + r.reserved.s > 0 then return {0} end
  r.closed = true
  call('HSET', K.room .. r.id, 'closed', 1)
  index(r)
  return {1}
end

local function remove(r)
  for _, role in ipairs(roles) do
    for _, name in ipairs(call('ZRANGE', K.held .. role .. r.id, 0, -1)) do drop(r, role, name) end
  end
  r.closed, r.due = true, nil
  index(r)
  call('ZREM', K.all, r.id)
  call('DEL', K.room .. r.id, K.made .. r.id)
  call('ZREM', K.node .. r.node, r.id)
  if call('EXISTS', K.node .. r.node) == 0 then call('SREM', K.nodes, r.node) end
end

function F.remove(id, rev)
  local r = find(id)
  if r and r.rev <= tonumber(rev) then remove(r) end
  return 'done'
end

-- It removes some of a node's rooms, and answers how many.
function F.removeNode(node, page)
  local ids = call('ZRANGE', K.node .. node, 0, page - 1)
  for _, id in ipairs(ids) do remove(find(id)) end
  return {#ids}
end

function F.owners() return call('SMEMBERS', K.nodes) end

-- Some of the rooms, of a node or of all, from an id on in the form of ZRANGEBYLEX, each behind
-- its id.
function F.rooms(node, from, page)
  local out = {}
  local list = node == '' and K.all or K.node .. node
  for _, id in ipairs(call('ZRANGEBYLEX', list, from, '+', 'LIMIT', 0, page)) do
    -- What can't be read is that room's alone.
    local ok, room = pcall(function() return answer(find(id)) end)
    out[#out + 1] = {id, ok and room or {}}
  end
  return out
end
