// Comfort for the reader's site; every page works without it. Each part below stands alone and finds what it needs in
// the page: times, folds, keys, forms, replies in place, previews, drafts. No unload handlers, so that going back and
// forward stays instant. (The count of views, and the pill with new comments, class "live", belong here later.)
const $ = (selector, root = document) => root.querySelector(selector)
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)]
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}
const member = $('form[action="/sign-out"]')

// Times: the server prints the date; readers see how long ago it is, and the exact time on demand.
const language = document.documentElement.lang
const ago = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
const exact = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' })
const units = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60]]
const showTimes = () => {
  if (document.hidden) return
  for (const time of $$('time[datetime]')) {
    const date = new Date(time.dateTime)
    const seconds = (date - Date.now()) / 1000
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) || ['second', Infinity]
    const text = ago.format(Math.trunc(seconds / size), unit)
    if (time.textContent !== text) time.textContent = text
    time.title ||= exact.format(date)
  }
}
showTimes()
setInterval(showTimes, 60000)
document.addEventListener('visibilitychange', showTimes)

// Folds: a link to a comment opens the threads that it is folded into.
const unfold = () => {
  const target = document.getElementById(location.hash.slice(1))
  if (!target) return
  const folded = $$(':scope > details', target)
  for (let at = target; (at = at.parentElement?.closest('details')); ) folded.push(at)
  if (folded.every(details => details.open)) return
  for (const details of folded) details.open = true
  target.scrollIntoView()
}
unfold()
addEventListener('hashchange', unfold)

// Drafts: what is typed into a form with a text is kept in this browser until the server has taken it. The key is the
// form's address and the comment that it answers. `base` is what the server had printed: if that has changed since, the
// draft is offered and not put in. "sent" is the draft that is on its way; each tab has its own.
const attempt = use => { try { return use() } catch { return null } }
const storeOf = key => key === 'sent' ? sessionStorage : localStorage
const read = key => attempt(() => JSON.parse(storeOf(key).getItem(key)))
const write = (key, value) => attempt(() => storeOf(key).setItem(key, JSON.stringify(value)))
const remove = key => attempt(() => storeOf(key).removeItem(key))
const drafts = () => attempt(() => Object.keys(localStorage).filter(key => key.startsWith('draft:'))) || []
const address = form => new URL(form.action).pathname
const keyOf = form => `draft:${address(form)}#${form.elements.parent_id?.value || ''}`
const texts = form => [...form.elements].filter(field => field.matches('textarea, select, input[type=text], input:not([type])'))
const original = field => field.defaultValue ?? $('option[selected]', field)?.value ?? ''
const printed = form => texts(form).map(original).join('\0')
const fill = (form, values) => {
  for (const field of texts(form)) field.value = values[field.name] ?? field.value
}
const restore = form => {
  const key = keyOf(form)
  const draft = read(key)
  if (!draft || texts(form).every(field => field.value === draft.values[field.name])) return
  const fits = draft.base === printed(form)
  const notice = make('div', { className: 'note' })
  const end = (label, act) => make('button', { type: 'button', textContent: label, onclick() { act(); notice.remove(); texts(form)[0].focus() } })
  const time = make('time', { dateTime: new Date(draft.at).toISOString() })
  const acts = make('p', { className: 'acts' })
  if (!fits) acts.append(end('Use the draft', () => fill(form, draft.values)))
  acts.append(end('Discard the draft', () => { remove(key); if (fits) form.reset() }))
  notice.append(make('p', {}, fits ? 'Your draft is back. Last change: ' : 'You have another draft. Last change: ', time, '.'), acts)
  notice.setAttribute('role', 'status')
  if (fits) fill(form, draft.values)
  $('.acts', form).after(notice)
  showTimes()
}
const changed = form => texts(form).some(field => field.value !== original(field))
const keep = form => {
  const values = Object.fromEntries(texts(form).map(field => [field.name, field.value]))
  write(keyOf(form), { at: Date.now(), base: printed(form), values })
}

// A submission has succeeded when it leads, by way of a redirect, from the form's page to another address than the
// form's own; a refusal is shown at the form's own address. Coming back without an answer proves nothing, nor does
// following a link while the answer was on its way.
const sent = read('sent')
if (sent) {
  remove('sent')
  const [visit] = performance.getEntriesByType('navigation')
  if (visit?.type === 'navigate' && location.pathname !== sent.to && document.referrer === sent.from) remove(sent.key)
}
for (const key of drafts()) if (!(Date.now() - read(key)?.at < 30 * 864e5)) remove(key)

// Preview, as the server would show it.
const addPreview = form => {
  const area = make('div', { className: 'prose preview', hidden: true, tabIndex: -1, dir: 'auto' })
  area.setAttribute('aria-label', 'Preview')
  area.setAttribute('role', 'region')
  const preview = async () => {
    area.hidden = false
    try {
      const answer = await fetch('/preview', { method: 'POST', body: new URLSearchParams({ body: form.elements.body.value }) })
      if (!answer.ok) throw answer
      area.innerHTML = await answer.text()
    } catch {
      area.textContent = 'No preview at the moment. What you wrote is still here.'
    }
    area.focus()
  }
  const button = make('button', { type: 'button', textContent: 'Preview', onclick: preview })
  $('.acts .main, .acts button', form).after(button)
  form.append(area)
}

// Forms with a text; one that is cloned for a reply in place passes through here as well.
const prepare = form => {
  if (member) addPreview(form)
  let timer
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => changed(form) ? keep(form) : remove(keyOf(form)), 400) })
  restore(form)
}
const withText = 'form:has(textarea[name=body])'
const replyForm = $('#reply')?.cloneNode(true) // as the server printed it, for replies in place
$$(withText).forEach(prepare)

// Submitting: asks where there is no page that asks, posts once, remembers which draft is on its way.
document.addEventListener('submit', event => {
  const form = event.target
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return event.preventDefault()
  if (form.dataset.sent) return event.preventDefault()
  form.dataset.sent = 1
  setTimeout(() => $$('button', form).forEach(button => { button.disabled = true }))
  if (form === member) drafts().forEach(remove)
  if (form.matches(withText)) {
    keep(form)
    write('sent', { key: keyOf(form), to: address(form), from: location.href.split('#')[0] })
  }
})
addEventListener('pageshow', event => {
  if (!event.persisted) return
  remove('sent')
  for (const form of document.forms) {
    delete form.dataset.sent
    $$('button', form).forEach(button => { button.disabled = false })
  }
  showTimes()
})

// Replies in place: the page's own form, cloned under the comment. Guests follow the link.
document.addEventListener('click', event => {
  if (event.target.closest('a')) remove('sent')
  const link = event.target.closest('a[href^="/comments/"][href$="/reply"]')
  if (!link || !member || !replyForm || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  const line = link.parentElement
  const open = line.nextElementSibling?.matches('form') && line.nextElementSibling
  if (open) return open.elements.body.focus()
  const id = link.pathname.split('/')[2]
  const form = replyForm.cloneNode(true)
  form.removeAttribute('id')
  form.elements.body.textContent = ''
  for (const field of $$('[id]', form)) field.id += id
  for (const part of $$('[for], [aria-describedby]', form)) {
    for (const name of ['for', 'aria-describedby']) if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name) + id)
  }
  form.prepend(make('input', { type: 'hidden', name: 'parent_id', value: id }))
  $('.acts', form).append(make('button', { type: 'button', textContent: 'Cancel', onclick() { form.remove(); link.focus() } }))
  line.after(form)
  prepare(form)
  form.elements.body.focus()
})

// Keys.
const items = () => $$('.posts > li, .comments li').filter(item => item.checkVisibility())
const current = () => document.activeElement.closest('.posts > li, .comments li')
const go = step => {
  const all = items()
  const at = all.indexOf(current())
  const next = at < 0 ? all.find(item => item.getBoundingClientRect().top > 0) || all[0] : all[at + step]
  if (!next) return
  next.tabIndex = -1
  next.focus({ preventScroll: true })
  const { top } = next.getBoundingClientRect()
  if (top < 0 || top > innerHeight * .7) scrollBy({ top: top - innerHeight * .2, behavior: 'instant' })
}
const open = () => {
  const item = current()
  const link = item && $('h2 a', item)
  if (link) return link.click()
  const fold = item && $(':scope > details', item)
  if (fold) fold.open = !fold.open
}
const help = [['j', 'next post or comment'], ['k', 'previous one'], ['o', 'open the post, fold or open the comment'], ['r', 'reply'], ['?', 'this list']]
const keys = {
  j: () => go(1),
  k: () => go(-1),
  o: open,
  r() {
    const link = current() && $(':scope > details > .quiet a[href$="/reply"]', current())
    if (link) link.click()
    else $('#reply textarea')?.focus()
  },
  '?'() {
    const dialog = make('dialog', { onclose() { dialog.remove() } },
      make('h2', { textContent: 'Keys' }),
      make('dl', {}, ...help.flatMap(([key, what]) => [make('dt', {}, make('kbd', { textContent: key })), make('dd', { textContent: what })])),
      make('form', { method: 'dialog' }, make('button', { textContent: 'Close' })))
    document.body.append(dialog)
    dialog.showModal()
  },
}
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $('dialog')) return
  if (event.target.closest('input, textarea, select, [contenteditable]')) return
  const act = keys[event.key] || (event.key === 'Enter' && event.target.matches('li') && open)
  if (!act) return
  event.preventDefault()
  act()
})
