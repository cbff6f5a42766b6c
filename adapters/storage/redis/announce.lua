-- The number of a policy in the order in which sidecars of this store began to serve it. A sidecar that changes from one policy to
-- another makes the other the newest; one that starts takes the number its policy has.
-- KEYS  1 numbers (hash)    ARGV  1 digest   2 '1' to make it the newest
local known = redis.call('HMGET', KEYS[1], ARGV[1], 'newest')
if known[1] and (ARGV[2] ~= '1' or known[1] == known[2]) then
  return {'NUMBER', tonumber(known[1])}
end
local number = tonumber(known[2] or '0') + 1
redis.call('HSET', KEYS[1], ARGV[1], number, 'newest', number)
return {'NUMBER', number}
