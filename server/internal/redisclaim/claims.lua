-- Claims: who has what of which there is one at a time.

local at = now()

local function digits(n) return string.format('%.0f', n) end

-- find returns a claim as it is.
local function find(name)
  local f = call('HMGET', K.claim .. name, 'owner', 'epoch', 'note', 'until', 'wanted')
  return {name = name, owner = f[1] or '', epoch = tonumber(f[2] or nil) or 0, note = f[3] or '',
    ends = tonumber(f[4] or nil) or 0, wanted = tonumber(f[5] or nil) or at}
end

local function keep(c)
  call('HSET', K.claim .. c.name, 'owner', c.owner, 'epoch', digits(c.epoch), 'note', c.note, 'until', digits(c.ends), 'wanted', digits(c.wanted))
  call('PEXPIREAT', K.claim .. c.name, digits(math.max(c.ends, c.wanted) + kept))
end

local function answer(c) return {c.owner, digits(c.epoch), c.note, digits(c.ends - at), digits(at - c.wanted)} end

-- It takes names, each with whether it is to be taken, and above which epoch.
function F.want(owner, lease, ...)
  local args, out = {...}, {}
  for i = 1, #args, 3 do
    local c = find(args[i])
    c.wanted = at
    if args[i + 1] == '1' and (c.owner == '' or c.ends <= at) then
      -- By the clock, so that it rises also after this was forgotten.
      c.owner, c.epoch, c.note, c.ends = owner, math.max(c.epoch + 1, tonumber(args[i + 2]) + 1, at), '', at + lease
    end
    keep(c)
    out[#out + 1] = answer(c)
  end
  return out
end

-- It takes names, each with owner, epoch and note.
function F.renew(lease, ...)
  local args, out = {...}, {}
  for i = 1, #args, 4 do
    local c = find(args[i])
    if c.epoch == 0 then c.owner, c.epoch, c.wanted = args[i + 1], tonumber(args[i + 2]), at end
    if c.owner == args[i + 1] and c.epoch == tonumber(args[i + 2]) then
      c.note, c.ends = args[i + 3], at + lease
      keep(c)
    end
    out[#out + 1] = answer(c)
  end
  return out
end

function F.release(name, owner, epoch)
  local c = find(name)
  if c.owner == owner and c.epoch == tonumber(epoch) then
    c.owner, c.note, c.ends = '', '', at
    keep(c)
  end
  return 'done'
end
