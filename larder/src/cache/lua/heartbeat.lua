-- Returns the epoch of this Redis, and its watermark. A server that was restarted, or that took over in a failover, may
-- have lost invalidations. The run id differs then, so a new epoch begins, and entries of the old one are not used.
-- KEYS[1] the epoch: 16 characters, a colon, and the server's run id
-- KEYS[2] the watermark: `begin`, a colon, and `end`, ids of 16 characters
-- ARGV[1] 16 random hexadecimal digits, for a new epoch; empty: only a relay may begin an epoch
-- Returns {epoch, begin, end}; the epoch is empty if there is none yet; {} if the server is not a master any more
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return {} end
local known = redis.call('GET', KEYS[1])
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
if not known or string.sub(known, 18) ~= run then
  if ARGV[1] == '' then return {'', '', ''} end
  known = ARGV[1] .. ':' .. run
  redis.call('SET', KEYS[1], known)
  redis.call('GET', KEYS[1]) -- a write stops the tracking of the key for this connection; a read starts it again
end
if ARGV[1] ~= '' then return {string.sub(known, 1, 16), '', ''} end
local mark = redis.call('GET', KEYS[2]) or ''
return {string.sub(known, 1, 16), string.sub(mark, 1, 16), string.sub(mark, 18, 33)}
