-- Whether a commit has happened; if not, it never will: what was reserved for it elsewhere can be given back.
-- KEYS  1 state (hash)   2 events (list)   3 commits that may no longer happen (set)    ARGV  1 id of the commit   2 ms to remember
if redis.call('HGET', KEYS[1], 'open') == ARGV[1] then
  return {'OPEN'}
end
local begins = ARGV[1] .. '\n'
for _, item in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if string.sub(item, 1, #begins) == begins then
    return {'HAPPENED'}
  end
end
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return {'VOID'}
