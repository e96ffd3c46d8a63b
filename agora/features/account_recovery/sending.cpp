// SPDX-License-Identifier: MIT
// Sending the emails that wait: send_next() claims one, makes its token, and gives it to the mailer. The token is made
// only now, so that it is nowhere but in the email.
#include <agora/credentials/secrets.hpp>
#include <agora/features/account_recovery/emails.hpp>
#include <agora/log.hpp>

namespace agora::account_recovery {
namespace {

constexpr std::int64_t most_tries = 8;

std::chrono::hours life_of(std::string_view purpose)
{
    return purpose == purposes::reset ? reset_life : verification_life;
}

}  // namespace

/// Strangers can register with an address as often as they like, so its owner gets only a few emails about that. Emails
/// for password resets are counted separately.
asio::awaitable<bool> slice::may_send(const queued_email& e)
{
    if (e.purpose != purposes::verify || e.tries > 0) co_return true;
    const auto place = co_await email_limit_.take("sign-up:" + e.email);
    co_return place.allowed;
}

asio::awaitable<std::string> slice::make_token(const queued_email& e)
{
    auto token = credentials::random_secret();
    const auto now = clock_.wall();
    stored_token stored;
    stored.hash = credentials::hash_of_secret(token);
    stored.expires_at = now + life_of(e.purpose);
    co_await store_->add_token(e, stored, now);
    co_return token;
}

asio::awaitable<mail::email> slice::write(const queued_email& e)
{
    if (asks_for_proof(e.purpose)) {
        const auto owner = co_await store_->owner_beside(e);
        if (!owner.empty()) co_return text_for_owner(e, public_url_, owner);
    }
    std::string token;
    if (has_token(e.purpose)) token = co_await make_token(e);
    co_return text_of(e, public_url_, token);
}

asio::awaitable<bool> slice::send_next(mail::mailer& by)
{
    const auto next = co_await store_->claim(clock_.wall());
    if (!next) co_return false;
    const bool allowed = co_await may_send(*next);
    if (!allowed) {
        co_await store_->remove(next->id);
        log::info("mail: email {} dropped, because too many sign-ups gave its address", next->id);
        co_return true;
    }
    const auto email = co_await write(*next);
    const auto error = co_await by.deliver(email);
    const bool given_up = !error.empty() && next->tries + 1 >= most_tries;
    if (!error.empty())
        log::warn("mail: email {} could not be sent: {}{}", next->id, error, given_up ? "; giving up" : "");
    if (error.empty() || given_up) co_await store_->remove(next->id);
    co_return true;
}

}  // namespace agora::account_recovery
