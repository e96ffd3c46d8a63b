-- Which life of this Redis it is, and what relays have applied in it. A server that was restarted, or another one that
-- took over, may have lost what was invalidated: its entries are of an epoch that is over.
-- KEYS[1] the epoch: 16 characters, a colon, and the server's run id
-- KEYS[2] the watermark: `begin`, a colon, and `end`, ids of 16 characters
-- ARGV[1] 16 random hexadecimal digits, for a new epoch; empty: only a relay may begin one
-- Returns {epoch, begin, end}; no epoch: there is none yet; nothing at all: the server is no master any more
local role = redis.pcall('INFO', 'replication')
if type(role) == 'string' and not string.find(role, 'role:master', 1, true) then return {} end
local known = redis.call('GET', KEYS[1])
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
if not known or string.sub(known, 18) ~= run then
  if ARGV[1] == '' then return {'', '', ''} end
  known = ARGV[1] .. ':' .. run
  redis.call('SET', KEYS[1], known)
  redis.call('GET', KEYS[1]) -- a write makes the server forget that this connection tracks the key; a read repairs it
end
if ARGV[1] ~= '' then return {string.sub(known, 1, 16), '', ''} end
local mark = redis.call('GET', KEYS[2]) or ''
return {string.sub(known, 1, 16), string.sub(mark, 1, 16), string.sub(mark, 18, 33)}
