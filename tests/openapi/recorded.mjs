// SPDX-License-Identifier: MIT
// node recorded.mjs AGORA FOLDER: validates every answer that the end-to-end tests have recorded in FOLDER against the
// OpenAPI document. A record is a line `METHOD TARGET STATUS TYPE SIZE`, the body, and a line end; see agora_process.hpp.
// Targets that the document does not have, which tests of unknown paths send, are left out.
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [agora, folder] = process.argv.slice(2)
const least = 1000 // fewer mean that the tests did not run, or do not record
const document = JSON.parse(execFileSync(agora, ['openapi'], { encoding: 'utf8', maxBuffer: 1 << 26 }))
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))
ajv.addSchema(document, 'openapi')

// Words win over parameters, and an integer takes only digits, as in the router.
const routes = Object.entries(document.paths).map(([path, item]) => {
  const integers = Object.values(item).flatMap((o) => o.parameters ?? []).filter((p) => p.in === 'path' && p.schema.type === 'integer').map((p) => p.name)
  const pattern = path.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, (_, name) => (integers.includes(name) ? '\\d+' : '[^/]+'))
  return { path, item, pattern: new RegExp(`^${pattern}$`), words: path.split('/').filter((s) => !s.startsWith('{')).length }
}).sort((a, b) => b.words - a.words)

const pointer = (...names) => names.map((n) => '/' + String(n).replaceAll('~', '~0').replaceAll('/', '~1')).join('')
const resolved = (place) => {
  const at = place.reduce((value, name) => value?.[name], document)
  return at?.$ref ? at.$ref.slice(2).split('/') : place
}

/** The problem with an answer, or nothing. */
function complaint({ method, target, status, type, body }) {
  const path = target.split('?')[0]
  const route = routes.find((r) => r.pattern.test(path))
  const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase()
  const operation = route?.item[verb]
  if (!operation) return undefined
  ++checked
  if (status === 304 || method === 'HEAD' || body === '') return undefined
  const place = resolved(['paths', route.path, verb, 'responses', operation.responses[status] ? String(status) : 'default'])
  const response = place.reduce((value, name) => value[name], document)
  if (!response.content?.[type]) return `has the type ${type}, which is not documented`
  if (!type.endsWith('json')) return undefined
  const validate = ajv.getSchema(encodeURI(`openapi#${pointer(...place, 'content', type, 'schema')}`))
  return validate(JSON.parse(body)) ? undefined : ajv.errorsText(validate.errors)
}

function* records(bytes) {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    const [method, target, status, type, size] = bytes.toString('utf8', at, end).split(' ')
    yield { method, target, status: Number(status), type, body: bytes.toString('utf8', end + 1, end + 1 + Number(size)) }
    at = end + 2 + Number(size)
  }
}

let checked = 0
const complaints = new Set()
for (const file of readdirSync(folder)) {
  for (const record of records(readFileSync(join(folder, file)))) {
    const wrong = complaint(record)
    if (wrong) complaints.add(`${file}: ${record.method} ${record.target} ${record.status}: ${wrong}\n  ${record.body.slice(0, 200)}`)
  }
}
if (checked < least) complaints.add(`only ${checked} answers were recorded; run the end-to-end tests first`)
for (const text of complaints) console.error(text)
console.log(`${checked} recorded answers checked`)
process.exit(complaints.size > 0 ? 1 : 0)
