-- Adds a session to its owner's index, which expires no earlier than the last of the sessions added to it.
-- KEYS[1] the index: a sorted set of session ids; the score is the session's expiry time, in s since 1970
-- ARGV[1] the session's id
-- ARGV[2] s until the session expires
-- Returns up to 16 ids whose time has passed. Others may have extended these sessions: check before removing them
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < ARGV[2] * 1000 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16)
