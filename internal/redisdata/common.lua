-- What all scripts begin with, after K, the keys by name, which keys.go explains. ARGV[1] is
-- the prefix of the keys, ARGV[2] the name of the function of F to call, and its arguments
-- follow.

local call = redis.call
local F = {}

-- now returns Redis's clock, in milliseconds.
local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
