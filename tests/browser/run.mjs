// SPDX-License-Identifier: MIT
// The checks of the reader's site in a real browser: node run.mjs AGORA DEMO [NAME]. Each check is a function; NAME runs
// only those whose names contain it. Prints one line for each check, and exits with 1 if one fails. With
// PICTURES=FOLDER, it writes the pictures of the README into that folder instead.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { startAgora, startChromium, startForeignSite, until } from './site.mjs';
import { payloads } from './xss.mjs';

const [binary, demo, only = ''] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const agora = await startAgora(binary, demo, { TRUSTED_PROXIES: '127.0.0.1' });
const chromium = await startChromium();
const at = (path) => agora.origin + path;
const password = 'lantern-river-boat-9';
let members = 0;
let visitors = 0;

/** A browser context of its own, with one page. Violations of the CSP and uncaught errors end up in `faults`. */
async function visit({ script = true, width = 1280, dark = false } = {}) {
  const context = await chromium.createBrowserContext();
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(String(e)));
  page.on('console', (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) page.faults.push(m.text());
  });
  await page.setJavaScriptEnabled(script);
  // Each visitor comes from an address of its own, because sign-ups are limited by address.
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': `10.0.0.${++visitors}` });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  page.setDefaultTimeout(20_000);
  page.end = () => context.close();
  return page;
}

const submit = (page, selector) => Promise.all([page.waitForNavigation(), page.click(selector)]);
const text = (page) => page.$eval('main', (main) => main.innerText);

async function register(page) {
  const name = `reader${++members}`;
  await page.goto(at('/register'));
  await page.type('#username', name);
  await page.type('#email', `${name}@example.org`);
  await page.type('#password', password);
  await submit(page, 'form[action="/register"] button.main');
  return name;
}

async function write(page, title, body) {
  await page.goto(at('/write'));
  for (const [field, value] of [['#title', title], ['#body', body]])
    await page.$eval(field, (input, typed) => { input.value = typed; }, value);
  await submit(page, 'form[action="/posts"] button.main');
  return new URL(page.url()).pathname;
}

const checks = {
  async the_whole_flow_works_without_javascript() {
    const page = await visit({ script: false });
    await page.goto(at('/'));
    assert.ok((await page.$$('ol.posts > li')).length >= 20, 'the demo community is on the front page');
    const name = await register(page);
    assert.match(await page.$eval('.account', (box) => box.textContent), new RegExp(name));
    const path = await write(page, 'A question about chains', 'Which one lasts?');
    assert.match(path, /^\/posts\/\d+\/a-question-about-chains$/);
    await page.type('#reply textarea', 'My own answer.');
    await submit(page, '#reply button.main');
    assert.match(page.url(), /#comment-\d+$/);
    assert.match(await text(page), /My own answer\./);
    await submit(page, 'article a[href$="/edit"]');
    await page.click('#title', { count: 3 });
    await page.type('#title', 'A better question about chains');
    await submit(page, 'form.page button.main');
    assert.match(page.url(), /a-better-question-about-chains$/);
    await page.goto(at('/'));
    assert.match(await text(page), /A better question about chains/, 'the list shows it at once');
    await page.goto(at('/settings/leave'));
    await page.type('#password', password);
    await submit(page, 'form[action="/settings/leave"] button');
    await page.goto(at('/'));
    assert.match(await page.$eval('.account', (box) => box.textContent), /Sign in/);
    await page.end();
  },

  async axe_finds_nothing() {
    const member = await visit();
    await register(member);
    const post = await write(member, 'For axe', 'A text with a [link](https://example.org) and\n\n> a quotation');
    await member.end();
    const paths = ['/', '/top', '/categories', '/tags', post, '/sign-in', '/register', '/forgot', '/nothing-here'];
    for (const dark of [false, true]) {
      for (const width of [320, 1280]) {
        const page = await visit({ width, dark });
        for (const path of paths) await check(page, path);
        await register(page);
        for (const path of ['/', post, '/write', '/settings/profile', '/settings/sessions', '/settings/api-keys'])
          await check(page, path);
        await page.end();
      }
    }
    async function check(page, path) {
      await page.goto(at(path));
      // axe itself is no part of the site, so the page's CSP does not apply to it.
      const found = await page.evaluate(`${axe}; axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' ')))`);
      assert.deepEqual(found, [], `${path} at ${page.viewport().width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      assert.ok(!wide, `${path} scrolls sideways at ${page.viewport().width}`);
      assert.deepEqual(page.faults, [], path);
    }
  },

  async hostile_texts_never_run() {
    const page = await visit();
    await register(page);
    for (let i = 0; i < payloads.length; i += 60) {
      const path = await write(page, `${payloads[i].slice(0, 200)} ${i}`, payloads.slice(i, i + 60).join('\n\n'));
      await page.goto(at(path));
      await page.evaluate(() => document.querySelectorAll('main a').forEach((a) => { if (/^\s*javascript/i.test(a.href)) a.click(); }));
      assert.equal(await page.evaluate(() => window.ran), undefined, path);
      assert.equal(await page.$$eval('main script, main iframe, main object, main [onerror], main [style]', (all) => all.length), 0);
    }
    await page.goto(at('/'));
    assert.equal(await page.evaluate(() => window.ran), undefined);
    await page.end();
  },

  async a_guest_s_bytes_are_the_same_after_members_came() {
    const get = (path) => fetch(at(path)).then((r) => r.text());
    const writer = await visit();
    await register(writer);
    const post = await write(writer, 'Read by many', 'text');
    const before = [await get('/'), await get(post)];
    const page = await visit();
    await register(page);
    await page.goto(at('/'));
    await page.goto(at(post));
    assert.match(await page.$eval('.account', (box) => box.textContent), /Sign out/);
    assert.deepEqual([await get('/'), await get(post)], before);
    await page.end();
    await writer.end();
  },

  async a_form_of_another_site_is_refused() {
    const page = await visit();
    await register(page);
    const foreign = await startForeignSite(
      `<form method="post" action="${at('/posts')}"><input name="title" value="stolen"><input name="body" value="x"><button>Send</button></form>`);
    await page.goto(foreign.origin);
    const [response] = await submit(page, 'button');
    assert.equal(response.status(), 403);
    foreign.stop();
    await page.goto(at('/'));
    assert.doesNotMatch(await text(page), /stolen/);
    await page.end();
  },

  async a_link_from_another_site_finds_the_member_signed_in() {
    const page = await visit();
    const name = await register(page);
    const foreign = await startForeignSite(`<a href="${at('/')}">to agora</a>`);
    await page.goto(foreign.origin.replace('127.0.0.1', 'localhost'));
    await page.click('a');
    await until('the account box', async () =>
      (await page.$eval('.account', (box) => box.textContent).catch(() => '')).includes(name));
    foreign.stop();
    await page.end();
  },

  async going_back_restores_the_page() {
    const page = await visit();
    await register(page);
    await page.goto(at('/'));
    await page.evaluate(() => { window.kept = true; });
    await page.goto(at('/tags'));
    await page.goBack();
    assert.equal(await page.evaluate(() => window.kept), true, 'from the back/forward cache');
    await page.end();
  },

  async a_permalink_opens_its_fold() {
    const page = await visit();
    await register(page);
    const post = await write(page, 'Folded', 'text');
    await page.type('#reply textarea', 'first');
    await submit(page, '#reply button.main');
    const comment = new URL(page.url()).hash;
    await page.goto('about:blank');
    await page.goto(at(post));
    await page.$eval('ol.comments details', (fold) => { fold.open = false; });
    await page.evaluate((hash) => { location.hash = hash; }, comment);
    await until('the fold opens', () => page.$eval(`${comment} details`, (fold) => fold.open));
    await page.end();
  },

  async a_double_click_posts_once_and_the_list_shows_it() {
    const page = await visit();
    await register(page);
    const title = 'Clicked twice';
    await page.goto(at('/write'));
    await page.type('#title', title);
    await page.type('#body', 'text');
    await Promise.all([page.waitForNavigation(), page.click('form[action="/posts"] button.main', { count: 2 })]);
    await page.goto(at('/'));
    const titles = await page.$$eval('ol.posts h2', (all) => all.map((h) => h.textContent));
    assert.equal(titles.filter((t) => t === title).length, 1);
    await page.end();
  },

  async everything_is_reached_by_keyboard() {
    const page = await visit();
    await page.goto(at('/'));
    const seen = new Set();
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const e = document.activeElement;
        const style = getComputedStyle(e);
        return { what: e.textContent.trim() || e.getAttribute('aria-label'), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
      });
      assert.ok(focus.ring, `focus is visible on ${focus.what}`);
      seen.add(focus.what);
    }
    for (const what of ['Skip to the content', 'Categories', 'Tags', 'Sign in', 'Join', 'Top', 'Active', 'Write a post'])
      assert.ok(seen.has(what), `${what} is reached`);
    await page.goto(at('/'));
    await page.keyboard.press('j');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    assert.match(page.url(), /\/posts\/\d+\//);
    await page.end();
  },

  async machines_can_read_it() {
    const page = await visit();
    await page.goto(at('/'));
    const post = await page.$eval('ol.posts h2 a', (a) => a.getAttribute('href'));
    const parsed = (path) => page.evaluate(async (url) => {
      const response = await fetch(url);
      const doc = new DOMParser().parseFromString(await response.text(), 'application/xml');
      return { error: doc.querySelector('parsererror')?.textContent, root: doc.documentElement.localName, type: response.headers.get('content-type'),
               entries: doc.querySelectorAll('entry, url, sitemap').length };
    }, at(path));
    const feed = await parsed('/feed.atom');
    assert.equal(feed.error, undefined);
    assert.deepEqual([feed.root, feed.type, feed.entries], ['feed', 'application/atom+xml; charset=utf-8', 20]);
    const map = await parsed('/sitemap.xml');
    assert.equal(map.error, undefined);
    assert.ok(map.entries >= 1);
    assert.match(await fetch(at('/robots.txt')).then((r) => r.text()), /Sitemap: http/);
    await page.goto(at(post));
    const microdata = await page.evaluate(() => {
      const item = document.querySelector('[itemtype="https://schema.org/DiscussionForumPosting"]');
      return { headline: item.querySelector('[itemprop=headline]').textContent, author: !!item.querySelector('[itemprop=author]'), text: !!item.querySelector('[itemprop=text]') };
    });
    assert.ok(microdata.headline && microdata.author && microdata.text);
    assert.equal(await page.$eval('link[rel=canonical]', (l) => l.href), at(post));
    await page.end();
  },
};

/** Eight pages, each on a desktop and a phone, light and dark. */
async function takePictures(folder) {
  const page = await visit();
  await register(page);
  await page.goto(at('/'));
  const post = await page.evaluate(() => [...document.querySelectorAll('ol.posts > li')]
    .sort((a, b) => parseInt(b.querySelector('a.count b').textContent) - parseInt(a.querySelector('a.count b').textContent))[0]
    .querySelector('h2 a').getAttribute('href'));
  const shown = { front: '/', post, tags: '/tags', profile: '/u/criggie', write: '/write', settings: '/settings/sessions', docs: '/docs', missing: '/nothing-here' };
  for (const dark of [false, true]) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
    for (const [device, width, height] of [['desktop', 1280, 800], ['phone', 390, 780]]) {
      await page.setViewport({ width, height });
      for (const [name, path] of Object.entries(shown)) {
        await page.goto(at(path));
        await page.screenshot({ path: `${folder}/${name}-${device}-${dark ? 'dark' : 'light'}.webp`, type: 'webp', quality: 60 });
      }
    }
  }
  await page.end();
}

if (process.env.PICTURES) {
  await takePictures(process.env.PICTURES);
  await chromium.close();
  await agora.stop();
  process.exit(0);
}

let failed = 0;
for (const [name, check] of Object.entries(checks).filter(([n]) => n.includes(only))) {
  const begin = Date.now();
  try {
    await check();
    console.log(`ok      ${name} (${Date.now() - begin} ms)`);
  } catch (e) {
    ++failed;
    console.log(`FAILED  ${name}: ${e.stack}`);
  }
}
await chromium.close();
await agora.stop();
process.exit(failed === 0 ? 0 : 1);
