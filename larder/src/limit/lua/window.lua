-- Counts a hit in an exact sliding window. The key holds a list of the times of the admitted hits, in us, newest last.
-- KEYS[1] the list
-- ARGV[1] quota
-- ARGV[2] window, us
-- Returns {1 admitted or 0 refused, hits left in the window, us until the oldest leaves it}; refused hits do not count
local quota, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local t = redis.call('TIME')
local clock = t[1] * 1000000 + t[2]
local newest = tonumber(redis.call('LINDEX', KEYS[1], '-1') or 0)
if newest > clock + window then -- the clock was set back by more than a window
  redis.call('UNLINK', KEYS[1])
  newest = 0
end
local now = math.max(clock, newest)

local gone, oldest = 0, nil
repeat
  local some = redis.call('LRANGE', KEYS[1], gone, gone + 15)
  for _, at in ipairs(some) do
    if tonumber(at) > now - window then oldest = tonumber(at) break end
    gone = gone + 1
  end
until oldest or #some < 16
if gone > 0 then redis.call('LTRIM', KEYS[1], gone, '-1') end

local count = redis.call('LLEN', KEYS[1])
local admitted = 0
if count < quota then
  count = redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil((now - clock + window) / 1000) + 1)
  admitted = 1
end
return {admitted, quota - count, (oldest or now) + window - clock}
