-- Reads an entry and, if it has to be loaded, tries to take the lease.
-- KEYS[1] the entry
-- ARGV[1] epoch, 16 characters
-- ARGV[2] owner token, 32 characters
-- ARGV[3] duration of the lease, ms
-- ARGV[4] mode: "load" (take the lease unless the entry is fresh), "refresh" (take it also if the entry is no newer
--         than the caller's copy), "replace" (as "load", but do not return an entry that is no newer than the caller's
--         copy, because that copy is unusable), "peek" (never take the lease)
-- ARGV[5] creation time of the caller's copy, ms; 0: the caller has none
-- ARGV[6] a token whose lease may be taken over, because it belongs to an older load of the same process that this one
--         replaces; or empty
-- Returns {value or false, ms to its soft expiry, ms to its hard expiry, state, ms left of the lease, now in ms};
-- state: "hit", "granted", "busy" (another owner has the lease), "throttled" (a load failed recently), "miss" (only for
-- a peek), "foreign" (the key holds something else than an entry)
local sub = string.sub
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local v = redis.call('GET', KEYS[1])
if v and sub(v, 1, 4) ~= 'LRD1' then return {false, 0, 0, 'foreign', 0, now} end

local value, soft, hard, fresh = false, 0, 0, false
local wish, known = ARGV[4], tonumber(ARGV[5])
if v and #v > 50 and sub(v, 51, 66) == ARGV[1] then
  local created = tonumber(sub(v, 67, 80))
  local softly, hardly = tonumber(sub(v, 81, 94)), tonumber(sub(v, 95, 108))
  local read = created and softly and hardly and now >= created and now < hardly
  if read and not (wish == 'replace' and created <= known) then
    value, soft, hard = v, softly - now, hardly - now
    fresh = soft > 0 and not (wish == 'refresh' and created <= known)
  end
end
if fresh then return {value, soft, hard, 'hit', 0, now} end

local ends = v and tonumber(sub(v, 37, 50)) or 0
if wish == 'peek' then return {value, soft, hard, 'miss', math.max(ends - now, 0), now} end
local owner = v and sub(v, 5, 36)
if v and ends > now and owner ~= ARGV[2] and owner ~= ARGV[6] then
  local state = owner == string.rep('f', 32) and 'throttled' or 'busy'
  return {value, soft, hard, state, ends - now, now}
end
local lease = ARGV[2] .. string.format('%014.0f', now + ARGV[3])
if value then
  redis.call('SETRANGE', KEYS[1], 4, lease)
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
else
  redis.call('SET', KEYS[1], 'LRD1' .. lease, 'PX', ARGV[3])
end
redis.call('EXISTS', KEYS[1]) -- a write stops the tracking of the key for this connection; a read starts it again
return {value, soft, hard, 'granted', tonumber(ARGV[3]), now}
