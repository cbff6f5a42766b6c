-- A commit is in a log: its leaf is known, and the case is open for the next one.
-- KEYS  1 state (hash)   2 what is open in this slot (set)    ARGV  1 id of the commit   2 leaf hash   3 tag of the case
if redis.call('HGET', KEYS[1], 'open') ~= ARGV[1] then
  return {'GONE'}
end
redis.call('SCARD', KEYS[2])
redis.call('HSET', KEYS[1], 'leaf', ARGV[2])
redis.call('HDEL', KEYS[1], 'open', 'record', 'since', 'owner')
redis.call('SREM', KEYS[2], 'case ' .. ARGV[3])
return {'SETTLED'}
