-- The ratings in a mode.

-- It answers whether a match was rated, and the ratings of players; empty: a new one.
function F.ratings(match, ...)
  local out = {call('EXISTS', K.rated .. match)}
  for _, p in ipairs({...}) do out[#out + 1] = call('HGET', K.players, p) or '' end
  return out
end

-- For each player there are three arguments: the id, the rating as it was read, and as it is
-- to be, empty for one who stays new. It answers whether nothing has changed since.
function F.rate(match, ttl, ...)
  if call('EXISTS', K.rated .. match) == 1 then return {0} end
  local a = {...}
  for i = 1, #a, 3 do
    if (call('HGET', K.players, a[i]) or '') ~= a[i + 1] then return {0} end
  end
  for i = 1, #a, 3 do
    if a[i + 2] ~= '' then call('HSET', K.players, a[i], a[i + 2]) end
  end
  call('SET', K.rated .. match, '1', 'PX', ttl)
  return {1}
end
