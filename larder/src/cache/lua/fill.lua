-- Stores a value that was loaded under a lease.
-- KEYS[1] the entry
-- ARGV[1] owner token
-- ARGV[2] ms until the hard expiry
-- ARGV[3] the entry's bytes, without a lease
-- Returns 1, or 0 when the lease is lost: another owner has it, or the entry was invalidated meanwhile
if redis.call('GETRANGE', KEYS[1], '4', '35') ~= ARGV[1] then return 0 end -- strings, as passing numbers is slower
redis.call('PSETEX', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXISTS', KEYS[1]) -- as in acquire
return 1
