-- Returns the version of a tag; creates one if there is none.
-- KEYS[1] the tag
-- ARGV[1] a random version, 32 characters, for a new tag
-- ARGV[2] ms after which a version expires unless it is read again; at least twice the longest life of an entry with
--         the tag
-- Returns the version
local v = redis.call('GET', KEYS[1])
if not v then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('GET', KEYS[1])
