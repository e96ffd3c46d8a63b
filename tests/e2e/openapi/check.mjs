// SPDX-License-Identifier: MIT
// node check.mjs AGORA DEMO: checks that the printed OpenAPI document is valid, and that the responses of a running
// server match it: for each operation with existing and missing ids, with and without a token.
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [agora, demo] = process.argv.slice(2)
const printed = execFileSync(agora, ['openapi'], { encoding: 'utf8', maxBuffer: 1 << 26 })
const document = JSON.parse(printed)

const complaints = []
const complain = (text) => complaints.push(text)

// Check the document itself.
const validity = await new Validator().validate(structuredClone(document))
if (!validity.valid) complain(`not a valid document: ${JSON.stringify(validity.errors, null, 1)}`)

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })))
const ids = operations.map(({ operation }) => operation.operationId)
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) complain(`operationId ${id} is used twice`)

// Check the responses of a server with the demo community against the schemas of the document.
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))
ajv.addSchema(document, 'openapi')
const pointer = (...names) => names.map((n) => '/' + String(n).replaceAll('~', '~0').replaceAll('/', '~1')).join('')

function schemaOf(path, method, status, type) {
  const { responses } = document.paths[path][method]
  const key = responses[status] ? String(status) : 'default'
  const shared = responses[key]?.$ref?.split('/').pop()
  const place = shared ? ['components', 'responses', shared] : ['paths', path, method, 'responses', key]
  const response = place.reduce((at, name) => at?.[name], document)
  if (!response?.content?.[type]) return undefined
  return ajv.getSchema(encodeURI(`openapi#${pointer(...place, 'content', type, 'schema')}`))
}

// Guests may call an operation that needs nothing, or that has `{}` among what it takes.
const forMembers = (operation) => operation.security.length > 0 && operation.security.every((s) => Object.keys(s).length > 0)

const token = 'openapi-service-token'
async function check(base, path, method, target, headers = {}) {
  const answer = await fetch(base + target, { method: method.toUpperCase(), headers, signal: AbortSignal.timeout(10_000) })
  const text = await answer.text()
  const type = (answer.headers.get('content-type') ?? '').split(';')[0]
  const validate = schemaOf(path, method, answer.status, type)
  const name = `${method.toUpperCase()} ${target} -> ${answer.status} ${type}`
  if (!validate) complain(`${name} is not documented`)
  else if (!validate(type.endsWith('json') ? JSON.parse(text) : text)) complain(`${name}: ${ajv.errorsText(validate.errors)}\n  ${text.slice(0, 300)}`)
  return { status: answer.status, text }
}

const folder = mkdtempSync(join(tmpdir(), 'agora-openapi-'))
const server = spawn(agora, ['serve', '--port', '0', '--data', folder, '--demo', demo],
  { env: { ACCESS_LOG: 'off', LOG_LEVEL: 'error', LOOPS: '1', AGORA_SERVICE_TOKEN: token }, stdio: ['ignore', 'pipe', 'inherit'] })
const exited = new Promise((resolve) => server.once('exit', resolve))
try {
  const base = await new Promise((resolve, reject) => {
    let output = ''
    server.stdout.on('data', (bytes) => {
      output += bytes
      const url = /serves on (http:\/\/\S+)/.exec(output)
      if (url) resolve(url[1])
    })
    exited.then(() => reject(new Error('agora stopped: ' + output)))
    setTimeout(() => reject(new Error('agora did not start: ' + output)), 60_000).unref()
  })
  const served = await (await fetch(base + '/api/openapi.json')).text()
  if (served.trim() !== printed.trim()) complain('GET /api/openapi.json differs from `agora openapi`')

  const [category] = JSON.parse((await check(base, '/api/categories', 'get', '/api/categories')).text).data
  const posts = JSON.parse((await check(base, '/api/posts', 'get', '/api/posts?sort=top&limit=1')).text)
  const [post] = posts.data
  const sample = { id: post.id, user_id: post.author.id, username: post.author.username }
  let checked = 0
  for (const { path, method, operation } of operations) {
    if (path === '/api/openapi.json') continue // compared above
    // `real` has path parameters that exist, `missing` has ones that do not and must get a documented problem.
    const real = path.replace('/categories/{id}', `/categories/${category.id}`).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(sample[name] ?? sample.id))
    const missing = path.replace(/\{(\w+)\}/g, '999999999')
    if (method === 'get') {
      const needed = path.endsWith('/explain') ? '?key=post:1' : ''
      const headers = forMembers(operation) ? { authorization: `Bearer ${token}` } : {}
      const { status } = await check(base, path, method, real + needed, headers)
      // The operator is authenticated by a token and has no session.
      if (status >= 400 && path !== '/api/sessions/current') complain(`GET ${real} answers ${status}`)
      if (forMembers(operation)) {
        const guest = await check(base, path, method, real)
        if (guest.status !== 401) complain(`GET ${real} without a token answers ${guest.status}`)
      }
      if (missing !== real) await check(base, path, method, missing)
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in === 'query') await check(base, path, method, `${real}?${parameter.name}=%21`, headers)
      }
    } else {
      const { status } = await check(base, path, method, real)
      if (forMembers(operation) && status !== 401 && status !== 403) complain(`${method} ${real} without a token answers ${status}`)
    }
    ++checked
  }
  console.log(`${checked} operations checked`)
} finally {
  server.kill('SIGTERM')
  await exited
  rmSync(folder, { recursive: true, force: true })
}

for (const text of complaints) console.error(text)
process.exit(complaints.length ? 1 : 0)
