-- What all scripts begin with. ARGV[1] is the prefix of the keys, ARGV[2] the name of the
-- function of F to call, and its arguments follow. K holds the keys by name; what they hold
-- is told in internal/redisdata/keys.go.
--
-- A function returns a list, or a word: 'done', or one that stands for an error.

local call = redis.call
local F = {}

-- now returns Redis's clock, in milliseconds.
local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
