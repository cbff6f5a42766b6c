-- A ledger as it is, or its newer part.
-- KEYS  1 state (hash)   2 changes (list)   3 reservations (hash)    ARGV  1 index of the first change wanted
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
return {'READ', version, redis.call('LRANGE', KEYS[2], ARGV[1], -1), redis.call('HGETALL', KEYS[3])}
