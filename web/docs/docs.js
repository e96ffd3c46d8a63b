// The page /docs: search, links to single operations, copying, and sending requests with the reader's own session. All
// facts about an operation come from the page itself: data attributes of its <details> and of the rows of parameters.
'use strict'

const operations = [...document.querySelectorAll('.op')]
const index = document.querySelector('.index')

/** Makes an element with properties and children; texts become text, never HTML. */
function make(name, properties = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes('-') || key === 'for' || key === 'list') made.setAttribute(key, value)
    else made[key] = value
  }
  made.append(...children)
  return made
}

// Search: an operation is found when its texts contain every word.
const texts = new Map(operations.map((o) => [o, `${o.id} ${o.dataset.method ?? ''} ${o.textContent}`.toLowerCase()]))
const input = document.getElementById('find')

function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  let found = 0
  for (const o of operations) {
    const fits = words.every((w) => texts.get(o).includes(w))
    o.hidden = !fits
    if (fits && !o.classList.contains('schema')) ++found
    const item = index.querySelector(`[data-of="${o.id}"]`)
    if (item) item.hidden = !fits
  }
  for (const row of document.querySelectorAll('#errors tr'))
    row.hidden = !words.every((w) => row.textContent.toLowerCase().includes(w))
  for (const section of document.querySelectorAll('.ops')) {
    const shown = section.querySelector('.op:not([hidden]), #errors tr:not([hidden])')
    section.hidden = words.length > 0 && !shown
    const link = index.querySelector(`[href="#${section.id}"]`)
    if (link) link.parentElement.hidden = section.hidden
  }
  const topics = document.querySelector('.topics')
  topics.hidden = words.length > 0
  document.getElementById('found').textContent =
    words.length === 0 ? '' : found === 1 ? '1 operation' : `${found} operations`
}

input.closest('.find').hidden = false
input.addEventListener('input', search)
addEventListener('keydown', (e) => {
  const typing = e.target.closest?.('input, textarea, select')
  if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
    e.preventDefault()
    input.focus()
    input.select()
  } else if (e.key === 'Escape' && e.target === input) {
    input.value = ''
    search()
  } else if (e.key === 'Enter' && e.target === input) {
    const first = operations.find((o) => !o.hidden)
    if (first) {
      first.open = true
      first.querySelector('summary').focus()
    }
  }
})

// Links: the address of an operation opens it, and an opened operation becomes the address.
function showTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!target) return
  if (target.hidden || target.closest('[hidden]')) {
    input.value = ''
    search()
  }
  if (target.matches('details')) target.open = true
  target.scrollIntoView()
}
addEventListener('hashchange', showTarget)
for (const o of operations) {
  o.addEventListener('toggle', () => {
    if (!o.open) return
    prepare(o)
    if (!o.contains(document.activeElement)) return // opened by the button for all
    history.replaceState(null, '', '#' + o.id)
    for (const link of index.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current')
    index.querySelector(`[data-of="${o.id}"] a`)?.setAttribute('aria-current', 'true')
  })
}

// JSON in colours: keys, texts, and everything else.
function colour(pre, text) {
  pre.textContent = ''
  let from = 0
  for (const m of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    pre.append(text.slice(from, m.index))
    pre.append(make('span', { className: m[2] ? 'k' : m[1] ? 'v' : 'n' }, m[1] ?? m[0]))
    if (m[2]) pre.append(m[2])
    from = m.index + m[0].length
  }
  pre.append(text.slice(from))
}

function addCopy(block) {
  const button = make('button', { type: 'button' }, 'Copy')
  button.addEventListener('click', async () => {
    const text = block.querySelector('pre').textContent
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(block.querySelector('pre'))
      button.textContent = 'Selected'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
  block.querySelector('figcaption').append(button)
}

function block(title, text, json) {
  const pre = make('pre', { tabIndex: 0 })
  if (json) colour(pre, text)
  else pre.textContent = text
  const made = make('figure', { className: 'block' }, make('figcaption', {}, title), pre)
  addCopy(made)
  return made
}

/** Gives an operation, when it is opened for the first time, what needs a script. */
function prepare(o) {
  if (o.dataset.prepared) return
  o.dataset.prepared = 'true'
  for (const pre of o.querySelectorAll('pre')) {
    if (pre.className === 'json') colour(pre, pre.textContent)
    if (pre.className === 'curl') pre.textContent = pre.textContent.replace('http://localhost:8080', location.origin)
    addCopy(pre.closest('.block'))
  }
  if (!o.dataset.path) return
  const open = make('button', { type: 'button', className: 'main open' }, 'Try it')
  open.addEventListener('click', () => {
    const form = makeForm(o)
    open.replaceWith(form)
    form.querySelector('input, select, textarea, button').focus()
  })
  o.querySelector('.side').prepend(open)
}

// The session: its token goes into every request that changes something.
let session
async function currentSession() {
  if (session === undefined) {
    const answer = await fetch('/api/sessions/current', { credentials: 'same-origin', cache: 'no-store' })
    session = answer.ok ? await answer.json() : null
  }
  return session
}

function fieldFor(o, row) {
  const { name, in: place } = row.dataset
  const id = `${o.id}-${place}-${name}`
  const type = row.querySelector('.type').textContent
  const words = [...row.querySelectorAll('.limit')].filter((l) => l.textContent.startsWith('one of'))
    .flatMap((l) => [...l.querySelectorAll('code')].map((c) => c.textContent))
  let field
  if (words.length > 0 || type === 'boolean') {
    const choices = words.length > 0 ? words : ['true', 'false']
    field = make('select', { id }, make('option', { value: '' }, ''), ...choices.map((c) => make('option', {}, c)))
  } else {
    field = make('input', { id, type: type === 'integer' ? 'number' : 'text', autocomplete: 'off', spellcheck: false })
  }
  field.dataset.in = place
  field.dataset.name = name
  field.required = row.querySelector('.must') !== null
  if (name === 'If-Match') field.value = '*'
  return [make('label', { for: id }, make('code', {}, name)), field]
}

/** Fills in the values of the example's address. */
function fillFrom(example, o, fields) {
  if (!example) return
  const [path, query = ''] = example.split('?')
  const names = [...o.dataset.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
  const pattern = o.dataset.path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '([^/]+)')
  const values = new RegExp(`^${pattern}$`).exec(path) ?? []
  const given = new Map([...new URLSearchParams(query)].map(([k, v]) => ['query ' + k, v]))
  names.forEach((n, i) => given.set('path ' + n, decodeURIComponent(values[i + 1] ?? '')))
  for (const f of fields) f.value = given.get(`${f.dataset.in} ${f.dataset.name}`) ?? f.value
}

function addressOf(o, fields) {
  let path = o.dataset.path
  const query = new URLSearchParams()
  for (const f of fields) {
    if (f.dataset.in === 'path') path = path.replace(`{${f.dataset.name}}`, encodeURIComponent(f.value))
    if (f.dataset.in === 'query' && f.value !== '') query.append(f.dataset.name, f.value)
  }
  return query.size > 0 ? `${path}?${query}` : path
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`

/** The command for what is in the form now. */
function curlFor(o, fields, body) {
  const lines = [`curl ${o.dataset.method === 'GET' ? '' : `-X ${o.dataset.method} `}${quoted(location.origin + addressOf(o, fields))}`]
  if (o.dataset.role.startsWith('For ')) lines.push('-H "Authorization: Bearer $TOKEN"')
  for (const f of fields) if (f.dataset.in === 'header' && f.value) lines.push(`-H ${quoted(`${f.dataset.name}: ${f.value}`)}`)
  if (body?.value) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(body.value)}`)
  return lines.join(' \\\n  ')
}

function makeForm(o) {
  // The token is added to the request, so nobody has to type it.
  const rows = [...o.querySelectorAll('tr[data-name]')].filter((r) => r.dataset.name !== 'X-CSRF-Token')
  const labelled = rows.map((r) => fieldFor(o, r))
  const fields = labelled.map(([, f]) => f)
  fillFrom(o.dataset.target, o, fields)
  const form = make('form', { className: 'try' }, ...labelled.flat())
  let body
  if (o.dataset.body !== undefined) {
    body = make('textarea', { id: `${o.id}-body`, spellcheck: false, value: JSON.stringify(JSON.parse(o.dataset.body), null, 2) })
    form.append(make('label', { for: body.id }, 'Body'), body)
  }
  const changes = o.dataset.method !== 'GET'
  const send = make('button', { className: 'main' }, 'Send')
  const result = make('div', { className: 'result', 'aria-live': 'polite' })
  form.append(make('p', { className: 'hint' }, changes
    ? 'This is sent to this server with your session, and changes real data.'
    : 'This is sent to this server with your session.'))
  form.append(make('div', { className: 'acts' }, send), result)
  const curl = o.querySelector('pre.curl')
  form.addEventListener('input', () => { curl.textContent = curlFor(o, fields, body) })
  form.addEventListener('submit', async (e) => {
    e.preventDefault()
    send.disabled = true
    try {
      await sendRequest(o, fields, body, result)
    } catch (error) {
      result.replaceChildren(make('p', { className: 'error' }, `The request did not reach the server: ${error.message}`))
    } finally {
      send.disabled = false
    }
  })
  return form
}

async function sendRequest(o, fields, body, result) {
  const headers = {}
  for (const f of fields) if (f.dataset.in === 'header' && f.value) headers[f.dataset.name] = f.value
  if (body?.value) headers['Content-Type'] = 'application/json'
  const signedIn = await currentSession()
  if (o.dataset.method !== 'GET' && signedIn) headers['X-CSRF-Token'] = signedIn.csrf_token
  const begin = performance.now()
  const answer = await fetch(addressOf(o, fields), {
    method: o.dataset.method, headers, body: body?.value || undefined, credentials: 'same-origin', cache: 'no-store',
  })
  const text = await answer.text()
  const took = Math.round(performance.now() - begin)
  // Signing in, signing out and a new password change the session.
  if (o.dataset.method !== 'GET' && /\/(sessions|auth)\b/.test(o.dataset.path)) session = undefined
  const json = (answer.headers.get('content-type') ?? '').includes('json')
  const shown = json && text ? JSON.stringify(JSON.parse(text), null, 2) : text
  const status = make('p', {}, make('b', { className: `status s${Math.floor(answer.status / 100)}` }, `${answer.status} ${answer.statusText}`),
    ` in ${took} ms`)
  result.replaceChildren(status)
  if (answer.status === 401) {
    const next = encodeURIComponent('/docs#' + o.id)
    result.append(make('p', { className: 'hint' }, make('a', { href: `/sign-in?next=${next}` }, 'Sign in'), ' to send this as yourself.'))
  }
  if (shown) result.append(block('Body', shown, json))
  result.append(block('Header', [...answer.headers].map(([k, v]) => `${k}: ${v}`).join('\n'), false))
}

// Everything open at once, for reading or printing.
const all = make('button', { type: 'button' }, 'Open all')
all.addEventListener('click', () => {
  const open = all.textContent === 'Open all'
  for (const o of operations) if (!o.hidden) o.open = open
  all.textContent = open ? 'Close all' : 'Open all'
})
document.querySelector('.topics').after(make('div', { className: 'all' }, all))
showTarget()
