-- Ends a pass: everything that was committed before it began has been applied in this Redis.
-- KEYS as in relay_begin
-- ARGV[1] the pass's id
-- ARGV[2] the epoch in the pass's snapshot of the outbox, with the run id, as in KEYS[1]
-- ARGV[3] the name of the calling relay
-- ARGV[4] how much longer its turn lasts, ms
-- Returns 1, or 0 when this is another Redis or was restarted, or another pass has begun meanwhile
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return 0 end
if string.sub(ARGV[2], 18) ~= run or redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
local mark = redis.call('GET', KEYS[2]) or ''
if string.sub(mark, 1, 16) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. ARGV[1])
if redis.call('GET', KEYS[3]) == ARGV[3] then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
return 1
