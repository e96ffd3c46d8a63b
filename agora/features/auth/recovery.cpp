// SPDX-License-Identifier: MIT
// Emails with tokens, see recovery.hpp. Requests only insert a row into `letters`; send_next() claims a row, makes the
// token, and sends the email. reset() and verify() use the token up.
#include <sodium/randombytes.h>
#include <spdlog/spdlog.h>
#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/email_change.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/auth/recovery.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::auth {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t most_tries = 8;
constexpr std::int64_t most_tokens = 20;  // valid tokens per account and purpose
const std::string nobody;                 // stands for an address without an account
constexpr auto first_pause = 2min;        // until the next try; doubles each time; longer than a delivery may take

std::chrono::hours life_of(std::string_view purpose) { return purpose == "reset" ? reset_life : verify_life; }

bool is_about_change(std::string_view purpose)
{
    return purpose == confirm_new_address || purpose == warn_old_address || purpose == old_address_replaced;
}

/// Whether the email asks its reader to prove that the address is theirs.
bool asks_for_proof(std::string_view purpose) { return purpose == "verify" || purpose == confirm_new_address; }

}  // namespace

failure bad_token()
{
    return {problems::bad_token,
            "this token is not valid: it was used before, has expired, or the account has changed since"};
}

struct recovery::due {
    std::int64_t id;
    std::string purpose;
    std::int64_t user_id;
    std::string email;
    std::int64_t tries;
    std::string username;
    BOOST_DESCRIBE_CLASS(due, (), (id, purpose, user_id, email, tries, username), (), ())
};

struct recovery::used_token {
    std::int64_t user_id;
    std::string email;
    BOOST_DESCRIBE_CLASS(used_token, (), (user_id, email), (), ())
};

asio::awaitable<void> recovery::ask_reset(std::string_view email, const origin& from)
{
    const auto address = normalized_email(email);
    const auto found = co_await accounts_.accounts().find(address);
    std::optional<std::int64_t> whose;
    if (found && found->email == address) whose = found->user_id;
    const auto& to = whose ? address : nobody;
    const auto now = accounts_.clock().wall();
    // The same rows are written whether or not there is an account, so that both take the same time. claim() deletes
    // rows without an account.
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
        co_await s.exec(
            "INSERT INTO letters (purpose, user_id, email, due_at, created_at) VALUES ('reset', $1, $2, $3, $3)", whose,
            std::string_view{to}, now);
        co_await s.exec(
            "INSERT INTO security_events (at, event, user_id, address, request_id) VALUES ($1, 'reset_asked', $2, $3, "
            "$4)",
            now, whose, std::string_view{from.address}, std::string_view{from.request_id});
        co_return true;
    });
}

asio::awaitable<void> recovery::ask_verification(std::int64_t user_id)
{
    const auto now = accounts_.clock().wall();
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
        return s.exec(
            "INSERT INTO letters (purpose, user_id, email, due_at, created_at)"
            " SELECT 'verify', user_id, email, $2, $2 FROM accounts WHERE user_id = $1 AND email_verified_at IS NULL",
            user_id, now);
    });
}

asio::awaitable<std::optional<recovery::used_token>> recovery::use(const std::string& token, std::string_view purpose,
                                                                   bool keep)
{
    const auto hash = hash_of_key(token);
    const auto now = accounts_.clock().wall();
    constexpr std::string_view look =
        "SELECT user_id, email FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3";
    constexpr std::string_view take =
        "DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, email";
    if (keep) co_return co_await outbox_.db().first<used_token>(look, std::string_view{hash}, purpose, now);
    co_return co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
        return s.first<used_token>(take, std::string_view{hash}, purpose, now);
    });
}

asio::awaitable<outcome<std::int64_t>> recovery::reset(std::string token, std::string password, const origin& from)
{
    // The token is used up only after the password has been hashed, so that neither a refused password nor a full
    // hashing queue wastes it.
    const auto found = co_await use(token, "reset", true);
    if (!found) co_return bad_token();
    const auto user_id = found->user_id;
    const auto account = co_await accounts_.accounts().find(user_id);
    if (!account || account->email != found->email) co_return bad_token();
    const auto hash = co_await accounts_.hash_new(*account, std::move(password));
    if (!hash) co_return hash.error();
    const auto used = co_await use(token, "reset", false);
    if (!used) co_return bad_token();
    const bool set = co_await accounts_.accounts().set_password(*account, *hash, "", accounts_.clock().wall());
    if (!set) co_return bad_token();
    if (!account->verified) co_await settle(*account);
    co_await accounts_.trust_network(user_id, from);
    co_await accounts_.record("password_reset", user_id, from);
    co_return user_id;
}

/// The reset has proven whose the address is. Someone else may have created the account with it, so its API keys are
/// revoked.
asio::awaitable<void> recovery::settle(const account& of)
{
    const auto now = accounts_.clock().wall();
    // This fails if another account has verified the address in the meantime; then it stays unverified here.
    co_await accounts_.accounts().verify_email(of.user_id, of.email, now);
    co_await outbox_.write([&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<bool> {
        const auto ended = co_await s.all<std::string>(
            "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING hash", of.user_id,
            now);
        for (const auto& hash : ended) invalidations.add(key_owners(hash));
        co_return true;
    });
}

asio::awaitable<outcome<void>> recovery::verify(std::string token, const origin& from)
{
    const auto found = co_await use(token, "verify", false);
    if (!found) co_return bad_token();
    auto done = co_await accounts_.accounts().verify_email(found->user_id, found->email, accounts_.clock().wall());
    if (!done && done.error().status == problems::not_found.status) co_return bad_token();  // the address has changed
    if (!done) co_return done;
    co_await accounts_.record("email_verified", found->user_id, from);
    co_return outcome<void>{};
}

asio::awaitable<std::optional<recovery::due>> recovery::claim()
{
    const auto now = accounts_.clock().wall();
    const auto any =
        co_await outbox_.db().first<std::int64_t>("SELECT id FROM letters WHERE due_at <= $1 LIMIT 1", now);
    if (!any) co_return std::nullopt;
    co_return co_await outbox_.write(
        [&](storage::session& s, storage::invalidations&) -> asio::awaitable<std::optional<due>> {
            co_await s.exec("DELETE FROM letters WHERE user_id IS NULL");
            auto found = co_await s.first<due>(
                "SELECT l.id, l.purpose, l.user_id, l.email, l.tries, u.username FROM letters l"
                " JOIN users u ON u.id = l.user_id WHERE l.due_at <= $1 ORDER BY l.due_at, l.id LIMIT 1",
                now);
            if (!found) co_return std::nullopt;
            const auto pause = first_pause * (std::int64_t{1} << std::min<std::int64_t>(found->tries, 10));
            const auto mine =
                co_await s.exec("UPDATE letters SET tries = tries + 1, due_at = $3 WHERE id = $1 AND tries = $2",
                                found->id, found->tries, now + pause);
            if (mine != 1) co_return std::nullopt;  // another node was faster
            co_return found;
        });
}

asio::awaitable<std::string> recovery::make_token(const due& d)
{
    std::string bytes(32, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    const auto token = to_base64url(bytes);
    const auto hash = hash_of_key(token);
    const auto now = accounts_.clock().wall();
    const auto ends = now + life_of(d.purpose);
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
        co_await s.exec("DELETE FROM one_time_tokens WHERE expires_at <= $1", now);
        // Earlier tokens stay valid, because a stranger who requests emails for a member must not invalidate the token
        // that the member holds.
        co_await s.exec(
            "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND hash NOT IN (SELECT hash FROM"
            " one_time_tokens WHERE user_id = $1 AND purpose = $2 ORDER BY expires_at DESC, hash LIMIT $3)",
            d.user_id, std::string_view{d.purpose}, most_tokens - 1);
        co_await s.exec(
            "INSERT INTO one_time_tokens (hash, purpose, user_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
            std::string_view{hash}, std::string_view{d.purpose}, d.user_id, std::string_view{d.email}, ends);
        co_return true;
    });
    co_return token;
}

asio::awaitable<std::string> recovery::owner_beside(const due& d)
{
    const auto name = co_await outbox_.db().first<std::string>(
        "SELECT u.username FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.email = $1 AND a.user_id <> $2"
        " AND a.email_verified_at IS NOT NULL AND u.deleted_at IS NULL",
        std::string_view{d.email}, d.user_id);
    co_return name.value_or("");
}

/// The email to a member whose verified address was given for another account. Only the member learns of it, not
/// whoever gave the address.
mail::email recovery::notice_for(const due& d, const std::string& owner) const
{
    mail::email l;
    l.to = d.email;
    l.subject = "You already have an account";
    l.text = "This address was given for " + std::string{d.purpose == "verify" ? "a new" : "another"} + " account at " +
             public_url_ + ", but it already belongs to your account " + owner + ".\n\nIf it was you, sign in as " +
             owner + ", or reset the password if you have forgotten it.\n" +
             "If it was not you, ignore this email; the other account cannot use your address.\n";
    return l;
}

mail::email recovery::email_for(const due& d, const std::string& token) const
{
    mail::email l;
    l.to = d.email;
    if (d.purpose == "reset") {
        l.subject = "Reset your password";
        l.text = "Someone, hopefully you, asked to reset the password of your account " + d.username + " at " +
                 public_url_ +
                 ".\n\nFollow this link within an hour, or send its token to POST /api/auth/password/reset:\n\n" +
                 public_url_ + "/reset-password#token=" + token +
                 "\n\nIf it was not you, ignore this email, and your password stays as it is.\n";
    } else {
        l.subject = "Is this your address?";
        l.text = "This address was given for the new account " + d.username + " at " + public_url_ +
                 ".\n\nIf it was you, follow this link within two days, or send its token to POST "
                 "/api/auth/verify-email:\n\n" +
                 public_url_ + "/verify-email#token=" + token + "\n\nIf it was not you, ignore this email.\n";
    }
    return l;
}

asio::awaitable<mail::email> recovery::email_about_change_of(const due& d)
{
    std::string token;
    if (d.purpose == confirm_new_address) token = co_await make_token(d);
    auto l = email_about_change(d.purpose, d.username, public_url_, token);
    l.to = d.email;
    co_return l;
}

/// Strangers can register with an address as often as they like, so its owner gets only a few emails about that. Emails
/// for password resets are counted separately.
asio::awaitable<bool> recovery::may_send(const due& d)
{
    if (d.purpose != "verify" || d.tries > 0) co_return true;
    const auto place = co_await emails_.take("sign-up:" + d.email);
    co_return place.allowed;
}

asio::awaitable<mail::email> recovery::write(const due& d)
{
    const auto owner = co_await owner_beside(d);
    if (asks_for_proof(d.purpose) && !owner.empty()) co_return notice_for(d, owner);
    if (is_about_change(d.purpose)) co_return co_await email_about_change_of(d);
    const auto token = co_await make_token(d);
    co_return email_for(d, token);
}

asio::awaitable<void> recovery::remove(const due& d)
{
    co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
        return s.exec("DELETE FROM letters WHERE id = $1", d.id);
    });
}

asio::awaitable<bool> recovery::send_next(mail::mailer& by)
{
    const auto d = co_await claim();
    if (!d) co_return false;
    const bool allowed = co_await may_send(*d);
    if (!allowed) {
        co_await remove(*d);
        spdlog::info("mail: email {} dropped, because too many sign-ups gave its address", d->id);
        co_return true;
    }
    const auto l = co_await write(*d);
    const auto said = co_await by.deliver(l);
    const bool given_up = !said.empty() && d->tries + 1 >= most_tries;
    if (!said.empty())
        spdlog::warn("mail: email {} could not be sent: {}{}", d->id, said, given_up ? "; giving up" : "");
    if (said.empty() || given_up) co_await remove(*d);
    co_return true;
}

}  // namespace agora::auth
