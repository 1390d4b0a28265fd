-- Nodes.

function F.beat(id, node, ttl)
  call('HSET', K.nodes, id, node)
  call('ZADD', K.silent, now() + ttl, id)
  return 'done'
end

function F.leave(id)
  call('HDEL', K.nodes, id)
  call('ZREM', K.silent, id)
  return 'done'
end

function F.nodes()
  for _, id in ipairs(call('ZRANGEBYSCORE', K.silent, '-inf', now())) do F.leave(id) end
  return call('HVALS', K.nodes)
end
