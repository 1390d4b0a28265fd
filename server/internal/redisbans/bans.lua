-- Bans. A script is this text and one of the functions' calls.
--
-- KEYS[1], meta: a hash with epoch, a random text that is made with the first ban, and
--   version, which grows by one with each change
-- KEYS[2], all: a hash of bans, by subject: "VERSION TEXT"
-- KEYS[3], ends: a sorted set of the subjects of bans that end, by the time, in
--   milliseconds of Redis's clock
-- ARGV[1] is the channel on which changes are told: "EPOCH VERSION + TEXT" for a ban,
-- "EPOCH VERSION - SUBJECT" for one that was removed.

local meta, all, ends, channel = KEYS[1], KEYS[2], KEYS[3], ARGV[1]

-- forget drops some of the bans that have ended. Nobody needs to be told.
local function forget()
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  for _, subject in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('HDEL', all, subject)
    redis.call('ZREM', ends, subject)
  end
end

local function change(epoch, sign, what)
  redis.call('HSETNX', meta, 'epoch', epoch)
  epoch = redis.call('HGET', meta, 'epoch')
  local version = redis.call('HINCRBY', meta, 'version', 1)
  redis.call('PUBLISH', channel, epoch .. ' ' .. version .. ' ' .. sign .. ' ' .. what)
  return epoch, version
end

local function add()
  local epoch, size, subject, text, until_ms = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
  if redis.call('HEXISTS', all, subject) == 0 and redis.call('HLEN', all) >= size then
    forget()
    if redis.call('HLEN', all) >= size then return {'full'} end
  end
  local now_epoch, version = change(epoch, '+', text)
  redis.call('HSET', all, subject, version .. ' ' .. text)
  redis.call('ZREM', ends, subject)
  if until_ms ~= '' then redis.call('ZADD', ends, until_ms, subject) end
  return {'done', now_epoch, tostring(version)}
end

local function remove()
  local epoch, subject = ARGV[2], ARGV[3]
  local old = redis.call('HGET', all, subject)
  if not old then return {'none'} end
  redis.call('HDEL', all, subject)
  redis.call('ZREM', ends, subject)
  local now_epoch, version = change(epoch, '-', subject)
  return {'done', now_epoch, tostring(version), old}
end
