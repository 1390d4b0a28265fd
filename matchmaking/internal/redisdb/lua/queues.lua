-- Queues: the matcher's side.

local function holds(q, token, owner)
  local h = call('HMGET', K.queue .. q, 'token', 'owner')
  return h[1] == token and h[2] == owner
end

function F.lease(q, owner, ttl)
  local t = now()
  local f = call('HMGET', K.queue .. q, 'token', 'owner', 'until')
  local token = f[1]
  if f[3] and tonumber(f[3]) > t then
    if f[2] ~= owner then return 'held' end
  else
    token = tostring(call('HINCRBY', K.queue .. q, 'token', 1))
  end
  call('HSET', K.queue .. q, 'owner', owner, 'until', t + ttl)
  return {token}
end

function F.release(q, token, owner)
  if holds(q, token, owner) then call('HSET', K.queue .. q, 'until', 0) end
  return 'done'
end

-- What has come with a number above from, at most page tickets, and what is gone. It answers
-- whether that is from the beginning, up to which number it goes, whether there is more,
-- tickets, requests, and the ids of those that are gone.
function F.changes(q, from, page)
  local newest = call('HGET', K.queue .. q, 'n') or '0'
  local anew = from == '0' or tonumber(from) > tonumber(newest)
  if anew then from = '0' end
  local upto, tickets, requests, gone = newest, {}, {}, {}
  local r = call('ZRANGEBYSCORE', K.waits .. q, '(' .. from, newest, 'WITHSCORES', 'LIMIT', 0, page)
  for i = 1, #r, 2 do
    local t = call('HGET', K.ticket .. r[i], 'b')
    if t then tickets[#tickets + 1] = t else call('ZREM', K.waits .. q, r[i]) end
  end
  if #r == 2 * page then upto = r[#r] end
  for _, id in ipairs(call('ZRANGEBYSCORE', K.asks .. q, '(' .. from, upto)) do
    local b = call('HGET', K.request .. id, 'b')
    if b then requests[#requests + 1] = b else call('ZREM', K.asks .. q, id) end
  end
  if not anew then gone = call('ZRANGEBYSCORE', K.gone .. q, '(' .. from, upto) end
  return {anew and 1 or 0, upto, upto ~= newest and 1 or 0, tickets, requests, gone}
end

-- It answers the tickets, and the request, that are gone.
function F.commit(q, token, owner, id, code, match, request, ...)
  if not holds(q, token, owner) then return 'fenced' end
  local tickets, players, gone, had = {...}, {}, {}, 0
  for i, t in ipairs(tickets) do
    local f = call('HMGET', K.ticket .. t, 's', 'q', 'p', 'm')
    players[i] = f[3]
    if f[1] ~= '2' or f[2] ~= q then gone[#gone + 1] = t end
    if f[1] == '3' and f[4] == id then had = had + 1 end
  end
  if had > 0 and had == #tickets then return {} end -- it was committed before
  if request ~= '' and call('HGET', K.request .. request, 'q') ~= q then gone[#gone + 1] = request end
  if #gone > 0 then return gone end
  if request ~= '' and call('EXISTS', K.match .. id) == 1 then
    call('HSET', K.match .. id, 'b', match)
  elseif call('EXISTS', K.match .. id) == 1 or not put(id, code, match) then
    return 'exists'
  end
  if request ~= '' then
    close(request)
    call('SET', K.granted .. request, '1', 'PX', matchKept)
    touch(id)
  end
  for i, t in ipairs(tickets) do
    call('HSET', K.ticket .. t, 'm', id)
    finish(t, q, players[i], '3')
    for _, p in ipairs(cmsgpack.unpack(players[i])) do join(p, id) end
  end
  tell(tickets)
  return {}
end

function F.giveup(q, token, owner, ...)
  if not holds(q, token, owner) then return 'fenced' end
  local ended = {}
  for _, id in ipairs({...}) do
    local f = call('HMGET', K.ticket .. id, 's', 'q', 'p')
    if f[1] == '2' and f[2] == q then
      finish(id, q, f[3], '5')
      ended[#ended + 1] = id
    end
  end
  tell(ended)
  return 'done'
end
