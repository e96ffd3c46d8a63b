// SPDX-License-Identifier: MIT
// Tokens and their sign-ins: start() begins a sign-in, exchange() continues it and detects a refresh token that was
// copied. Tokens are made from the stored row alone.
#include <agora/credentials/secrets.hpp>
#include <agora/features/sign_ins/sign_ins.hpp>

namespace agora::sign_ins {
namespace {

std::int64_t seconds_of(larder::timestamp t)
{
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

}  // namespace

failure registration_closed() { return {problems::registration_closed, "registration is closed in this community"}; }

tokens slice::tokens_of(const sign_ins::sign_in& s, bool fresh) const
{
    credentials::claims refresh;
    refresh.user_id = s.user_id;
    refresh.type = credentials::token_type::refresh;
    refresh.jti = s.current_jti;
    refresh.family = s.id;
    // Made from the row alone, so that a repeated request gets the same token.
    refresh.issued_at = seconds_of(s.rotated_at);
    refresh.expires_at = seconds_of(s.expires_at);
    credentials::claims access = refresh;
    access.type = credentials::token_type::access;
    access.jti = credentials::random_id();
    access.fresh = fresh;
    access.issued_at = seconds_of(clock_.wall());
    access.expires_at = access.issued_at + std::chrono::seconds{access_life}.count();
    tokens t;
    t.access_token = make_token(keys_, access);
    t.refresh_token = make_token(keys_, refresh);
    t.expires_in = access.expires_at - access.issued_at;
    return t;
}

asio::awaitable<outcome<tokens>> slice::start(const accounts::account& who, http::client_info from)
{
    sign_ins::sign_in s;
    s.id = credentials::random_id();
    s.user_id = who.user_id;
    s.current_jti = credentials::random_id();
    s.created_at = s.rotated_at = clock_.wall();
    s.expires_at = s.created_at + refresh_life;
    s.address = from.address;
    s.agent = from.user_agent;
    const bool begun = co_await store_->begin(s, who.password_changed_at);
    if (!begun) co_return accounts::wrong_credentials();
    co_await events_.record(security_events::event::of_own_account("signed_in", s.user_id, std::move(from)));
    co_return tokens_of(s, true);
}

asio::awaitable<outcome<accounts::account>> slice::sign_up(const accounts::registration& wanted, http::client_info from)
{
    if (mode_ == registration_mode::closed) co_return registration_closed();
    const auto id = co_await accounts_.enroll(wanted, "user");
    if (!id) co_return id.error();
    co_await accounts_.remember_network(*id, from);
    co_await events_.record(security_events::event::of_own_account("registered", *id, std::move(from)));
    auto made = co_await accounts_.store().find(*id);
    if (!made) co_return failure::not_found("this account");
    co_return *std::move(made);
}

asio::awaitable<outcome<tokens>> slice::sign_in_with(const accounts::sign_in_request& c, http::client_info from)
{
    const auto who = co_await accounts_.check(c, from);
    if (!who) co_return who.error();
    co_return co_await start(*who, std::move(from));
}

asio::awaitable<outcome<tokens>> slice::exchange(std::string token, http::client_info from)
{
    const auto now = clock_.wall();
    const auto read = read_token(keys_, token, credentials::token_type::refresh, now);
    if (!read) co_return read.error();
    const failure over{problems::signed_out, "this sign-in has ended; sign in again"};
    const auto status = co_await accounts_.store().status_of(read->user_id);
    if (!status.active) co_return over;
    const auto next = co_await store_->rotate(read->family, read->jti, credentials::random_id(), now);
    if (next) co_return tokens_of(*next, false);
    const auto s = co_await store_->find(read->family);
    if (!s || s->revoked || s->expires_at <= now) co_return over;
    if (s->previous_jti == read->jti && now < s->rotated_at + reuse_grace) co_return tokens_of(*s, false);
    co_await store_->end(s->id, s->user_id, now);
    security_events::event reused{"token_reused", std::move(from)};
    reused.user_id = s->user_id;
    co_await events_.record(std::move(reused));
    co_return failure{problems::token_reused,
                      "this refresh token was used before, so the sign-in has been ended; sign in again"};
}

}  // namespace agora::sign_ins
