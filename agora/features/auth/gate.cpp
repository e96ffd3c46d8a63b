// SPDX-License-Identifier: MIT
#include <sodium/utils.h>
#include <agora/features/auth/gate.hpp>

namespace agora::auth {

using http::principal;

namespace {

failure refused(std::string_view code, std::string_view detail)
{
    return {failure_kind::unauthenticated, std::string{code}, std::string{detail}};
}

failure no_key() { return refused("invalid_key", "this API key is not valid, or has ended"); }

failure signed_out() { return refused("signed_out", "this sign-in has ended; sign in again"); }

principal nobody_knows()
{
    principal p;
    p.unknown = true;
    return p;
}

outcome<principal> as(std::int64_t user_id, const standing& s)
{
    if (!s.active) return signed_out();
    return principal{user_id, s.rank};
}

bool is_safe(http::verb v) noexcept
{
    return v == http::verb::get || v == http::verb::head || v == http::verb::options;
}

/// A cookie is sent by the browser, whoever made it ask: the page has to prove that it is ours. (Fetch Metadata; the
/// token is in the session, which other origins cannot read.)
std::optional<failure> cross_site(const http::request& r, const larder::session& s)
{
    if (is_safe(r.method)) return std::nullopt;
    const auto token = s.get<std::string>(csrf_field);
    const auto given = r.header("x-csrf-token");
    const bool same = token && !token->empty() && given.size() == token->size() &&
                      sodium_memcmp(given.data(), token->data(), token->size()) == 0;
    if (same && r.header("sec-fetch-site") != "cross-site") return std::nullopt;
    return failure{failure_kind::forbidden, "csrf",
                   "send the session's csrf_token as X-CSRF-Token with each request that changes something"};
}

}  // namespace

std::string_view cookie_of(const http::request& r, std::string_view name) noexcept
{
    for (const auto& f : r.headers()) {
        if (!http::iequals(f.name, "cookie")) continue;
        for (auto rest = f.value; !rest.empty();) {
            const auto end = rest.find(';');
            auto pair = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
                return pair.substr(name.size() + 1);
        }
    }
    return {};
}

std::string gate::sign_in_of(const http::request& r) const
{
    const auto token = http::bearer_token(r);
    const auto read =
        token ? read_token(keys_, *token, token_type::access, clock_.wall()) : outcome<claims>{signed_out()};
    return read ? read->family : std::string{};
}

std::optional<std::string> gate::session_of(const http::request& r) const
{
    const auto cookie = cookie_of(r, options_.cookie);
    return cookie.empty() ? std::nullopt : sessions_.verify(cookie);
}

outcome<std::shared_ptr<const gate::known_token>> gate::verified(std::string_view token)
{
    const auto now = clock_.wall();
    auto known = tokens_.get(token);
    if (known && std::chrono::seconds{known->expires_at} > now.time_since_epoch()) return known;
    const auto read = read_token(keys_, token, token_type::access, now);
    if (!read) return read.error();
    auto made = std::make_shared<known_token>(known_token{read->user_id, read->family, read->expires_at});
    larder::entry_options o;
    o.ttl = std::chrono::seconds{read->expires_at} - now.time_since_epoch();
    o.weight = sizeof(known_token) + made->family.size();
    tokens_.set(token, made, o);
    return std::shared_ptr<const known_token>{std::move(made)};
}

std::optional<outcome<principal>> gate::by_token_now(std::string_view token)
{
    if (options_.is_service_token && options_.is_service_token(token))
        return outcome<principal>{principal{options_.service_user, http::role::admin}};
    if (token.starts_with(api_key_prefix)) return by_key_now(token);
    const auto t = verified(token);
    if (!t) return outcome<principal>{t.error()};
    const auto id = (*t)->user_id;
    bool ended = false;
    if (!(*t)->family.empty()) {
        const bool known =
            cache_.with_local(sign_in_owners((*t)->family), [&](std::int64_t owner) { ended = owner != id; });
        if (!known) return std::nullopt;
    }
    if (ended) return outcome<principal>{signed_out()};
    std::optional<outcome<principal>> out;
    cache_.with_local(standings(id), [&](const standing& s) { out = as(id, s); });
    return out;
}

outcome<principal> gate::as_program(const key_owner& k, const standing& s) const
{
    if (k.expires_at && *k.expires_at <= clock_.wall()) return no_key();
    auto who = as(k.user_id, s);
    if (who) {
        who->read_only = k.read_only;
        who->key_id = k.id;
    }
    return who;
}

std::optional<outcome<principal>> gate::by_key_now(std::string_view key)
{
    std::optional<key_owner> owner;
    const bool known =
        cache_.with_local(key_owners(hash_of_key(key)), [&](const std::optional<key_owner>& k) { owner = k; });
    if (!known) return std::nullopt;
    if (!owner) return outcome<principal>{no_key()};
    std::optional<outcome<principal>> out;
    cache_.with_local(standings(owner->user_id), [&](const standing& s) { out = as_program(*owner, s); });
    return out;
}

asio::awaitable<outcome<principal>> gate::by_key_later(std::string key)
{
    const auto hash = hash_of_key(key);
    try {
        const auto found = co_await cache_.get_or_load(key_owners(hash), [&] { return programs_.owner_of(hash); });
        if (!*found) co_return no_key();
        const key_owner owner = **found;
        const auto id = owner.user_id;
        const auto s = co_await cache_.get_or_load(standings(id), [&] { return store_.standing_of(id); });
        co_return as_program(owner, *s);
    } catch (const std::exception&) {
        co_return nobody_knows();
    }
}

asio::awaitable<outcome<principal>> gate::by_token_later(std::string token)
{
    if (token.starts_with(api_key_prefix)) co_return co_await by_key_later(std::move(token));
    const auto t = verified(token);
    if (!t) co_return t.error();
    const auto id = (*t)->user_id;
    try {
        if (!(*t)->family.empty()) {
            auto owner = [&]() -> asio::awaitable<std::int64_t> {
                const auto s = co_await store_.find_sign_in((*t)->family);
                co_return s && !s->revoked ? s->user_id : 0;
            };
            const auto found = co_await cache_.get_or_load(sign_in_owners((*t)->family), owner);
            if (*found != id) co_return signed_out();
        }
        const auto s = co_await cache_.get_or_load(standings(id), [&] { return store_.standing_of(id); });
        co_return as(id, *s);
    } catch (const std::exception&) {  // the database is away, and who logs it says so
        co_return nobody_knows();
    }
}

principal gate::as_owner(const larder::session& of, std::int64_t owner, const standing& s)
{
    // Without a time it was signed in elsewhere, by an application that has to end it itself.
    const auto signed_in = of.get<larder::timestamp>(since_field);
    if (!s.active || (signed_in && *signed_in < s.since)) return {};
    return {owner, s.rank};
}

std::optional<outcome<principal>> gate::by_session_now(const http::request& r, const std::string& id)
{
    const auto s = sessions_.find_here(id);
    if (!s) return std::nullopt;
    const auto owner = s->get<std::int64_t>(owner_field);
    if (!owner) return outcome<principal>{principal{}};  // a session of nobody yet
    if (auto why = cross_site(r, *s)) return outcome<principal>{*std::move(why)};
    std::optional<outcome<principal>> out;
    cache_.with_local(standings(*owner), [&](const standing& now) { out = as_owner(*s, *owner, now); });
    return out;
}

asio::awaitable<outcome<principal>> gate::by_session_later(const http::request& r, std::string id)
{
    const auto found = co_await sessions_.find(std::move(id));
    if (!found) co_return nobody_knows();
    if (*found == nullptr) co_return principal{};
    const auto owner = (*found)->get<std::int64_t>(owner_field);
    if (!owner) co_return principal{};
    if (auto why = cross_site(r, **found)) co_return *std::move(why);
    try {
        const auto s = co_await cache_.get_or_load(standings(*owner), [&] { return store_.standing_of(*owner); });
        co_return as_owner(**found, *owner, *s);
    } catch (const std::exception&) {
        co_return nobody_knows();
    }
}

std::optional<outcome<principal>> gate::now(const http::request& r)
{
    if (r.has_header("authorization")) {
        const auto token = http::bearer_token(r);
        if (!token) return outcome<principal>{refused("bad_credentials", "only Authorization: Bearer is accepted")};
        return by_token_now(*token);
    }
    const auto cookie = cookie_of(r, options_.cookie);
    if (cookie.empty()) return outcome<principal>{principal{}};
    auto id = cookies_.get(cookie);
    if (!id) {
        auto verified = sessions_.verify(cookie);
        // A cookie that is not ours is no sign-in, as Express has it: its owner is a guest.
        if (!verified) return outcome<principal>{principal{}};
        auto made = std::make_shared<std::string>(*std::move(verified));
        larder::entry_options o;
        o.ttl = std::chrono::minutes{15};
        o.weight = made->size();
        cookies_.set(cookie, made, o);
        id = std::move(made);
    }
    return by_session_now(r, *id);
}

asio::awaitable<outcome<principal>> gate::later(const http::request& r)
{
    if (const auto token = http::bearer_token(r)) co_return co_await by_token_later(std::string{*token});
    auto id = session_of(r);
    if (!id) co_return principal{};
    co_return co_await by_session_later(r, *std::move(id));
}

}  // namespace agora::auth
