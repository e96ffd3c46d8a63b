-- Releases a lease without storing a value.
-- KEYS[1] the entry
-- ARGV[1] owner token
-- ARGV[2] ms for which no process may load the entry again, because the load failed; 0: it may be loaded at once
-- Returns 1, or 0 when the lease is lost
local head = redis.call('GETRANGE', KEYS[1], 0, 35)
if head ~= 'LRD1' .. ARGV[1] then return 0 end
if redis.call('STRLEN', KEYS[1]) <= 50 then
  redis.call('UNLINK', KEYS[1])
elseif ARGV[2] == '0' then
  redis.call('SETRANGE', KEYS[1], 4, string.rep('0', 46))
else
  local t = redis.call('TIME')
  local ends = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]
  redis.call('SETRANGE', KEYS[1], 4, string.rep('f', 32) .. string.format('%014.0f', ends))
end
redis.call('EXISTS', KEYS[1]) -- as in acquire
return 1
