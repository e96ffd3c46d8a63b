// SPDX-License-Identifier: MIT
// Starts an agora server with the demo community in a folder of its own, and Chromium; both on free loopback ports.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

/** Resolves with what attempt() returns as soon as that is truthy; rejects after a deadline. */
export async function until(what, attempt, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const result = await attempt();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createSocketServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A server on a folder of its own. `environment` adds settings; stop() ends it and removes the folder. */
export async function startAgora(binary, demo, environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'agora-browser-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ['serve', '--data', folder, '--demo', demo, '--port', String(port)], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', ACCESS_LOG: 'off', PUBLIC_URL: origin, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await until('agora answers', () => fetch(`${origin}/ready`).then((r) => r.ok, () => false), 120_000);
  return {
    origin,
    folder,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Another origin on this machine that serves one page. */
export async function startForeignSite(html) {
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

export function startChromium() {
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'], // as root, Chromium has no sandbox
    timeout: 60_000,
  });
}
