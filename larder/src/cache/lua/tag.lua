-- Reads the version of a tag; makes one if there is none.
-- KEYS[1] the tag
-- ARGV[1] a random version, 32 characters, for a new tag
-- ARGV[2] how long a version lives without being asked for, ms: at least twice the life of the longest entry with it
-- Returns the version
local v = redis.call('GET', KEYS[1])
if not v then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('GET', KEYS[1])
