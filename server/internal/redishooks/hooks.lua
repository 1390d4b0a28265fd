-- Letters of hooks. A letter is an entry of a stream; its fields are passed on as they are.

-- bury makes letters that wait for a webhook dead ones.
local function bury(to, entries, why, at, maxDead)
  local dead = K.dead .. to
  for _, e in ipairs(entries) do
    local fields = e[2]
    fields[#fields + 1], fields[#fields + 2] = 'why', why
    fields[#fields + 1], fields[#fields + 2] = 'at', at
    call('XADD', dead, '*', unpack(fields))
    call('XDEL', K.queue .. to, e[1])
  end
  local trimmed = call('XTRIM', dead, 'MAXLEN', maxDead)
  if trimmed > 0 then call('INCRBY', K.lost .. to, trimmed) end
end

-- wait puts a letter behind those that wait for a webhook.
local function wait(to, fields, maxWaiting, maxDead, overflow)
  local queue = K.queue .. to
  call('XADD', queue, '*', unpack(fields))
  local over = call('XLEN', queue) - maxWaiting
  if over > 0 then bury(to, call('XRANGE', queue, '-', '+', 'COUNT', over), overflow, now(), maxDead) end
end

-- append puts letters in whose numbers are above the last one of their writer. Each is: its
-- webhooks with commas between, id, type, room, kind, life, time, body. If letters before the first one are
-- missing it puts none in and returns the number of the last one of the writer.
function F.append(writer, first, maxWaiting, maxDead, overflow, stream, ...)
  maxWaiting, maxDead, stream = tonumber(maxWaiting), tonumber(maxDead), tonumber(stream)
  local args, number = {...}, tonumber(first)
  local last = tonumber(call('GET', K.writer .. writer) or 0)
  if number > last + 1 then return string.format('%.0f', last) end
  for i = 1, #args, 8 do
    if number > last then
      local fields = {'id', args[i + 1], 'type', args[i + 2], 'room', args[i + 3], 'kind', args[i + 4], 'life', args[i + 5], 'time', args[i + 6], 'body', args[i + 7]}
      for to in string.gmatch(args[i], '[^,]+') do wait(to, fields, maxWaiting, maxDead, overflow) end
      if stream > 0 then
        call('XADD', K.events, 'MAXLEN', '~', stream, '*', 'id', args[i + 1], 'type', args[i + 2], 'room', args[i + 3], 'kind', args[i + 4], 'event', args[i + 7])
      end
    end
    number = number + 1
  end
  if number - 1 > last then call('SET', K.writer .. writer, string.format('%.0f', number - 1), 'PX', 86400000) end
  return 'ok'
end

function F.bury(to, place, why, at, maxDead)
  bury(to, call('XRANGE', K.queue .. to, place, place), why, at, maxDead)
  return 'ok'
end

-- retry puts dead letters behind those that wait, and returns how many there were.
function F.retry(to, maxWaiting, maxDead, overflow, ...)
  local n = 0
  for _, place in ipairs({...}) do
    local e = call('XRANGE', K.dead .. to, place, place)[1]
    if e then
      local fields = {}
      for i = 1, #e[2], 2 do
        if e[2][i] ~= 'why' and e[2][i] ~= 'at' then
          fields[#fields + 1], fields[#fields + 2] = e[2][i], e[2][i + 1]
        end
      end
      call('XDEL', K.dead .. to, place)
      wait(to, fields, tonumber(maxWaiting), maxDead, overflow)
      n = n + 1
    end
  end
  return n
end

function F.counts(to)
  return {call('XLEN', K.queue .. to), call('XLEN', K.dead .. to), tonumber(call('GET', K.lost .. to) or 0)}
end
