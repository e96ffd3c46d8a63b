// SPDX-License-Identifier: MIT
// A client of twelve calls, with types that openapi-typescript has generated from the document. `node client.js URL`
// goes through what a member does: register, write, change, comment, follow, and read it all again. It fails when a
// call does, and it does not compile when the document does not say what the calls need.
import createClient from 'openapi-fetch'
import type { components, paths } from './openapi.js'

type Problem = components['schemas']['Problem']
type Sort = NonNullable<NonNullable<paths['/api/posts']['get']['parameters']['query']>['sort']>

const baseUrl = process.argv[2]!
const api = createClient<paths>({ baseUrl })

/** The data of an answer that must be there. */
function expect<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.error !== undefined || answer.data === undefined)
    throw new Error(`${what} answers ${answer.response.status}: ${JSON.stringify(answer.error)}`)
  return answer.data
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

const sort: Sort = 'top'
const top = expect('list_posts', await api.GET('/api/posts', { params: { query: { sort, limit: 3, include_total: true } } }))
check(top.data.length === 3 && top.page.has_more && (top.page.total ?? 0) > 3, 'a page of three posts')

const more = expect('the next page', await api.GET('/api/posts', { params: { query: { sort, limit: 3, cursor: top.page.next_cursor! } } }))
check(more.data[0]!.id !== top.data[0]!.id, 'the next page has other posts')

const name = `client-${Date.now().toString(36)}`
const registration = { username: name, email: `${name}@example.org`, password: 'a quiet river bends' }
const tokens = expect('register', await api.POST('/api/auth/register', { body: registration }))
api.use({
  onRequest({ request }) {
    request.headers.set('Authorization', `Bearer ${tokens.access_token}`)
    return request
  },
})

const key = `key-${name}`
const draft = { title: 'Written by a generated client', body: 'It knows **every** field.', tags: ['discussion'] }
const post = expect('create_post', await api.POST('/api/posts', { body: draft, params: { header: { 'Idempotency-Key': key } } }))
const again = expect('a repeat', await api.POST('/api/posts', { body: draft, params: { header: { 'Idempotency-Key': key } } }))
check(again.id === post.id, 'the repeat gets the first answer')

const at = { path: { id: post.id } }
const read = await api.GET('/api/posts/{id}', { params: at })
check(expect('get_post', read).body_html.includes('<strong>every</strong>'), 'the text is rendered')
const etag = read.response.headers.get('ETag')!

const changed = expect('update_post', await api.PATCH('/api/posts/{id}', { params: { ...at, header: { 'If-Match': etag } }, body: { title: 'Changed by it' } }))
check(changed.version === post.version + 1, 'the version grows')

const stale = await api.PATCH('/api/posts/{id}', { params: { ...at, header: { 'If-Match': etag } }, body: { title: 'Too late' } })
const problem: Problem | undefined = stale.error
check(stale.response.status === 412 && problem?.code === 'stale', 'an edit of an old version is refused')

const comment = expect('create_comment', await api.POST('/api/posts/{id}/comments', { params: at, body: { body: 'First.' } }))
const reply = expect('a reply', await api.POST('/api/posts/{id}/comments', { params: at, body: { body: 'Second.', parent_id: comment.id } }))
const threads = expect('list_comments', await api.GET('/api/posts/{id}/comments', { params: { ...at, query: { view: 'tree' } } }))
check(threads.data[0]!.replies?.[0]?.id === reply.id, 'the reply is below the comment')

const author = top.data[0]!.author.id
const followed = expect('follow_user', await api.PUT('/api/users/{id}/follow', { params: { path: { id: author } } }))
check(followed.following && followed.followers >= 1, 'the author is followed')
const me = expect('get_account', await api.GET('/api/auth/me'))
check(me.email === registration.email && me.following === 1, 'the own account')
const found = expect('list_users', await api.GET('/api/users/list', { params: { query: { search: name } } }))
check(found.data.some((u) => u.id === me.id), 'the member is found by name')

const gone = await api.DELETE('/api/posts/{id}', { params: { ...at, header: { 'If-Match': '*' } } })
check(gone.response.status === 204, 'the post is deleted')
const missing = await api.GET('/api/posts/{id}', { params: at })
check(missing.error?.code === 'not_found', 'the deleted post is not found')
console.log('the generated client has made all of its calls')
