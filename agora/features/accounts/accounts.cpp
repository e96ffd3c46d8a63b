// SPDX-License-Identifier: MIT
// The operations on accounts, see accounts.hpp. enroll() creates an account; check() and confirm() verify a password;
// change_password() goes through confirm(), hash_new() and the store.
#include <agora/api/visible_text.hpp>
#include <agora/features/accounts/accounts.hpp>
#include <agora/features/accounts/problem_codes.hpp>

#include <algorithm>

namespace agora::field_codes {
const field_code wrong{"wrong", "The current password was not given correctly."};
}  // namespace agora::field_codes

namespace agora::accounts {
failure wrong_credentials() { return {problems::wrong_credentials, "the name or the password is wrong"}; }

failure username_taken() { return {problems::username_taken, "this username is taken"}; }

failure email_taken() { return {problems::email_taken, "another account has verified this address"}; }

std::string normalized_email(std::string_view written) { return users::normalized_username(api::tidied(written)); }

bool is_email(std::string_view text) noexcept
{
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at != text.rfind('@') || text.size() > max_email || at > 64)
        return false;
    const auto domain = text.substr(at + 1);
    const auto plain = [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != ',' && c != ';';
    };
    return std::ranges::all_of(text, plain) && domain.find('.') != std::string_view::npos && !domain.starts_with('.') &&
           !domain.ends_with('.') && domain.find("..") == std::string_view::npos;
}

asio::awaitable<outcome<std::int64_t>> slice::enroll(const registration& r, std::string role, bool verified)
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
    if (!is_email(a.email)) errors.emplace_back("email", field_codes::invalid, "must be an e-mail address");
    if (auto wrong = credentials::refuse_password(r.password, {a.username, a.email}))
        errors.push_back(*std::move(wrong));
    if (!errors.empty()) co_return failure::invalid(std::move(errors));
    const auto place = hasher_.enter();
    if (!place) co_return place.error();
    a.password_hash = co_await hasher_.hash(*place, r.password);
    co_return co_await store_->create(a, written, clock_.wall());
}

asio::awaitable<outcome<account>> slice::check(const sign_in_request& c, http::client_info from)
{
    const auto login = normalized_email(c.username);
    auto found = co_await store_->find(login);
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
        security_events::event failed{"sign_in_failed", from};
        if (found) failed.user_id = found->user_id;
        co_await events_.record(std::move(failed));
        co_return wrong_credentials();
    }
    co_await attempts_.refund(attempt);
    co_await attempts_.remember_network(found->user_id, from.network());
    if (outdated) {
        const auto dearer = co_await hasher_.hash(*place, c.password);
        co_await store_->rehash(*found, dearer);
    }
    co_return *std::move(found);
}

asio::awaitable<outcome<std::string>> slice::hash_new(const account& of, std::string password)
{
    if (auto wrong = credentials::refuse_password(password, {of.username, of.email})) {
        std::vector<field_error> errors;
        errors.push_back(*std::move(wrong));
        co_return failure::invalid(std::move(errors));
    }
    const auto place = hasher_.enter();
    if (!place) co_return place.error();
    co_return co_await hasher_.hash(*place, std::move(password));
}

asio::awaitable<outcome<void>> slice::set_password(const account& of, std::string next, std::string keep)
{
    const auto hash = co_await hash_new(of, std::move(next));
    if (!hash) co_return hash.error();
    const bool done = co_await store_->set_password(of, *hash, keep, clock_.wall());
    if (!done) co_return failure{problems::password_changed, "the password was changed in the meantime"};
    co_return outcome<void>{};
}

asio::awaitable<outcome<account>> slice::confirm(std::int64_t user_id, std::string password, std::string field,
                                                 http::client_info from)
{
    auto found = co_await store_->find(user_id);
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
        errors.emplace_back(std::move(field), field_codes::wrong, "is not the current password");
        co_return failure::invalid(std::move(errors));
    }
    co_await attempts_.refund(attempt);
    co_return *std::move(found);
}

asio::awaitable<void> slice::remember_network(std::int64_t user_id, http::client_info from)
{
    co_await attempts_.remember_network(user_id, from.network());
}

asio::awaitable<outcome<void>> slice::change_password(std::int64_t user_id, std::string old, std::string next,
                                                      std::string keep, http::client_info from)
{
    const auto found = co_await confirm(user_id, std::move(old), "old_password", from);
    if (!found) co_return found.error();
    auto done = co_await set_password(*found, std::move(next), std::move(keep));
    if (!done) co_return done;
    co_await remember_network(user_id, from);
    co_await events_.record(security_events::event::of_own_account("password_changed", user_id, std::move(from)));
    co_return done;
}

}  // namespace agora::accounts
