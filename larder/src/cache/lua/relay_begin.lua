-- Begins a pass of a relay: writes its id as the watermark's `begin`.
-- KEYS[1] the epoch, KEYS[2] the watermark, as in heartbeat; KEYS[3] the turn: the name of the relay that is working
-- ARGV[1] the pass's id, 16 characters
-- ARGV[2] the name of the calling relay
-- ARGV[3] how long the turn lasts if the relay does not end a pass, ms
-- ARGV[4] "1": begin even if it is another relay's turn
-- Returns {the value of the epoch key, or empty; the server's run id}; {} if it is another relay's turn, or the server
-- is not a master any more
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return {} end
local turn = redis.call('GET', KEYS[3])
if turn and turn ~= ARGV[2] and ARGV[4] ~= '1' then return {} end
if not turn then redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3]) end
local mark = redis.call('GET', KEYS[2]) or ''
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. string.sub(mark, 18, 33))
local info = redis.pcall('INFO', 'server')
return {redis.call('GET', KEYS[1]) or '', type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'}
