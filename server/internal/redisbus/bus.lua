-- The scripts of the bus. Ids of messages are those of the streams' entries: time and number, as
-- texts, since together they are more than a number of Lua holds.

-- split returns the two numbers of an id.
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

-- above reports whether an id comes after another one.
local function above(a, b)
  local ams, aseq = split(a)
  local bms, bseq = split(b)
  return ams > bms or ams == bms and aseq > bseq
end

-- raise has all messages come after an id from now on.
local function raise(floor)
  local known = call('GET', K.floor)
  if known and not above(floor, known) then return known end
  call('SET', K.floor, floor, 'PX', 3600000)
  return floor
end

-- following returns the id of an entry after others: Redis's choice, unless its clock is behind.
local function following(prev, floor, ms)
  local after = above(prev, floor) and prev or floor
  local ams, aseq = split(after)
  if ams < ms then return '*' end
  if aseq >= 1000000 then ams, aseq = ams + 1, -1 end
  return string.format('%.0f-%.0f', ams, aseq + 1)
end

-- touch raises the floor, and so tells that Redis answers and may be written to.
function F.touch(floor)
  return raise(floor)
end

-- last returns the newest id of streams, by their names in the keys last.
function F.last(...)
  local ids = {}
  for i, name in ipairs({...}) do
    ids[i] = call('GET', K.last .. name) or '0-0'
  end
  return ids
end

-- check returns the number of the last message that has come from a sender.
function F.check(sender)
  return call('HGET', K.sender .. sender, 'last') or '0'
end

-- other is what stands for the id of a message whose key was used for another one.
local other = 'other'

-- keyed returns the key of the idempotency key of a topic, and what is kept there for a message: without the
-- id of the entry.
local function keyed(topic, key, id, typ, data)
  return K.key .. #topic .. ':' .. topic .. ':' .. key, redis.sha1hex(id .. ' ' .. typ .. ' ' .. data)
end

-- posted returns the id of the message that was posted with a key; empty: there is none.
function F.posted(topic, key, id, typ, data)
  local kkey, digest = keyed(topic, key, id, typ, data)
  local known = call('GET', kkey)
  if not known then return '' end
  local first, body = string.match(known, '^(%S+) (%S+)$')
  return body == digest and first or other
end

-- each is how many arguments there are for each message.
local each = 7

-- post adds a batch of messages of one sender, of which the first has a number that follows that of
-- the batch before. It returns done and their ids, also if it has added them before; old for a batch
-- before that; and behind with the number up to which it has messages, if one in between is missing,
-- unless force is 1.
function F.post(sender, first, force, keep, most, mostDirect, keys, ...)
  local skey = K.sender .. sender
  first, keep = tonumber(first), tonumber(keep)
  local state = call('HMGET', skey, 'first', 'last', 'ids')
  local last = tonumber(state[2] or 0)
  if first <= last then
    if first ~= tonumber(state[1]) then return {'old'} end
    local ids = {'done'}
    for id in string.gmatch(state[3], '%S+') do ids[#ids + 1] = id end
    return ids
  end
  if first > last + 1 and force ~= '1' then return {'behind', string.format('%.0f', last)} end

  local args, ms, floor = {...}, now(), call('GET', K.floor) or '0-0'
  local newest, ids = {}, {'done'}
  for at = 1, #args, each do
    local kind, topic, from, key, id, typ, data = unpack(args, at, at + each - 1)
    local kkey, digest = nil, nil
    if key ~= '' then kkey, digest = keyed(topic, key, id, typ, data) end
    local known = kkey and call('GET', kkey)
    if known then
      local first, body = string.match(known, '^(%S+) (%S+)$')
      ids[#ids + 1] = body == digest and first or other
    else
      local name, stream, length = 't' .. topic, K.topic .. topic, most
      if kind == 'd' then name, stream, length = 'd', K.direct, mostDirect end
      local prev = newest[name] or call('GET', K.last .. name) or '0-0'
      local number = string.format('%.0f', first + (at - 1) / each)
      local entry = {'XADD', stream, 'MAXLEN', length, following(prev, floor, ms),
        'f', from, 'i', id, 'd', data, 's', sender, 'q', number, 'p', prev}
      if key ~= '' then entry[#entry + 1] = 'k'; entry[#entry + 1] = key end
      if typ ~= '' then entry[#entry + 1] = 'n'; entry[#entry + 1] = typ end
      if kind == 'd' then entry[#entry + 1] = 't'; entry[#entry + 1] = topic end
      local added = call(unpack(entry))
      newest[name] = added
      ids[#ids + 1] = added
      if kkey then call('SET', kkey, added .. ' ' .. digest, 'PX', keys) end
    end
  end
  for name, id in pairs(newest) do
    local stream = name == 'd' and K.direct or K.topic .. string.sub(name, 2)
    call('XTRIM', stream, 'MINID', string.format('%.0f', math.max(ms - keep, 0)))
    call('PEXPIRE', stream, keep + 60000)
    call('SET', K.last .. name, id, 'PX', keep + 60000)
  end
  call('HSET', skey, 'first', first, 'last', first + #args / each - 1, 'ids', table.concat(ids, ' ', 2))
  call('PEXPIRE', skey, 86400000)
  return ids
end
