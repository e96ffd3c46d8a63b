// SPDX-License-Identifier: MIT
// check.mjs AGORA: an Express application and agora share one Redis and each other's sign-ins. Tokens and rate limit
// fields are read with the libraries that clients would use.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisStore as Store9 } from 'connect-redis-9'
import { RedisStore as Store10 } from 'connect-redis-10'
import express from 'express'
import session from 'express-session'
import { createLocalJWKSet, jwtVerify, SignJWT, UnsecuredJWT } from 'jose'
import { parseRateLimit } from 'ratelimit-header-parser'
import { createClient } from 'redis'
import { parseList } from 'structured-headers'

const children = []
process.on('exit', () => children.forEach((c) => c.kill('SIGKILL')))
setTimeout(() => { console.error('too slow'); process.exit(1) }, 90_000).unref()

const [newSecret, oldSecret] = ['a new secret of more than 32 characters', 'an old secret of more than 32 characters']
const jwtSecret = 'the secret of the tokens: 32 characters or more'
let count = 0
const equal = (actual, expected, what) => { assert.deepEqual(actual, expected, what); count++ }

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  return port
}
async function eventually(what, f) {
  for (let i = 0; i < 300; i++) {
    if (await f()) { count++; return }
    await new Promise((r) => setTimeout(r, 10))
  }
  assert.fail(what)
}

const redisPort = await freePort()
children.push(spawn('/usr/bin/redis-server', ['--port', String(redisPort), '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' }))
const redis = createClient({ url: `redis://127.0.0.1:${redisPort}` })
redis.on('error', () => {})
await redis.connect()
const data = mkdtempSync(join(tmpdir(), 'agora-'))
process.on('exit', () => rmSync(data, { recursive: true, force: true, maxRetries: 5 }))  // after the processes were killed

/** Starts agora with these token secrets; returns the process and its URL. */
async function serve(secrets) {
  const process_ = spawn(process.argv[2], ['serve', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH, AGORA_DATA: data, ACCESS_LOG: 'off', LOG_LEVEL: 'warn', REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      JWT_SECRET_KEY: secrets, SESSION_SECRET: `${newSecret},${oldSecret}`,
    },
  })
  children.push(process_)
  let said = ''
  for (;;) {
    const url = /serves on (http:\S+)/.exec(said)?.[1]
    if (url) return { process: process_, url }
    said += String((await once(process_.stdout, 'data'))[0])
  }
}
let agora = await serve(jwtSecret)
let base = agora.url

/** Starts an Express application that shares its sessions with agora. */
async function application(Store, secret) {
  const app = express()
  app.use(session({
    store: new Store({ client: redis, prefix: 'session:sess:' }), secret, name: 'jevah.sid', resave: false, saveUninitialized: false,
    cookie: { maxAge: 24 * 3600 * 1000 },
  }))
  app.get('/who', (q, a) => a.json({ userId: q.session.userId ?? null, cart: q.session.cart ?? null, csrf: q.session.csrf ?? null }))
  app.get('/login/:id', (q, a) => { q.session.userId = Number(q.params.id); a.json({}) })
  app.get('/cart/:what', (q, a) => { q.session.cart = [q.params.what]; a.json({}) })
  app.get('/regenerate', (q, a) => { const { userId } = q.session; q.session.regenerate(() => { q.session.userId = userId; a.json({}) }) })
  app.get('/destroy', (q, a) => q.session.destroy(() => a.json({})))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${server.address().port}` }
}
const cookieOf = (answer) => (answer.headers.get('set-cookie') ?? '').split(';')[0]
const json = async (answer) => JSON.parse(await answer.text())
const get = (url, cookie) => fetch(url, { headers: cookie ? { cookie } : {} })
const post = (path, body, headers = {}) =>
  fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
const me = async (cookie) => { const a = await get(`${base}/api/auth/me`, cookie); return a.status === 200 ? (await json(a)).username : a.status }

const ann = { username: 'ann', password: 'kelp-morning-7' }
const made = await post('/api/auth/register', { ...ann, email: 'ann@example.org' })
equal(made.status, 201)
const id = Number(made.headers.get('location').split('/').pop())
const { access_token: token } = await json(made)

for (const Store of [Store9, Store10]) {
  const there = await application(Store, [newSecret, oldSecret])
  const before = await application(Store, oldSecret)

  // A sign-in at agora is known to Express, and the other way round.
  const here = await post('/api/sessions', ann)
  equal(here.status, 201)
  const { csrf_token: csrf } = await json(here)
  equal(await json(await get(`${there.url}/who`, cookieOf(here))), { userId: id, cart: null, csrf })
  const login = await get(`${there.url}/login/${id}`)
  equal(await me(cookieOf(login)), 'ann')

  // A cookie that was signed with the old secret.
  const earlier = await get(`${before.url}/login/${id}`)
  equal(await me(cookieOf(earlier)), 'ann')
  equal(await me(cookieOf(earlier).replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'))), 401)

  // When a guest of Express signs in at agora, the data of the session is kept, under another id.
  const guest = await get(`${there.url}/cart/lamp`)
  const signedIn = await post('/api/sessions', ann, { cookie: cookieOf(guest) })
  equal(signedIn.status, 201)
  equal(cookieOf(signedIn) === cookieOf(guest), false)
  const known = await json(await get(`${there.url}/who`, cookieOf(signedIn)))
  equal([known.userId, known.cart], [id, ['lamp']])
  equal((await json(await get(`${there.url}/who`, cookieOf(guest)))).cart, null)

  // A write by Express keeps agora's fields.
  await get(`${there.url}/cart/rope`, cookieOf(signedIn))
  equal((await json(await get(`${base}/api/sessions/current`, cookieOf(signedIn)))).csrf_token, known.csrf)

  // A request to agora extends the session for both.
  const sid = decodeURIComponent(cookieOf(signedIn)).split(':')[1].split('.')[0]
  await redis.expire(`session:sess:${sid}`, 1000)
  await eventually('touched', async () => { await me(cookieOf(signedIn)); return (await redis.ttl(`session:sess:${sid}`)) > 80000 })
  equal((await json(await get(`${there.url}/who`, cookieOf(signedIn)))).userId, id)

  // Then the cookie is set again, with the attributes that Express gave its own, and is valid for both.
  for (const cookie of [cookieOf(signedIn), cookieOf(login)]) {
    let rolled
    await redis.expire(`session:sess:${decodeURIComponent(cookie).split(':')[1].split('.')[0]}`, 1000)
    await eventually('set again', async () => { rolled = await get(`${base}/api/posts`, cookie); return rolled.headers.get('set-cookie') })
    equal([cookieOf(rolled), rolled.headers.get('cache-control')], [cookie, 'private, no-cache'])
    equal(/; Path=\/; Max-Age=86400; HttpOnly/.test(rolled.headers.get('set-cookie')), true)
    equal((await json(await get(`${there.url}/who`, cookieOf(rolled)))).userId, id)
  }

  // With a session of Express one can sign in at agora without a CSRF token; that ends the session.
  const live = await get(`${there.url}/login/${id}`)
  equal((await post('/api/posts', { title: 't', body: 'b' }, { cookie: cookieOf(live) })).status, 403)
  equal((await post('/api/sessions', ann, { cookie: cookieOf(live) })).status, 201)
  equal([await me(cookieOf(live)), (await json(await get(`${there.url}/who`, cookieOf(live)))).userId], [401, null])

  // Express gives the session another id.
  const again = await get(`${there.url}/regenerate`, cookieOf(signedIn))
  await eventually('the old id is refused', async () => (await me(cookieOf(signedIn))) === 401)
  equal(await me(cookieOf(again)), 'ann')

  // The session is ended by Express, and then one by agora.
  await get(`${there.url}/destroy`, cookieOf(login))
  await eventually('ended there', async () => (await me(cookieOf(login))) === 401)
  const out = await post('/api/auth/logout', {}, { cookie: cookieOf(here), 'x-csrf-token': csrf })
  equal(out.status, 204)
  equal((await json(await get(`${there.url}/who`, cookieOf(here)))).userId, null)

  // A new password ends sessions that began at Express before it.
  const early = await get(`${there.url}/login/${id}`)
  equal(await me(cookieOf(early)), 'ann')
  const next = `${ann.password}-next`
  const change = { method: 'PUT', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } }
  equal((await fetch(`${base}/api/auth/password`, { ...change, body: JSON.stringify({ old_password: ann.password, new_password: next }) })).status, 204)
  ann.password = next
  equal(await me(cookieOf(early)), 401)
  there.server.close()
  before.server.close()
}

// Tokens.
const key = new TextEncoder().encode(jwtSecret)
const { payload, protectedHeader } = await jwtVerify(token, key, { algorithms: ['HS256'] })
equal([protectedHeader.alg, protectedHeader.typ, protectedHeader.kid.length, payload.sub, payload.type, payload.fresh, payload.exp - payload.iat], ['HS256', 'JWT', 22, String(id), 'access', true, 900])
const bearer = async (t) => (await fetch(`${base}/api/auth/me`, { headers: { authorization: `Bearer ${t}` } })).status
const claims = { type: 'access', fresh: false }
const signed = (c, header = { alg: 'HS256' }) => new SignJWT(c).setProtectedHeader(header).setSubject(String(id)).setJti('j1').setIssuedAt().setExpirationTime('5m')
equal(await bearer(await signed(claims).sign(key)), 200)
equal(await bearer(await signed({ ...claims, type: 'refresh' }).sign(key)), 401)
equal(await bearer(await signed(claims).setAudience('others').sign(key)), 401)
equal(await bearer(await signed(claims).sign(new TextEncoder().encode('x'.repeat(32)))), 401)
equal(await bearer(await signed(claims, { alg: 'HS512' }).sign(new TextEncoder().encode(jwtSecret.padEnd(64, 'x')))), 401)
equal(await bearer(new UnsecuredJWT(claims).setSubject(String(id)).setJti('j').setIssuedAt().setExpirationTime('5m').encode()), 401)
const python = (code, ...words) => execFileSync('/usr/bin/python3', ['-c', code, ...words], { encoding: 'utf8' }).trim()
equal(python('import jwt,sys; print(jwt.decode(sys.argv[1], sys.argv[2], algorithms=["HS256"])["sub"])', token, jwtSecret), String(id))
const theirs = python('import jwt,sys,time; n=int(time.time()); print(jwt.encode({"sub":sys.argv[1],"type":"access","jti":"p1","fresh":True,"iat":n,"nbf":n,"exp":n+60}, sys.argv[2], algorithm="HS256"))', String(id), jwtSecret)
equal(await bearer(theirs), 200)

// A new key of another kind: its tokens are verified with the published key set, and older tokens are still valid.
agora.process.kill()
await once(agora.process, 'exit')
agora = await serve(`EdDSA:${newSecret},${jwtSecret}`)
base = agora.url
equal(await bearer(token), 200)
equal(await bearer(theirs), 200)
const { access_token: edToken } = await json(await post('/api/auth/login', ann))
const keySet = await json(await get(`${base}/.well-known/jwks.json`))
const verified = await jwtVerify(edToken, createLocalJWKSet(keySet), { algorithms: ['EdDSA'] })
equal([verified.payload.sub, verified.protectedHeader.alg, keySet.keys.length], [String(id), 'EdDSA', 1])
equal(await bearer(edToken), 200)
equal(await bearer(await signed(claims, { alg: 'HS256', kid: keySet.keys[0].kid }).sign(Buffer.from(keySet.keys[0].x, 'base64url'))), 401)

// Rate limit fields.
const limited = await get(`${base}/api/rate-limited`)
equal(parseList(limited.headers.get('ratelimit-policy')), [['rate_limited', new Map([['q', 5], ['w', 60]])]])
const [[name, where]] = parseList(limited.headers.get('ratelimit'))
equal([name, where.get('r'), where.get('t')], ['rate_limited', 4, 60])
const trio = Object.fromEntries([...limited.headers].filter(([k]) => k.startsWith('x-ratelimit')))
const parsed = parseRateLimit(trio, { reset: 'seconds' })
equal([parsed.limit, parsed.remaining, parsed.used, Math.round((parsed.reset - Date.now()) / 1000)], [5, 4, 1, 60])

console.log(`${count} checks`)
redis.destroy()
process.exit(0)
