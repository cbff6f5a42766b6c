-- Takes over a commit that nobody has put into a log for a while, so that only one sidecar at a time does.
-- KEYS  1 state (hash)    ARGV  1 id of the commit   2 who takes it   3 ms for which its owner is left in peace
local state = redis.call('HMGET', KEYS[1], 'open', 'record', 'since', 'leaf', 'owner')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if state[1] ~= ARGV[1] then
  return {'GONE'}
end
if state[5] ~= ARGV[2] and now - tonumber(state[3]) < tonumber(ARGV[3]) then
  return {'BUSY'}
end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'since', now)
return {'TAKEN', state[2], state[4] or ''}
