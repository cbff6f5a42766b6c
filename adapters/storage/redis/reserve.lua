-- Reserves a change of a ledger before the case is committed, on the version it was decided on. It counts from now on.
-- KEYS  1 state (hash)   2 changes (list)   3 reservations (hash)   4 what is open in this slot (set)
-- ARGV  1 id of the commit   2 version it was decided on   3 reservation, or '' to prove the version only
--       4 tag of the ledger   5 changes it may have
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
redis.call('LLEN', KEYS[2])
redis.call('SCARD', KEYS[4])
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then
  return {'HELD'}
end
if redis.call('PTTL', KEYS[1]) >= 0 or redis.call('PTTL', KEYS[2]) >= 0 or redis.call('PTTL', KEYS[3]) >= 0 then
  return {'EXPIRING'}
end
if version ~= tonumber(ARGV[2]) then
  return {'MOVED', version}
end
if ARGV[3] == '' then
  return {'HELD'}
end
if version >= tonumber(ARGV[5]) then
  return {'FULL'}
end
redis.call('HSET', KEYS[1], 'version', version + 1)
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('SADD', KEYS[4], 'ledger ' .. ARGV[4])
return {'HELD'}
