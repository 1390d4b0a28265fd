-- Matches: the nodes' side.

-- close ends a request, and returns its queue, or nil if it is not there.
local function close(id)
  local f = call('HMGET', K.request .. id, 'q', 'r')
  if not f[1] then return nil end
  call('DEL', K.request .. id)
  if call('GET', K.asked .. f[2]) == id then call('DEL', K.asked .. f[2]) end
  call('ZREM', K.asks .. f[1], id)
  return f[1]
end

-- withdraw ends a request, if it is there, and has the matcher hear of it.
local function withdraw(id)
  local q = close(id)
  if q then went(q, id) end
end

-- join puts a player into a match that is there.
local function join(player, match)
  local old = call('GET', K.playing .. player)
  if old and old ~= match then call('SREM', K.players .. old, player) end
  call('SET', K.playing .. player, match, 'PX', matchKept)
  call('SADD', K.players .. match, player)
  call('PEXPIRE', K.players .. match, matchKept)
end

-- leave takes a player out of a match, if it is in it.
local function leave(player, match)
  if call('GET', K.playing .. player) == match then call('DEL', K.playing .. player) end
  call('SREM', K.players .. match, player)
end

-- put keeps a match, and reports whether its code was free.
local function put(id, code, match)
  if code ~= '' then
    local other = call('GET', K.code .. code)
    if other and call('EXISTS', K.match .. other) == 1 then return false end
    call('SET', K.code .. code, id, 'PX', matchKept)
  end
  call('HSET', K.match .. id, 'b', match, 'c', code)
  call('PEXPIRE', K.match .. id, matchKept)
  return true
end

-- touch keeps a match for longer, without its players, and reports whether it is there.
local function touch(id)
  local r = call('GET', K.asked .. id)
  if r then
    call('PEXPIRE', K.asked .. id, matchKept)
    call('PEXPIRE', K.request .. r, matchKept)
  end
  local code = call('HGET', K.match .. id, 'c')
  if not code then return false end
  call('PEXPIRE', K.match .. id, matchKept)
  call('PEXPIRE', K.players .. id, matchKept)
  if code ~= '' then call('PEXPIRE', K.code .. code, matchKept) end
  return true
end

function F.keep(id, code, match, ...)
  local old = call('HGET', K.match .. id, 'b')
  if old then return old == match and 'done' or 'exists' end
  if not put(id, code, match) then return 'exists' end
  for _, p in ipairs({...}) do join(p, id) end
  return 'done'
end

-- The match with an id, or, where that is empty, with a code, or that a player is in.
function F.match(id, code, player)
  if code ~= '' then id = call('GET', K.code .. code) end
  if player ~= '' then id = call('GET', K.playing .. player) end
  local match = id and call('HGET', K.match .. id, 'b')
  return match and {match} or 'no room'
end

-- at is where to go on with the players: 0 at first, and when the answer is that.
function F.touch(id, at)
  if at == '0' and not touch(id) then return 'no room' end
  local r = call('SSCAN', K.players .. id, at, 'COUNT', 200)
  for _, p in ipairs(r[2]) do
    if call('GET', K.playing .. p) == id then call('PEXPIRE', K.playing .. p, matchKept) end
  end
  return {r[1]}
end

-- It is to be called again as long as players are left, and answers how many it found.
function F.forget(id)
  local code = call('HGET', K.match .. id, 'c')
  if code and code ~= '' then call('DEL', K.code .. code) end
  call('DEL', K.match .. id)
  local r = call('GET', K.asked .. id)
  if r then withdraw(r) end
  local players = call('SPOP', K.players .. id, 200)
  for _, p in ipairs(players) do leave(p, id) end
  return {#players}
end

function F.joined(player, match)
  if call('EXISTS', K.match .. match) == 0 then return 'no room' end
  join(player, match)
  return 'done'
end

function F.left(player, match)
  leave(player, match)
  return 'done'
end

function F.ask(q, id, room, request)
  if call('EXISTS', K.request .. id, K.granted .. id) > 0 then return 'done' end
  local old = call('GET', K.asked .. room)
  if old then withdraw(old) end
  call('HSET', K.request .. id, 'b', request, 'q', q, 'r', room)
  call('PEXPIRE', K.request .. id, matchKept)
  call('SET', K.asked .. room, id, 'PX', matchKept)
  call('ZADD', K.asks .. q, number(q), id)
  return 'done'
end

-- It answers whether the request was granted.
function F.unask(id)
  withdraw(id)
  return {call('EXISTS', K.granted .. id)}
end
