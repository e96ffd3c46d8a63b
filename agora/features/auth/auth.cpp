// SPDX-License-Identifier: MIT
// The operations of service, see auth.hpp. check() verifies a name and password, start() begins a sign-in, refresh()
// continues it; change_password() goes through confirm(), hash_new() and the store.
#include <sodium/randombytes.h>
#include <agora/api/visible_text.hpp>
#include <agora/features/auth/auth.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/users/users.hpp>

#include <algorithm>

namespace agora::auth {
namespace {

constexpr std::size_t longest_email = 254;

failure wrong_credentials() { return {problems::wrong_credentials, "the name or the password is wrong"}; }

std::int64_t seconds_of(larder::timestamp t)
{
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

}  // namespace

std::string random_id()
{
    std::string bytes(16, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return to_base64url(bytes);
}

std::string normalized_email(std::string_view written) { return users::normalized_username(api::tidied(written)); }

bool is_email(std::string_view text) noexcept
{
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at != text.rfind('@') || text.size() > longest_email || at > 64)
        return false;
    const auto domain = text.substr(at + 1);
    const auto plain = [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != ',' && c != ';';
    };
    return std::ranges::all_of(text, plain) && domain.find('.') != std::string_view::npos && !domain.starts_with('.') &&
           !domain.ends_with('.') && domain.find("..") == std::string_view::npos;
}

asio::awaitable<outcome<std::int64_t>> service::enroll(const registration& r, std::string role, bool verified)
{
    account a;
    const auto written = api::tidied(r.username);
    a.username = users::normalized_username(written);
    a.email = normalized_email(r.email);
    a.role = std::move(role);
    a.verified = verified;
    std::vector<field_error> errors;
    // `verified` accounts are created by the operator, who may use reserved names.
    if (auto wrong = users::refuse_username(a.username, verified)) errors.push_back(*std::move(wrong));
    if (!is_email(a.email)) errors.emplace_back("email", "invalid", "must be an e-mail address");
    if (auto wrong = refuse_password(r.password, {a.username, a.email})) errors.push_back(*std::move(wrong));
    if (!errors.empty()) co_return failure::invalid(std::move(errors));
    const auto place = hasher_.enter();
    if (!place) co_return place.error();
    a.password_hash = co_await hasher_.hash(*place, r.password);
    co_return co_await store_.create(a, written, clock_.wall());
}

tokens service::tokens_of(const sign_in& s, bool fresh) const
{
    claims refresh;
    refresh.user_id = s.user_id;
    refresh.type = token_type::refresh;
    refresh.jti = s.current_jti;
    refresh.family = s.id;
    // Made from the row alone, so that a repeated request gets the same token.
    refresh.issued_at = seconds_of(s.rotated_at);
    refresh.expires_at = seconds_of(s.expires_at);
    claims access = refresh;
    access.type = token_type::access;
    access.jti = random_id();
    access.fresh = fresh;
    access.issued_at = seconds_of(clock_.wall());
    access.expires_at = access.issued_at + std::chrono::seconds{access_life}.count();
    tokens t;
    t.access_token = make_token(keys_, access);
    t.refresh_token = make_token(keys_, refresh);
    t.expires_in = access.expires_at - access.issued_at;
    return t;
}

asio::awaitable<void> service::record(std::string event, std::int64_t user_id, origin from)
{
    security_event e{std::move(event), from};
    e.user_id = e.actor_id = user_id;
    co_await store_.record(e, clock_.wall());
}

asio::awaitable<outcome<tokens>> service::start(const account& who, origin from)
{
    const auto user_id = who.user_id;
    sign_in s;
    s.id = random_id();
    s.user_id = user_id;
    s.password_of = who.password_changed_at;
    s.current_jti = random_id();
    s.created_at = s.rotated_at = clock_.wall();
    s.expires_at = s.created_at + refresh_life;
    s.address = from.address;
    s.agent = from.agent;
    const bool begun = co_await store_.begin(s);
    if (!begun) co_return wrong_credentials();
    co_await record("signed_in", user_id, std::move(from));
    co_return tokens_of(s, true);
}

asio::awaitable<outcome<tokens>> service::sign_in_with(const credentials& c, origin from)
{
    const auto who = co_await check(c, from);
    if (!who) co_return who.error();
    co_return co_await start(*who, std::move(from));
}

asio::awaitable<outcome<account>> service::check(const credentials& c, origin from)
{
    const auto login = normalized_email(c.username);
    auto found = co_await store_.find(login);
    password_attempt attempt{attempt_purpose::sign_in, found ? found->user_id : 0, login, from.network()};
    const auto ready = co_await attempts_.begin(attempt);
    if (!ready) co_return ready.error();
    const auto place = hasher_.enter();
    if (!place) {
        co_await attempts_.refund(attempt);
        co_return place.error();
    }
    std::optional<std::string> hash;
    if (found) hash = found->password_hash;
    const bool outdated = hash && hasher_.outdated(*hash);
    const bool fits = co_await hasher_.verify(*place, c.password, std::move(hash));
    if (!fits) {
        security_event e{"sign_in_failed", from};
        if (found) e.user_id = found->user_id;
        co_await store_.record(e, clock_.wall());
        co_return wrong_credentials();
    }
    co_await attempts_.refund(attempt);
    co_await attempts_.trust(found->user_id, from.network());
    if (outdated) {
        const auto dearer = co_await hasher_.hash(*place, c.password);
        co_await store_.rehash(*found, dearer);
    }
    co_return *std::move(found);
}

asio::awaitable<outcome<tokens>> service::refresh(std::string token, origin from)
{
    const auto now = clock_.wall();
    const auto read = read_token(keys_, token, token_type::refresh, now);
    if (!read) co_return read.error();
    const failure over{problems::signed_out, "this sign-in has ended; sign in again"};
    const auto account_status = co_await store_.status_of(read->user_id);
    if (!account_status.active) co_return over;
    const auto next = co_await store_.rotate(read->family, read->jti, random_id(), now);
    if (next) co_return tokens_of(*next, false);
    const auto s = co_await store_.find_sign_in(read->family);
    if (!s || s->revoked || s->expires_at <= now) co_return over;
    if (s->previous_jti == read->jti && now < s->rotated_at + reuse_grace) co_return tokens_of(*s, false);
    co_await store_.end(s->id, s->user_id, now);
    security_event e{"token_reused", from};
    e.user_id = s->user_id;
    co_await store_.record(e, now);
    co_return failure{problems::token_reused,
                      "this refresh token was used before, so the sign-in has been ended; sign in again"};
}

asio::awaitable<outcome<std::string>> service::hash_new(const account& of, std::string password)
{
    if (auto wrong = refuse_password(password, {of.username, of.email})) {
        std::vector<field_error> errors;
        errors.push_back(*std::move(wrong));
        co_return failure::invalid(std::move(errors));
    }
    const auto place = hasher_.enter();
    if (!place) co_return place.error();
    co_return co_await hasher_.hash(*place, std::move(password));
}

asio::awaitable<outcome<void>> service::set_password(const account& of, std::string next, std::string keep)
{
    const auto hash = co_await hash_new(of, std::move(next));
    if (!hash) co_return hash.error();
    const bool done = co_await store_.set_password(of, *hash, keep, clock_.wall());
    if (!done) co_return failure{problems::password_changed, "the password was changed in the meantime"};
    co_return outcome<void>{};
}

asio::awaitable<outcome<account>> service::confirm(std::int64_t user_id, std::string password, std::string field,
                                                   origin from)
{
    auto found = co_await store_.find(user_id);
    if (!found) co_return failure{problems::no_account, "this user has no password"};
    password_attempt attempt{attempt_purpose::confirmation, user_id, "", from.network()};
    const auto ready = co_await attempts_.begin(attempt);
    if (!ready) co_return ready.error();
    const auto place = hasher_.enter();
    if (!place) {
        co_await attempts_.refund(attempt);
        co_return place.error();
    }
    const bool fits = co_await hasher_.verify(*place, std::move(password), found->password_hash);
    if (!fits) {
        std::vector<field_error> errors;
        errors.emplace_back(std::move(field), "wrong", "is not the current password");
        co_return failure::invalid(std::move(errors));
    }
    co_await attempts_.refund(attempt);
    co_return *std::move(found);
}

asio::awaitable<void> service::trust_network(std::int64_t user_id, origin from)
{
    co_await attempts_.trust(user_id, from.network());
}

asio::awaitable<outcome<void>> service::change_password(std::int64_t user_id, std::string old, std::string next,
                                                        std::string keep, origin from)
{
    const auto found = co_await confirm(user_id, std::move(old), "old_password", from);
    if (!found) co_return found.error();
    auto done = co_await set_password(*found, std::move(next), std::move(keep));
    if (!done) co_return done;
    co_await trust_network(user_id, from);
    co_await record("password_changed", user_id, std::move(from));
    co_return done;
}

}  // namespace agora::auth
