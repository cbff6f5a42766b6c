-- Puts a case in place as the logs tell it. What is open and in none of them was never answered; it is dropped when it has been open
-- for so long that nobody works on it any more.
-- KEYS  1 state (hash)   2 events (list)   3 what is open in this slot (set)
-- ARGV  1 tag of the case   2 digest   3 leaf   4 ids of all commits in the logs, each with a line feed
--       5 ms after which nobody works on what is open   6… items of the events
local open = redis.call('HMGET', KEYS[1], 'open', 'since', 'policy')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local logged = open[1] and string.find('\n' .. ARGV[4], '\n' .. open[1] .. '\n', 1, true)
if open[1] and not logged and now - tonumber(open[2] or now) < tonumber(ARGV[5]) then
  return {'OPEN', open[1]}
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'version', #ARGV - 5, 'digest', ARGV[2], 'leaf', ARGV[3])
if open[3] then
  redis.call('HSET', KEYS[1], 'policy', open[3])
end
for n = 6, #ARGV do
  redis.call('RPUSH', KEYS[2], ARGV[n])
end
redis.call('SREM', KEYS[3], 'case ' .. ARGV[1])
return {'REBUILT'}
