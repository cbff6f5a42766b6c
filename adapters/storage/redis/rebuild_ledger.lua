-- Puts a ledger in place as the logs tell it; what is reserved stays reserved.
-- KEYS  1 state (hash)   2 changes (list)   3 reservations (hash)    ARGV  1 version   2… items of the changes
local version = math.max(tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'version') or '0'))
redis.call('DEL', KEYS[2])
for n = 2, #ARGV do
  redis.call('RPUSH', KEYS[2], ARGV[n])
  redis.call('HDEL', KEYS[3], string.match(ARGV[n], '^[^\n]*'))
end
redis.call('HSET', KEYS[1], 'version', version)
return {'REBUILT'}
