-- Tickets: the players' side.

-- text returns a number with all of its digits.
local function text(n) return string.format('%.0f', n) end

-- number returns the next number of a queue. It is the time in microseconds, or one more
-- than the last: so numbers go on rising if a replica takes over that lacks the last ones.
local function number(q)
  local t = call('TIME')
  local n = t[1] * 1000000 + t[2]
  n = math.max(n, tonumber(call('HGET', K.queue .. q, 'n') or 0) + 1)
  call('HSET', K.queue .. q, 'n', text(n))
  return text(n)
end

-- went notes that a ticket or a request has ended.
local function went(q, id)
  call('ZADD', K.gone .. q, number(q), id)
  call('ZREMRANGEBYRANK', K.gone .. q, 0, -goneKept - 1)
end

local function tell(ids)
  if #ids > 0 then call('PUBLISH', K.events, cjson.encode(ids)) end
end

-- begin has a ticket wait. Now and then it drops those of the oldest that waits which have
-- expired, since no matcher runs that would.
local function begin(id, q)
  call('HSET', K.ticket .. id, 's', '2')
  local n = number(q)
  call('ZADD', K.waits .. q, n, id)
  if tonumber(n) % 64 == 0 then
    for _, w in ipairs(call('ZRANGE', K.waits .. q, 0, 127)) do
      if call('EXISTS', K.ticket .. w) == 0 then call('ZREM', K.waits .. q, w) end
    end
  end
end

-- finish gives a ticket its final state. players are packed.
local function finish(id, q, players, state)
  call('HSET', K.ticket .. id, 's', state)
  call('PEXPIRE', K.ticket .. id, endedKept)
  call('ZREM', K.waits .. q, id)
  for _, p in ipairs(cmsgpack.unpack(players)) do
    if call('GET', K.player .. p) == id then call('DEL', K.player .. p) end
  end
end

-- queued returns the ticket that a player is ready in and that has not ended, or nil.
local function queued(player)
  local id = call('GET', K.player .. player)
  local s = id and call('HGET', K.ticket .. id, 's')
  return s and tonumber(s) < 3 and id or nil
end

-- status returns a ticket: itself, its state, its match, how many wait.
local function status(id)
  local f = call('HMGET', K.ticket .. id, 'b', 's', 'm', 'q')
  if not f[1] then return 'no ticket' end
  return {f[1], f[2], f[3] or '', call('ZCARD', K.waits .. f[4])}
end

F.ticket = status

-- waits is 1 if all are ready; ttl is how long it is kept (ms); the first ones of the players
-- are ready.
function F.add(id, q, ticket, waits, ttl, ready, ...)
  if call('EXISTS', K.ticket .. id) == 1 then return 'done' end
  local players = {...}
  for i = 1, tonumber(ready) do
    local other = queued(players[i])
    if other then return {players[i], other} end
  end
  call('HSET', K.ticket .. id, 'b', ticket, 'q', q, 's', '1', 'p', cmsgpack.pack(players))
  call('PEXPIRE', K.ticket .. id, ttl)
  for i = 1, tonumber(ready) do call('SET', K.player .. players[i], id, 'PX', ttl) end
  if waits == '1' then begin(id, q) end
  return 'done'
end

-- was is the ticket as it was read; if it has changed since, the answer is empty.
function F.ready(id, was, ticket, waits, ttl, player)
  local f = call('HMGET', K.ticket .. id, 'b', 's', 'q', 'p')
  if f[1] ~= was or f[2] ~= '1' then return {} end
  local other = queued(player)
  if other and other ~= id then return {player, other} end
  call('SET', K.player .. player, id, 'PX', ttl)
  call('HSET', K.ticket .. id, 'b', ticket)
  if waits == '1' then
    call('PEXPIRE', K.ticket .. id, ttl)
    for _, p in ipairs(cmsgpack.unpack(f[4])) do call('PEXPIRE', K.player .. p, ttl) end
    begin(id, f[3])
  end
  tell({id})
  return status(id)
end

function F.cancel(id, player)
  local f = call('HMGET', K.ticket .. id, 's', 'q', 'p')
  if not f[1] then return 'no ticket' end
  local member = false
  for _, p in ipairs(cmsgpack.unpack(f[3])) do member = member or p == player end
  if not member then return 'no ticket' end
  if tonumber(f[1]) < 3 then
    finish(id, f[2], f[3], '4')
    if f[1] == '2' then went(f[2], id) end
    tell({id})
  end
  return status(id)
end

function F.of(player)
  local id = queued(player)
  return id and {id} or 'no ticket'
end
