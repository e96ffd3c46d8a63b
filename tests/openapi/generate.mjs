// SPDX-License-Identifier: MIT
// node generate.mjs AGORA DEMO: what people do with the OpenAPI document, done once. Both linters must have nothing to
// say; openapi-typescript makes types from it, with which tsc compiles client.ts; the client runs against a server with
// the demo community, directly and through Prism, which refuses whatever the document does not say.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [agora, demo] = process.argv.slice(2)
const tool = (name) => join('node_modules', '.bin', name)
const quiet = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }

/** Runs a tool; its output is shown when it fails. */
function run(title, command, args) {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', env: quiet, stdio: 'pipe' })
    console.log(`${title}: good`)
    return output
  } catch (error) {
    console.error(`${title} fails:\n${error.stdout}${error.stderr}`)
    process.exit(1)
  }
}

/** Starts a program and waits for a line that matches; returns what it says there, and how to stop it. */
async function start(command, args, env, pattern) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const found = await new Promise((resolve, reject) => {
    let output = ''
    const read = (bytes) => {
      output += bytes
      const match = pattern.exec(output)
      if (match) resolve(match)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    exited.then(() => reject(new Error(`${command} stopped: ${output}`)))
    setTimeout(() => reject(new Error(`${command} did not start: ${output}`)), 120_000).unref()
  })
  return { found, stop: async () => { child.kill('SIGTERM'); await exited } }
}

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})

writeFileSync('openapi.json', execFileSync(agora, ['openapi']))
const redocly = run('redocly', tool('redocly'), ['lint', 'openapi.json', '--config', 'redocly.yaml', '--format', 'json'])
const { totals } = JSON.parse(redocly.slice(redocly.indexOf('{')))
if (totals.errors + totals.warnings > 0) throw new Error(`redocly finds ${JSON.stringify(totals)}:\n${redocly}`)
run('spectral', tool('spectral'), ['lint', 'openapi.json', '--ruleset', 'spectral.yaml', '--fail-severity', 'hint'])
run('openapi-typescript', tool('openapi-typescript'), ['openapi.json', '-o', 'openapi.d.ts'])
run('tsc', tool('tsc'), ['-p', '.'])

const folder = mkdtempSync(join(tmpdir(), 'agora-client-'))
const server = await start(agora, ['serve', '--port', '0', '--data', folder, '--demo', demo],
  { ACCESS_LOG: 'off', LOG_LEVEL: 'error', LOOPS: '1' }, /serves on (http:\/\/\S+)[^]*openapi\.json/)
try {
  const base = server.found[1]
  run('the client', process.execPath, ['client.js', base])
  const port = await freePort()
  const proxy = await start(tool('prism'), ['proxy', 'openapi.json', base, '--errors', '--port', String(port), '--host', '127.0.0.1'],
    quiet, /Prism is listening/)
  try {
    run('the client through Prism', process.execPath, ['client.js', `http://127.0.0.1:${port}`])
  } finally {
    await proxy.stop()
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
