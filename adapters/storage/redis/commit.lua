-- Commits one decision on a case: all of it or nothing, on one key slot, by this store's own clock.
--
-- KEYS  1 state (hash)   2 events (list)   3 answer to the request identifier (hash)   4 what is open in this slot (set)
--       5 commits that may no longer happen (set)
-- ARGV  1 tag of the case          2 id of the commit       3 version it was decided on   4 digest at that version, or ''
--       5 number of the policy     6, 7 window in ms, or ''                               8 item for the events, or ''
--       9 digest after the event  10 record for the log    11 who commits               12 act asked under the identifier, or ''
--      13 answer                  14 ms for which the identifier is known
--
-- Everything is read before anything is written: an error of a command stops a script, but takes nothing back.
local state = redis.call('HMGET', KEYS[1], 'version', 'digest', 'leaf', 'open', 'record', 'since', 'owner', 'policy')
local version = tonumber(state[1] or '0')
local events = redis.call('LLEN', KEYS[2])
local answer = redis.call('HMGET', KEYS[3], 'commit', 'act', 'answer')
local void = redis.call('SISMEMBER', KEYS[5], ARGV[2])
redis.call('SCARD', KEYS[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The same request again gets its first answer, once that is in a log.
if ARGV[12] ~= '' and answer[1] and answer[1] ~= state[4] then
  return {'REPLAYED', answer[2], answer[3]}
end
-- One commit at a time: the one before is not yet in a log, and nobody knows its leaf.
if state[4] then
  return {'OPEN', state[4], state[7], now - tonumber(state[6])}
end
if redis.call('PTTL', KEYS[1]) >= 0 or redis.call('PTTL', KEYS[2]) >= 0 then
  return {'EXPIRING'}
end
if void == 1 then
  return {'VOID'}
end
if events ~= version then
  return {'BEHIND', version, events}
end
if version ~= tonumber(ARGV[3]) then
  return {'MOVED', version}
end
if ARGV[4] ~= '' and ARGV[4] ~= state[2] then
  return {'ALTERED'}
end
if tonumber(ARGV[5]) > 0 and tonumber(ARGV[5]) < tonumber(state[8] or '0') then
  return {'STALE', state[8]}
end
if ARGV[6] ~= '' and (now < tonumber(ARGV[6]) or now >= tonumber(ARGV[7])) then
  return {'OUTSIDE', now}
end

redis.call('HSET', KEYS[1], 'open', ARGV[2], 'record', ARGV[10], 'since', now, 'owner', ARGV[11])
redis.call('SADD', KEYS[4], 'case ' .. ARGV[1])
if ARGV[8] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[8])
  redis.call('HSET', KEYS[1], 'version', version + 1, 'digest', ARGV[9])
end
if tonumber(ARGV[5]) > tonumber(state[8] or '0') then
  redis.call('HSET', KEYS[1], 'policy', ARGV[5])
end
if ARGV[12] ~= '' then
  redis.call('HSET', KEYS[3], 'commit', ARGV[2], 'act', ARGV[12], 'answer', ARGV[13])
  redis.call('PEXPIRE', KEYS[3], ARGV[14])
end
return {'DONE', state[3] or ''}
