-- Begins a pass of a relay: writes its id as the watermark's `begin`.
-- KEYS[1] the epoch, KEYS[2] the watermark, as in heartbeat; KEYS[3] whose turn it is
-- ARGV[1] the pass's id, 16 characters
-- ARGV[2] who asks
-- ARGV[3] for how long it is the turn of one that does not end a pass, ms
-- ARGV[4] "1": whosever turn it is
-- Returns {the epoch as it stands there, or empty, the server's run id}; nothing at all: it is another's turn, or the
-- server is no master any more
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return {} end
local turn = redis.call('GET', KEYS[3])
if turn and turn ~= ARGV[2] and ARGV[4] ~= '1' then return {} end
if not turn then redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3]) end
local mark = redis.call('GET', KEYS[2]) or ''
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. string.sub(mark, 18, 33))
local info = redis.pcall('INFO', 'server')
return {redis.call('GET', KEYS[1]) or '', type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'}
