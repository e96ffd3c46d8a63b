-- Puts a session into its owner's index, which lives at least as long as the longest session that it was told of.
-- KEYS[1] the index: a sorted set of ids by when they end, in s since 1970
-- ARGV[1] the session's id
-- ARGV[2] s until it ends
-- Returns up to 16 ids that should have ended. Others may have moved their ends without a word: look before dropping them
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < ARGV[2] * 1000 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16)
