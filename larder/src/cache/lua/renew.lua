-- Extends a lease while its load is running.
-- KEYS[1] the entry
-- ARGV[1] owner token
-- ARGV[2] duration of the lease from now on, ms
-- Returns 1, or 0 when the lease is lost
local head = redis.call('GETRANGE', KEYS[1], 0, 35)
if head ~= 'LRD1' .. ARGV[1] then return 0 end
local t = redis.call('TIME')
local ends = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]
redis.call('SETRANGE', KEYS[1], 36, string.format('%014.0f', ends))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('EXISTS', KEYS[1]) -- as in acquire
return 1
