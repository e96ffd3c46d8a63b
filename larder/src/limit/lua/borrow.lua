-- Takes tokens from a bucket (GCRA). The key holds the time at which the bucket will be full again, in us.
-- KEYS[1] the bucket
-- ARGV[1] us between two tokens
-- ARGV[2] tokens in a full bucket
-- ARGV[3] tokens requested
-- Returns {tokens taken, tokens left, us until the next token is available}
local interval, burst, requested = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local full = tonumber(redis.call('GET', KEYS[1]) or now)
full = math.min(math.max(full, now), now + burst * interval) -- it can be later only if the clock was set back
local free = math.floor((now + burst * interval - full) / interval + 1e-6)
local taken = math.min(free, requested)
if taken > 0 then
  full = full + taken * interval
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil((full - now) / 1000)))
end
local left = free - taken
return {taken, left, math.max(0, math.ceil(full - now - (burst - left - 1) * interval))}
