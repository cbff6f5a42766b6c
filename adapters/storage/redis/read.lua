-- A case as it is, or its newer part.   KEYS  1 state (hash)   2 events (list)    ARGV  1 index of the first event wanted
local state = redis.call('HMGET', KEYS[1], 'version', 'digest')
return {'READ', tonumber(state[1] or '0'), state[2] or '', redis.call('LRANGE', KEYS[2], ARGV[1], -1)}
