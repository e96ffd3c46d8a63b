// SPDX-License-Identifier: MIT
// node front.mjs REDIS_PORT TOKEN: Upstash's REST interface in front of a real Redis, for tests. Prints "listening on
// PORT". check.mjs verifies with Upstash's own client that it implements the interface correctly. Start at serve().
// Source: upstash.com/docs/redis/features/restapi
import http from 'node:http'
import net from 'node:net'

const [redisPort, token] = process.argv.slice(2)
const bodyLimit = 10 * 1024 * 1024

// Parses a RESP2 reply: strings become Buffers, errors {error}, others numbers, null or arrays. undefined: incomplete.
function parse(buffer, at = 0) {
  const end = buffer.indexOf('\r\n', at)
  if (end < 0) return undefined
  const text = buffer.toString('latin1', at + 1, end)
  const next = end + 2
  switch (String.fromCharCode(buffer[at])) {
    case '+': return { value: Buffer.from(text, 'latin1'), simple: true, next }
    case '-': return { value: { error: text }, next }
    case ':': return { value: Number(text), next }
    case '$': {
      const size = Number(text)
      if (size < 0) return { value: null, next }
      if (buffer.length < next + size + 2) return undefined
      return { value: buffer.subarray(next, next + size), next: next + size + 2 }
    }
    default: {
      const items = []
      let position = next
      if (Number(text) < 0) return { value: null, next }
      for (let i = 0; i < Number(text); i++) {
        const item = parse(buffer, position)
        if (!item) return undefined
        items.push(item.value)
        position = item.next
      }
      return { value: items, next: position }
    }
  }
}

const bytesOf = (argument) => Buffer.isBuffer(argument) ? argument : Buffer.from(typeof argument === 'object' ? JSON.stringify(argument) : String(argument))
const encode = (command) => Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...command.map(bytesOf).flatMap((b) => [Buffer.from(`$${b.length}\r\n`), b, Buffer.from('\r\n')])])

// One connection. Replies arrive in the order of the commands.
class Redis {
  waiting = []
  input = Buffer.alloc(0)

  connect() {
    if (this.socket) return
    const lost = () => {
      this.socket = undefined
      this.input = Buffer.alloc(0)
      for (const w of this.waiting.splice(0)) w.reject(new Error('Redis is not there'))
    }
    this.socket = net.connect(Number(redisPort), '127.0.0.1').setNoDelay().on('close', lost).on('error', () => {})
    this.socket.on('data', (data) => {
      this.input = Buffer.concat([this.input, data])
      for (let reply; this.input.length > 0 && (reply = parse(this.input)); this.input = this.input.subarray(reply.next)) {
        if (this.waiting.length > 0) this.waiting.shift().resolve(reply.value)
        else this.onmessage?.(reply.value)
      }
    })
  }

  run(commands) {
    this.connect()
    const replies = commands.map(() => new Promise((resolve, reject) => this.waiting.push({ resolve, reject })))
    this.socket.write(Buffer.concat(commands.map(encode)))
    return Promise.all(replies)
  }
}
const redis = new Redis()

function toJson(value, base64) {
  if (Buffer.isBuffer(value)) return base64 && value.toString('latin1') !== 'OK' ? value.toString('base64') : value.toString('utf8')
  if (Array.isArray(value)) return value.map((v) => toJson(v, base64))
  return value?.error !== undefined ? value.error : value
}
const answer = (value, base64) => value?.error !== undefined ? { error: value.error } : { result: toJson(value, base64) }

function toResp2(value) {
  if (value === null) return Buffer.from('$-1\r\n')
  if (typeof value === 'number') return Buffer.from(`:${value}\r\n`)
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])
  if (Array.isArray(value)) return Buffer.concat([Buffer.from(`*${value.length}\r\n`), ...value.map(toResp2)])
  return Buffer.from(`-${value.error}\r\n`)
}

function send(response, status, body, type = 'application/json') {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length, 'upstash-sync-token': 'c3luYw' }).end(bytes)
}

async function subscribe(word, name, response) {
  const line = new Redis()
  response.on('close', () => line.socket?.destroy())
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const event = (parts) => response.write(`data: ${parts.map((p) => Buffer.isBuffer(p) ? p.toString() : p).join(',')}\n\n`)
  line.onmessage = event
  event((await line.run([[word, name]]))[0])
}

async function serve(request, body, response) {
  const url = new URL(request.url, 'http://front')
  const segments = url.pathname.split('/').slice(1).filter((s) => s !== '').map(decodeURIComponent)
  const given = request.headers.authorization?.replace(/^Bearer /, '') ?? url.searchParams.get('_token')
  if (!['GET', 'HEAD', 'POST', 'PUT'].includes(request.method)) return send(response, 405, { error: 'Method Not Allowed' })
  if (given !== token) return send(response, 401, { error: 'Unauthorized' })
  const base64 = request.headers['upstash-encoding'] === 'base64'
  const resp2 = request.headers['upstash-response-format'] === 'resp2'
  const multi = segments[0] === 'multi-exec'
  if (resp2 && (base64 || multi)) return send(response, 400, { error: 'ERR resp2 goes with neither base64 nor multi-exec' })
  const list = () => {
    const parsed = JSON.parse(body.toString())
    if (!Array.isArray(parsed)) throw new SyntaxError('not an array')
    return parsed
  }
  if (multi) {
    const commands = list()
    const replies = await redis.run([['MULTI'], ...commands, ['EXEC']])
    const exec = replies.at(-1)
    const queued = replies.slice(1, -1).find((r) => r?.error !== undefined)
    return Array.isArray(exec) ? send(response, 200, exec.map((v) => answer(v, base64))) : send(response, 400, { error: (queued ?? exec).error })
  }
  if (segments[0] === 'pipeline') {
    const replies = await redis.run(list())
    return resp2 ? send(response, 200, Buffer.concat(replies.map(toResp2)), 'application/octet-stream') : send(response, 200, replies.map((v) => answer(v, base64)))
  }
  if (['subscribe', 'psubscribe'].includes(segments[0]?.toLowerCase())) return subscribe(segments[0].toUpperCase(), segments[1], response)
  const query = [...url.searchParams].filter(([k]) => k !== '_token').flatMap(([k, v]) => v === '' ? [k] : [k, v])
  const command = segments.length === 0 ? list() : [...segments, ...(body.length > 0 ? [body] : []), ...query]
  const [reply] = await redis.run([command])
  if (resp2) return send(response, 200, toResp2(reply), 'application/octet-stream')
  return send(response, reply?.error !== undefined ? 400 : 200, answer(reply, base64))
}

http.createServer((request, response) => {
  const pieces = []
  let size = 0
  request.on('data', (piece) => { size += piece.length; if (size <= bodyLimit) pieces.push(piece) })
  request.on('end', () => {
    if (size > bodyLimit) return send(response, 413, { error: 'ERR the body is too large' })
    serve(request, Buffer.concat(pieces), response).catch((e) => send(response, e instanceof SyntaxError ? 400 : 500, { error: `ERR ${e.message}` }))
  })
}).listen(0, '127.0.0.1', function () { console.log(`listening on ${this.address().port}`) })
