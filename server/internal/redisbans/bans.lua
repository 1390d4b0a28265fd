-- Bans.

-- forget drops some of the bans that have ended. Nobody needs to be told.
local function forget()
  for _, subject in ipairs(call('ZRANGEBYSCORE', K.ends, '-inf', now(), 'LIMIT', 0, 100)) do
    call('HDEL', K.all, subject)
    call('ZREM', K.ends, subject)
  end
end

-- change tells of a change, and returns its epoch and its version. epoch is for the first
-- change of all.
local function change(epoch, sign, what)
  call('HSETNX', K.meta, 'epoch', epoch)
  epoch = call('HGET', K.meta, 'epoch')
  local version = call('HINCRBY', K.meta, 'version', 1)
  call('PUBLISH', K.changes, epoch .. ' ' .. version .. ' ' .. sign .. ' ' .. what)
  return epoch, tostring(version)
end

-- ends is when the ban ends (ms); empty: never.
function F.add(epoch, size, subject, ban, ends)
  if call('HEXISTS', K.all, subject) == 0 and call('HLEN', K.all) >= tonumber(size) then
    forget()
    if call('HLEN', K.all) >= tonumber(size) then return {'full'} end
  end
  local at, version = change(epoch, '+', ban)
  call('HSET', K.all, subject, version .. ' ' .. ban)
  call('ZREM', K.ends, subject)
  if ends ~= '' then call('ZADD', K.ends, ends, subject) end
  return {'done', at, version}
end

function F.remove(epoch, subject)
  local old = call('HGET', K.all, subject)
  if not old then return {'none'} end
  call('HDEL', K.all, subject)
  call('ZREM', K.ends, subject)
  local at, version = change(epoch, '-', subject)
  return {'done', at, version, old}
end
