-- The directory of rooms.

-- How many rooms one script frees places in: it must not keep Redis for long.
local sweepPage = 200

local at = now()

local function part(s) return #s .. ':' .. s end

local function open(kind, mode, region) return K.open .. part(kind) .. part(mode) .. part(region) end

-- settle puts a room where it belongs after it has changed.
local function settle(r)
  call('HSET', K.room .. r.id, 'taken', r.taken, 'closed', r.closed, 'due', r.due or '')
  if r.due then call('ZADD', K.due, r.due, r.id) else call('ZREM', K.due, r.id) end
  for _, region in ipairs(r.region == '' and {''} or {'', r.region}) do
    if r.closed == '0' and r.private == '0' and r.taken < r.capacity then
      call('ZADD', open(r.kind, r.mode, region), r.taken, r.id)
    else
      call('ZREM', open(r.kind, r.mode, region), r.id)
    end
  end
end

-- rest finds out when the first of a room's reservations ends.
local function rest(r)
  r.due = tonumber(call('ZRANGE', K.held .. r.id, 0, 0, 'WITHSCORES')[2])
end

-- find returns a room, with its places as they are now, or nil.
local function find(id)
  local f = call('HMGET', K.room .. id, 'b', 'kind', 'mode', 'node', 'region', 'private', 'closed', 'capacity', 'taken', 'due')
  if not f[1] then return nil end
  local r = {id = id, b = f[1], kind = f[2], mode = f[3], node = f[4], region = f[5], private = f[6], closed = f[7],
    capacity = tonumber(f[8]), taken = tonumber(f[9]), due = tonumber(f[10])}
  if r.due and r.due <= at then
    r.taken = r.taken - call('ZREMRANGEBYSCORE', K.held .. id, '-inf', at)
    rest(r)
    settle(r)
  end
  return r
end

local function answer(r) return {r.b, r.taken, tonumber(r.closed)} end

function F.add(id, b, kind, mode, node, region, private, closed, capacity, taken)
  if call('EXISTS', K.room .. id) == 1 then return 'exists' end
  call('HSET', K.room .. id, 'b', b, 'kind', kind, 'mode', mode, 'node', node, 'region', region, 'private', private,
    'closed', closed, 'capacity', capacity, 'taken', taken)
  call('ZADD', K.all, 0, id)
  call('ZADD', K.node .. node, 0, id)
  call('SADD', K.nodes, node)
  settle(find(id))
  return 'done'
end

-- hold is how long a reservation is good (ms).
function F.reserve(kind, mode, region, id, reservation, hold)
  if id == '' then
    -- Places that are free again may make another room the fullest one.
    local due = call('ZRANGEBYSCORE', K.due, '-inf', at, 'LIMIT', 0, sweepPage)
    for _, d in ipairs(due) do find(d) end
    if #due == sweepPage then return {} end -- to be called again
    id = call('ZREVRANGE', open(kind, mode, region), 0, 0)[1]
    if not id then return 'no room' end
  end
  local r = find(id)
  if not r or (kind ~= '' and r.kind ~= kind) or (mode ~= '' and r.mode ~= mode) or (region ~= '' and r.region ~= region) then
    return 'no room'
  end
  if reservation ~= '' and call('ZSCORE', K.held .. id, reservation) then return answer(r) end
  if r.closed == '1' then return 'no room' end
  if r.taken >= r.capacity then return 'full' end
  r.taken = r.taken + 1
  if reservation ~= '' then
    call('ZADD', K.held .. id, at + hold, reservation)
    rest(r)
  end
  settle(r)
  return answer(r)
end

-- It ends a reservation, frees so many places, and answers whether there was one.
function F.finish(id, reservation, free)
  local r = find(id)
  if not r or call('ZREM', K.held .. id, reservation) == 0 then return {0} end
  r.taken = r.taken - free
  rest(r)
  settle(r)
  return {1}
end

function F.release(id)
  local r = find(id)
  if r and r.taken > call('ZCARD', K.held .. id) then
    r.taken = r.taken - 1
    settle(r)
  end
  return 'done'
end

-- It answers whether the room is closed.
function F.close(id, taken)
  local r = find(id)
  if r and r.taken > tonumber(taken) then return {0} end
  if r then
    r.closed = '1'
    settle(r)
  end
  return {1}
end

function F.remove(id)
  local r = find(id)
  if not r then return 'done' end
  r.closed, r.due = '1', nil
  settle(r)
  call('ZREM', K.all, id)
  call('DEL', K.room .. id, K.held .. id)
  call('ZREM', K.node .. r.node, id)
  if call('EXISTS', K.node .. r.node) == 0 then call('SREM', K.nodes, r.node) end
  return 'done'
end

-- It removes some of a node's rooms, and answers how many.
function F.removeNode(node, page)
  local ids = call('ZRANGE', K.node .. node, 0, page - 1)
  for _, id in ipairs(ids) do F.remove(id) end
  return {#ids}
end

function F.owners() return call('SMEMBERS', K.nodes) end

-- Some of the rooms, from an id on in the form of ZRANGEBYLEX.
function F.rooms(from, page)
  local out = {}
  for _, id in ipairs(call('ZRANGEBYLEX', K.all, from, '+', 'LIMIT', 0, page)) do out[#out + 1] = answer(find(id)) end
  return out
end
