// SPDX-License-Identifier: MIT
// The operations of account_recovery.hpp: for each of the three purposes, one that queues emails and one that uses the
// token from an email. sending.cpp sends the emails and makes the tokens.
#include <agora/credentials/secrets.hpp>
#include <agora/features/account_recovery/account_recovery.hpp>

namespace agora::field_codes {
const field_code unchanged{"unchanged", "The new value is the current one."};
}  // namespace agora::field_codes

namespace agora::account_recovery {
namespace {

using credentials::hash_of_secret;
using security_events::event;

failure refuse_email(const field_code& code, std::string_view text)
{
    std::vector<field_error> errors;
    errors.emplace_back("email", code, std::string{text});
    return failure::invalid(std::move(errors));
}

failure too_many_emails(const larder::limit_decision& d)
{
    failure f{problems::too_many_emails, "too many emails were sent at your request; try again later"};
    f.retry_after = std::chrono::ceil<std::chrono::seconds>(d.retry_after);
    return f;
}

}  // namespace

failure bad_token()
{
    return {problems::bad_token,
            "this token is not valid: it was used before, has expired, or the account has changed since"};
}

asio::awaitable<void> slice::ask_reset(std::string login, http::client_info from)
{
    const auto given = accounts::normalized_email(login);
    const auto found = co_await accounts_.store().find(given);
    std::optional<token_owner> owner;
    if (found) owner = token_owner{found->user_id, found->email};
    event e{"reset_asked", std::move(from)};
    if (owner) e.user_id = owner->user_id;
    co_await store_->queue_reset(std::move(owner), e, clock_.wall());
}

asio::awaitable<void> slice::ask_reset_within_limit(std::string login, http::client_info from)
{
    // The limit counts by the address, whichever way the account is named.
    const auto given = accounts::normalized_email(login);
    const auto found = co_await accounts_.store().find(given);
    const auto address = found ? found->email : given;
    const auto place = co_await email_limit_.take(address);
    if (place.allowed) co_await ask_reset(given, std::move(from));
}

asio::awaitable<std::optional<std::string>> slice::address_of(std::string token, std::string_view purpose)
{
    const auto token_hash = hash_of_secret(token);
    const auto found = co_await store_->find_token(token_hash, purpose, clock_.wall());
    if (!found) co_return std::nullopt;
    co_return found->email;
}

asio::awaitable<outcome<std::int64_t>> slice::reset(std::string token, std::string password, http::client_info from)
{
    // The token is used up only after the password has been hashed, so that neither a refused password nor a full
    // hashing queue wastes it.
    const auto token_hash = hash_of_secret(token);
    const auto found = co_await store_->find_token(token_hash, purposes::reset, clock_.wall());
    if (!found) co_return bad_token();
    const auto user_id = found->user_id;
    const auto account = co_await accounts_.store().find(user_id);
    if (!account || account->email != found->email) co_return bad_token();
    const auto hash = co_await accounts_.hash_new(*account, std::move(password));
    if (!hash) co_return hash.error();
    const auto used = co_await store_->use_token(token_hash, purposes::reset, clock_.wall());
    if (!used) co_return bad_token();
    const bool set = co_await accounts_.store().set_password(*account, *hash, "", clock_.wall());
    if (!set) co_return bad_token();
    if (!account->verified) co_await settle(*account);
    co_await accounts_.remember_network(user_id, from);
    co_await events_.record(event::of_own_account("password_reset", user_id, std::move(from)));
    co_return user_id;
}

/// The reset has proven whose the address is. Someone else may have created the account with it, so its API keys are
/// revoked.
asio::awaitable<void> slice::settle(const accounts::account& of)
{
    const auto now = clock_.wall();
    // This fails if another account has verified the address in the meantime; then it stays unverified here.
    co_await accounts_.store().verify_email(of.user_id, of.email, now);
    co_await api_keys_.store().revoke_all(of.user_id, now);
}

asio::awaitable<outcome<void>> slice::verify(std::string token, http::client_info from)
{
    const auto now = clock_.wall();
    const auto found = co_await store_->use_token(hash_of_secret(token), purposes::verify, now);
    if (!found) co_return bad_token();
    auto done = co_await accounts_.store().verify_email(found->user_id, found->email, now);
    if (!done && done.error().status == problems::not_found.status) co_return bad_token();  // the address has changed
    if (!done) co_return done;
    co_await events_.record(event::of_own_account("email_verified", found->user_id, std::move(from)));
    co_return done;
}

asio::awaitable<outcome<void>> slice::ask_change(std::int64_t user_id, const email_change& wanted,
                                                 http::client_info from)
{
    token_owner owner;
    owner.user_id = user_id;
    owner.email = accounts::normalized_email(wanted.email);
    if (!accounts::is_email(owner.email)) co_return refuse_email(field_codes::invalid, "must be an e-mail address");
    const auto found = co_await accounts_.confirm(user_id, wanted.password, "password", from);
    if (!found) co_return found.error();
    if (found->email == owner.email)
        co_return refuse_email(field_codes::unchanged, "is already the address of your account");
    const auto own = co_await email_limit_.take("user:" + std::to_string(user_id));
    if (!own.allowed) co_return too_many_emails(own);
    // When the limit of that address is reached, others may have caused it, so the response does not reveal it. The
    // limit is separate from that of password resets; otherwise these requests could keep the address's owner from
    // resetting a password.
    const auto there = co_await email_limit_.take("new:" + owner.email);
    if (!there.allowed) co_return outcome<void>{};
    const auto asked = event::of_own_account("email_change_asked", user_id, std::move(from));
    co_await store_->queue_change(owner, found->email, asked, clock_.wall());
    co_return outcome<void>{};
}

asio::awaitable<outcome<void>> slice::confirm_change(std::string token, http::client_info from)
{
    const auto hash = hash_of_secret(token);
    co_return co_await store_->change_address(hash, from, clock_.wall());
}

}  // namespace agora::account_recovery
