-- Ends a reservation: the case was committed and the change stands, or it was not and never will be.
-- KEYS  as reserve.lua    ARGV  1 id of the commit   2 the change that stands, or '' to give back   3 tag of the ledger
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
  return {'GONE'}
end
redis.call('LLEN', KEYS[2])
redis.call('SCARD', KEYS[4])
redis.call('HGET', KEYS[1], 'version')
if ARGV[2] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[1] .. '\n' .. ARGV[2])
else
  redis.call('HINCRBY', KEYS[1], 'version', 1)
end
redis.call('HDEL', KEYS[3], ARGV[1])
if redis.call('HLEN', KEYS[3]) == 0 then
  redis.call('SREM', KEYS[4], 'ledger ' .. ARGV[3])
end
return {'RESOLVED'}
