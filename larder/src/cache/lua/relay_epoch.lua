-- Begins the epoch that the relay has written to the database. Entries of earlier epochs are never used again.
-- KEYS[1] the epoch, KEYS[2] the watermark
-- ARGV[1] the epoch, with the run id of the server that it was made for
-- Returns 1, or 0 when this is another server
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return 0 end
if string.sub(ARGV[1], 18) ~= run then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('UNLINK', KEYS[2])
return 1
