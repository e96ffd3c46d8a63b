// SPDX-License-Identifier: MIT
// node load.mjs PORT IN_FLIGHT OPERATIONS: the load of bench/micro/redis_load.cpp, made by ioredis with automatic
// pipelining. Prints one line of JSON: operations per second and CPU time per operation.
import Redis from 'ioredis'

const [port, inFlight, operations] = process.argv.slice(2).map(Number)
const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true })
await redis.set('larder:bench', 'x'.repeat(100))

async function run(total) {
  let left = total
  const worker = async () => {
    while (left-- > 0) {
      const value = await redis.get('larder:bench')
      if (value.length !== 100) throw new Error('the reply has a wrong length')
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

await run(operations / 10)
const cpu = process.cpuUsage()
const begin = process.hrtime.bigint()
await run(operations)
const seconds = Number(process.hrtime.bigint() - begin) / 1e9
const used = process.cpuUsage(cpu)
console.log(JSON.stringify({ rate: operations / seconds, cpu_us: (used.user + used.system) / operations }))
redis.disconnect()
