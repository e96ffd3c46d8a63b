// SPDX-License-Identifier: MIT
// Changing an e-mail address, see email_change.hpp. ask() writes the emails into the table `letters`; recovery.cpp
// sends them and makes the token. confirm() uses the token up and changes the address, in one transaction.
#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/email_change.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/auth/recovery.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::auth {
namespace {

struct change_token {
    std::int64_t user_id;
    std::string email;
};
BOOST_DESCRIBE_STRUCT(change_token, (), (user_id, email))

constexpr std::string_view email_sql =
    "INSERT INTO letters (purpose, user_id, email, due_at, created_at) VALUES ($1, $2, $3, $4, $4)";
constexpr std::string_view event_sql =
    "INSERT INTO security_events (at, event, user_id, actor_id, address, request_id) VALUES ($1, $2, $3, $3, $4, $5)";

failure refuse_email(std::string_view code, std::string_view text)
{
    std::vector<field_error> errors;
    errors.emplace_back("email", std::string{code}, std::string{text});
    return failure::invalid(std::move(errors));
}

failure taken() { return {problems::email_taken, "another account has verified this address"}; }

failure too_many_emails(const larder::limit_decision& d)
{
    failure f{problems::too_many_emails, "too many emails were sent at your request; try again later"};
    f.retry_after = std::chrono::ceil<std::chrono::seconds>(d.retry_after);
    return f;
}

}  // namespace

asio::awaitable<outcome<void>> email_change::ask(std::int64_t user_id, std::string email, std::string password,
                                                 origin from)
{
    const auto address = normalized_email(email);
    if (!is_email(address)) co_return refuse_email("invalid", "must be an e-mail address");
    const auto found = co_await accounts_.confirm(user_id, std::move(password), "password", from);
    if (!found) co_return found.error();
    if (found->email == address) co_return refuse_email("unchanged", "is already the address of your account");
    const auto own = co_await emails_.take("user:" + std::to_string(user_id));
    if (!own.allowed) co_return too_many_emails(own);
    // When the limit of that address is reached, others may have caused it, so the response does not reveal it. The
    // limit is separate from that of password resets; otherwise these requests could keep the address's owner from
    // resetting a password.
    const auto there = co_await emails_.take("new:" + address);
    if (!there.allowed) co_return outcome<void>{};
    const auto now = accounts_.clock().wall();
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
        // Only the latest request counts.
        co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose = $2", user_id, confirm_new_address);
        co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2", user_id,
                        confirm_new_address);
        co_await s.exec(email_sql, confirm_new_address, user_id, std::string_view{address}, now);
        co_await s.exec(email_sql, warn_old_address, user_id, std::string_view{found->email}, now);
        co_await s.exec(event_sql, now, std::string_view{"email_change_asked"}, user_id, std::string_view{from.address},
                        std::string_view{from.request_id});
        co_return true;
    });
    co_return outcome<void>{};
}

asio::awaitable<outcome<void>> email_change::confirm(std::string token, origin from)
{
    const auto hash = hash_of_key(token);
    const auto now = accounts_.clock().wall();
    auto write = [&](storage::session& s, storage::invalidations&) -> asio::awaitable<outcome<void>> {
        const auto wish = co_await s.first<change_token>(
            "DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3"
            " RETURNING user_id, email",
            std::string_view{hash}, confirm_new_address, now);
        if (!wish) co_return bad_token();
        const auto old = co_await s.first<std::string>("SELECT email FROM accounts WHERE user_id = $1", wish->user_id);
        if (!old) co_return bad_token();
        const auto other = co_await s.first<std::int64_t>(
            "SELECT user_id FROM accounts WHERE email = $1 AND email_verified_at IS NOT NULL AND user_id <> $2",
            std::string_view{wish->email}, wish->user_id);
        if (other) co_return taken();
        co_await s.exec("UPDATE accounts SET email = $2, email_verified_at = $3 WHERE user_id = $1", wish->user_id,
                        std::string_view{wish->email}, now);
        co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1", wish->user_id);
        co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose IN ('verify', 'reset')", wish->user_id);
        co_await s.exec(email_sql, old_address_replaced, wish->user_id, std::string_view{*old}, now);
        co_await s.exec(event_sql, now, std::string_view{"email_changed"}, wish->user_id,
                        std::string_view{from.address}, std::string_view{from.request_id});
        co_return outcome<void>{};
    };
    try {
        co_return co_await outbox_.write(write);
    } catch (const storage::sql_error& e) {
        if (e.reason() != storage::errc::unique_violation) throw;
        co_return taken();  // another account verified the address a moment earlier
    }
}

mail::email email_about_change(std::string_view purpose, const std::string& name, const std::string& public_url,
                               const std::string& token)
{
    mail::email l;
    if (purpose == confirm_new_address) {
        l.subject = "Confirm your new address";
        l.text =
            "The member " + name + " of " + public_url +
            " wants to use this e-mail address from now on.\n\n"
            "If this is you, follow this link within two days, or send its token to POST /api/auth/email/confirm:\n\n" +
            public_url + "/confirm-email#token=" + token +
            "\n\nIf this is not you, ignore this email, and nothing will change.\n";
    } else if (purpose == warn_old_address) {
        l.subject = "Your address is about to change";
        l.text = "Someone, hopefully you, asked to replace this e-mail address of your account " + name + " at " +
                 public_url +
                 ". It will change when the new address is confirmed.\n\n"
                 "If it was not you, sign in and set a new password now. That cancels the change and ends all other "
                 "sign-ins.\n";
    } else {
        l.subject = "Your address was changed";
        l.text = "Your account " + name + " at " + public_url +
                 " now has another e-mail address. Emails about it are no longer sent here.\n\n"
                 "If it was not you who changed it, contact the operators of the community.\n";
    }
    return l;
}

}  // namespace agora::auth
