// SPDX-License-Identifier: MIT
// Gathers the facts that decide() needs. Both try_sync() and async() call decide() in a loop and look up the fact that
// it misses: in memory with gather_local(), and in async() also with gather(), in Redis or the database. Facts that
// cannot be looked up are given up; decide() then treats the sender as unknown.
#include <sodium/utils.h>
#include <agora/credentials/problem_codes.hpp>
#include <agora/credentials/secrets.hpp>
#include <agora/features/authentication/authentication.hpp>
#include <agora/http/router.hpp>
#include <agora/services/services.hpp>
#include <algorithm>

namespace agora::authentication {

using http::principal;

namespace {

constexpr std::chrono::minutes remembered_for{15};

/// The check against CSRF. A browser sends a cookie with every request, whichever page caused it, so the page has to
/// prove that it is ours by sending the token of the session, which pages of other origins cannot read. Fetch Metadata
/// is a second defence.
bool is_proven(const http::request& r, std::string_view csrf)
{
    const auto given = r.header("x-csrf-token");
    const bool same =
        !csrf.empty() && given.size() == csrf.size() && sodium_memcmp(given.data(), csrf.data(), csrf.size()) == 0;
    return same && r.header("sec-fetch-site") != "cross-site";
}

/// Whether the browser has signed in on a page of the site, so that http::signed_in_mark lives on with the session.
bool is_marked(const http::request& r)
{
    const auto name = http::signed_in_mark.substr(0, http::signed_in_mark.find('='));
    return cookie_at(r, name, 0).has_value();
}

}  // namespace

/// One request that is being authenticated: the facts gathered so far, and their sources.
class request_authenticator::inquiry {
 public:
    inquiry(const http::request& r, const http::route& to) : request{r}
    {
        facts.safe = http::is_safe(r.method);
        facts.ignores_cookies = to.ignores_cookies;
        from_own_page = to.for_browsers;
    }

    const http::request& request;
    request_facts facts;
    bool from_own_page = false;  ///< admission has checked which page sent the form
    std::string_view token;      ///< from the Authorization field
    std::shared_ptr<const known_token> known;
    std::shared_ptr<const std::string> key_hash;
    std::size_t cookies_seen = 0;
    std::string_view cookie_text;
    std::shared_ptr<const known_cookie> cookie;
    std::shared_ptr<const larder::session> moved;  ///< the session, if reading it has extended it
};

request_authenticator::request_authenticator(services& s, accounts::slice& accounts, api_keys::slice& keys,
                                             sign_ins::slice& sign_ins, authenticator_options o)
    : accounts_{accounts.store()},
      api_keys_{keys.store()},
      sign_ins_{sign_ins},
      cache_{s.cache},
      sessions_{s.sessions},
      clock_{s.clock},
      options_{std::move(o)}
{}

authorization request_authenticator::read_authorization(inquiry& q)
{
    std::size_t fields = 0;
    for (const auto& f : q.request.headers()) {
        if (http::iequals(f.name, "authorization")) ++fields;
    }
    if (fields == 0) return authorization::none;
    if (fields > 1) return authorization::several;
    const auto token = http::bearer_token(q.request);
    if (!token) return authorization::unsupported_scheme;
    q.token = *token;
    return read_token_text(q);
}

authorization request_authenticator::read_token_text(inquiry& q)
{
    if (q.token.empty()) return authorization::invalid_token;
    if (options_.is_service_token && options_.is_service_token(q.token)) {
        q.facts.operator_id = options_.service_user;
        return authorization::operator_token;
    }
    if (q.token.starts_with(api_keys::key_prefix)) return authorization::api_key;
    q.known = tokens_.get(q.token);
    const auto now = q.facts.now;
    if (!q.known || std::chrono::seconds{q.known->expires_at} <= now.time_since_epoch()) {
        const auto read = credentials::read_token(sign_ins_.keys(), q.token, credentials::token_type::access, now);
        if (!read)
            return read.error().code == problems::token_expired.name ? authorization::expired_token
                                                                     : authorization::invalid_token;
        q.known = std::make_shared<known_token>(known_token{read->user_id, read->family, read->expires_at});
        larder::entry_options o;
        o.ttl = std::chrono::seconds{read->expires_at} - now.time_since_epoch();
        o.weight = sizeof(known_token) + q.known->family.size();
        tokens_.set(q.token, q.known, o);
    }
    q.facts.token_owner = q.known->user_id;
    q.facts.token_can_end = !q.known->family.empty();
    return authorization::access_token;
}

void request_authenticator::remember(std::string_view cookie, std::shared_ptr<const known_cookie> what)
{
    larder::entry_options o;
    o.ttl = remembered_for;
    o.weight = sizeof(known_cookie) + what->id.size() + what->csrf.size();
    if (what->session) o.weight += sizeof(larder::session) + what->session->data().text().size();
    cookies_.set(cookie, std::move(what), o);
}

/// Moves on to the next session cookie with a valid signature.
void request_authenticator::take_next_cookie(inquiry& q)
{
    q.facts.cookie = {};
    q.facts.session = {};
    q.facts.account = {};
    q.moved = nullptr;
    for (; q.cookies_seen < max_session_cookies; ++q.cookies_seen) {
        const auto text = cookie_at(q.request, options_.cookie, q.cookies_seen);
        if (!text) break;
        q.cookie_text = *text;
        q.cookie = cookies_.get(*text);
        if (!q.cookie) {
            auto id = sessions_.verify(*text);
            if (!id) continue;
            auto made = std::make_shared<known_cookie>();
            made->id = *std::move(id);
            remember(*text, made);
            q.cookie = std::move(made);
        }
        ++q.cookies_seen;
        q.facts.cookie.learn(true);
        return;
    }
    q.facts.cookie.learn(false);
}

void request_authenticator::learn_session(inquiry& q, std::shared_ptr<const larder::session> found)
{
    if (!found) return q.facts.session.learn(std::nullopt);
    if (q.cookie->session != found) {
        auto made = std::make_shared<known_cookie>();
        made->id = q.cookie->id;
        made->facts = facts_of(*found);
        made->csrf = found->get<std::string>(csrf_field).value_or("");
        made->session = std::move(found);
        remember(q.cookie_text, made);
        q.cookie = std::move(made);
    }
    auto facts = q.cookie->facts;
    facts.proven = !q.facts.safe && (q.from_own_page || is_proven(q.request, q.cookie->csrf));
    q.facts.session.learn(facts);
}

/// Looks up the missing fact in memory, without suspending. Returns false if it is not there.
bool request_authenticator::gather_local(inquiry& q, const decision& d)
{
    switch (d.missing) {
        case missing::sign_in:
            return cache_.with_local(sign_ins::sign_in_owners(q.known->family),
                                     [&](std::int64_t owner) { q.facts.sign_in_owner.learn(owner); });
        case missing::key: {
            q.key_hash = key_hashes_.get(q.token);
            if (!q.key_hash) q.key_hash = std::make_shared<std::string>(credentials::hash_of_secret(q.token));
            return cache_.with_local(api_keys::key_owners(*q.key_hash),
                                     [&](const std::optional<api_keys::key_owner>& k) { q.facts.key.learn(k); });
        }
        case missing::cookie:
            take_next_cookie(q);
            return true;
        case missing::session: {
            auto found = sessions_.try_find(q.cookie->id);
            if (!found) return false;
            learn_session(q, std::move(found));
            return true;
        }
        case missing::account:
            return cache_.with_local(accounts::account_statuses(d.account_id),
                                     [&](const accounts::account_status& s) { q.facts.account.learn(s); });
        case missing::nothing:
            break;
    }
    return false;
}

/// Looks up the missing fact in Redis or the database. Their clients log when they cannot be reached.
asio::awaitable<void> request_authenticator::gather(inquiry& q, missing what, std::int64_t account_id)
{
    if (what == missing::session) {
        auto found = co_await sessions_.find(q.cookie->id);
        if (!found) co_return q.facts.session.give_up();
        if (*found && (*found)->expiry_extended()) q.moved = *found;
        co_return learn_session(q, *std::move(found));
    }
    try {
        if (what == missing::sign_in) {
            auto owner = [&]() -> asio::awaitable<std::int64_t> {
                const auto s = co_await sign_ins_.store().find(q.known->family);
                co_return s && !s->revoked ? s->user_id : 0;
            };
            const auto found = co_await cache_.get_or_load(sign_ins::sign_in_owners(q.known->family), owner);
            q.facts.sign_in_owner.learn(*found);
        } else if (what == missing::key) {
            const auto& hash = *q.key_hash;
            const auto found =
                co_await cache_.get_or_load(api_keys::key_owners(hash), [&] { return api_keys_.owner_of(hash); });
            q.facts.key.learn(*found);
            if (*found) key_hashes_.set(q.token, q.key_hash, {.ttl = remembered_for, .weight = 2 * hash.size()});
        } else {
            const auto found = co_await cache_.get_or_load(accounts::account_statuses(account_id),
                                                           [&] { return accounts_.status_of(account_id); });
            q.facts.account.learn(*found);
        }
    } catch (const std::exception&) {
        if (what == missing::sign_in) q.facts.sign_in_owner.give_up();
        if (what == missing::key) q.facts.key.give_up();
        if (what == missing::account) q.facts.account.give_up();
    }
}

/// Records which sign-in or session has authenticated the request. Handlers act on that one, even if the request
/// carries others.
void request_authenticator::name_credential(const inquiry& q, const decision& d, http::request& r)
{
    if (d.caller.by == http::credential::access_token) r.admitted.credential_id = {q.known, &q.known->family};
    if (d.caller.by == http::credential::session) r.admitted.credential_id = {q.cookie, &q.cookie->id};
}

std::optional<outcome<principal>> request_authenticator::try_sync(http::request& r, const http::route& to)
{
    inquiry q{r, to};
    q.facts.now = clock_.wall();
    q.facts.authorization = read_authorization(q);
    for (;;) {
        const auto d = decide(q.facts);
        if (d.refusal != refusal::none) return outcome<principal>{failure_of(d.refusal)};
        if (d.missing == missing::nothing) {
            name_credential(q, d, r);
            return outcome<principal>{d.caller};
        }
        if (!gather_local(q, d)) return std::nullopt;
    }
}

asio::awaitable<outcome<principal>> request_authenticator::async(http::request& r, const http::route& to)
{
    inquiry q{r, to};
    q.facts.now = clock_.wall();
    q.facts.authorization = read_authorization(q);
    for (;;) {
        const auto d = decide(q.facts);
        if (d.missing == missing::nothing) {
            // The session has been extended, so the browser's cookie is extended too.
            if (q.moved && d.session_counts) {
                r.admitted.fields.emplace_back("Set-Cookie", cookie_for(*q.moved));
                if (is_marked(r)) r.admitted.fields.emplace_back("Set-Cookie", set_mark(*q.moved));
            }
            if (d.refusal != refusal::none) co_return failure_of(d.refusal);
            name_credential(q, d, r);
            co_return d.caller;
        }
        if (!gather_local(q, d)) co_await gather(q, d.missing, d.account_id);
    }
}

std::vector<std::string> request_authenticator::sessions_in(const http::request& r) const
{
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < max_session_cookies; ++i) {
        const auto cookie = cookie_at(r, options_.cookie, i);
        if (!cookie) break;
        auto id = sessions_.verify(*cookie);
        if (id && std::ranges::find(ids, *id) == ids.end()) ids.push_back(*std::move(id));
    }
    return ids;
}

std::string request_authenticator::cookie_for(const larder::session& s) const
{
    return set_cookie(options_.cookie, sessions_.sign(s.id()), s);
}

asio::awaitable<std::optional<std::string>> request_authenticator::removed_cookie(const http::request& r)
{
    auto id = session_of(r);
    if (!id) co_return std::nullopt;
    const auto found = co_await sessions_.find(*std::move(id));
    if (found && *found) co_return clear_cookie(options_.cookie, **found);
    co_return clear_cookie(options_.cookie, sessions_.make());
}

std::string sign_in_of(const http::request& r)
{
    return r.caller.by == http::credential::access_token ? *r.admitted.credential_id : std::string{};
}

std::optional<std::string> session_of(const http::request& r)
{
    if (r.caller.by != http::credential::session) return std::nullopt;
    return *r.admitted.credential_id;
}

}  // namespace agora::authentication
