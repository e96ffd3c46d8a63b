// SPDX-License-Identifier: MIT
// Checks that Upstash's own client works with our front.mjs, so that the C++ client can be tested against it.
// Prints the number of checks.
import { Redis } from '@upstash/redis'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'

const children = []
process.on('exit', () => children.forEach((c) => c.kill('SIGKILL')))
setTimeout(() => { console.error('too slow'); process.exit(1) }, 60_000).unref()


const probe = net.createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const redisPort = String(probe.address().port)
probe.close()
const server = spawn('/usr/bin/redis-server', ['--port', redisPort, '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' })
children.push(server)
const front = spawn(process.execPath, [new URL('front.mjs', import.meta.url).pathname, redisPort, 'secret'], { stdio: ['ignore', 'pipe', 'inherit'] })
children.push(front)
const port = /listening on (\d+)/.exec(String((await once(front.stdout, 'data'))[0]))[1]
const url = `http://127.0.0.1:${port}`

let count = 0
const equal = (actual, expected) => { assert.deepEqual(actual, expected); count++ }
for (const enableAutoPipelining of [true, false]) {
  const redis = new Redis({ url, token: 'secret', enableAutoPipelining, retry: { retries: 20, backoff: () => 50 } })
  for (let tries = 0; tries < 100; tries++) {
    try { await redis.flushall(); break } catch { await new Promise((r) => setTimeout(r, 50)) }
  }
  equal(await redis.set('k', 'v'), 'OK')
  equal(await redis.get('k'), 'v')
  equal(await redis.get('absent'), null)
  equal(await redis.set('json', { a: [1, 'ü'] }), 'OK')
  equal(await redis.get('json'), { a: [1, 'ü'] })
  equal(await redis.set('odd', 'a\r\n*1\r\n\u0000😀'), 'OK')
  equal(await redis.get('odd'), 'a\r\n*1\r\n\u0000😀')
  equal(await redis.incrby('n', 41), 41)
  equal(await redis.hset('h', { f: 'x', g: 2 }), 2)
  equal(await redis.hgetall('h'), { f: 'x', g: 2 })
  equal(await redis.rpush('l', 'a', 'b', 'c'), 3)
  equal(await redis.lrange('l', 0, -1), ['a', 'b', 'c'])
  equal(await redis.zadd('z', { score: 1.5, member: 'one' }), 1)
  equal(await redis.zrange('z', 0, -1, { withScores: true }), ['one', 1.5])
  equal(await redis.mget('k', 'absent', 'n'), ['v', null, 41])
  equal(await redis.set('t', 1, { ex: 60, nx: true }), 'OK')
  equal(await redis.set('t', 1, { nx: true }), null)
  assert.ok(await redis.ttl('t') > 50)
  equal(await redis.pipeline().set('p', 1).incr('p').get('p').exec(), ['OK', 2, 2])
  equal(await redis.multi().incr('p').get('p').exec(), [3, 3])
  equal(await redis.eval('return {KEYS[1], ARGV[1]}', ['key'], ['arg']), ['key', 'arg'])
  equal((await redis.scan(0, { count: 1000 }))[0], '0')
  equal(await redis.del('k', 'absent'), 1)
  await assert.rejects(redis.lpush('p', 'x'), /WRONGTYPE/)
  const channel = redis.subscribe(['news'])
  const message = new Promise((resolve) => channel.on('message', (m) => resolve(m.message)))
  await new Promise((resolve) => channel.on('subscribe', resolve))
  await redis.publish('news', 'a,b')
  equal(await message, 'a,b')
  await channel.unsubscribe()
}
await assert.rejects(new Redis({ url, token: 'wrong', retry: false }).get('k'), /Unauthorized/)
console.log(`${count + 3} checks passed`)
process.exit(0)
