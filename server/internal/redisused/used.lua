-- Takes a seat, whose key is KEYS[1]: it is good until ARGV[1], and remembered for ARGV[2]
-- longer (ms). It looks at Redis's clock: a seat that Redis has forgotten must not look like a
-- new one to a node whose clock is behind.
local t = redis.call('TIME')
local left = tonumber(ARGV[1]) - (t[1] * 1000 + math.floor(t[2] / 1000))
if left <= 0 then return 'expired' end
if redis.call('SET', KEYS[1], '', 'NX', 'PX', left + ARGV[2]) then return 'taken' end
return 'used'
