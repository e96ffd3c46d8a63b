// SPDX-License-Identifier: MIT
// Emails that wait (table `letters`) and the tokens in them (table `one_time_tokens`). Several nodes may claim emails
// at the same time; each email is claimed once.
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::account_recovery {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t most_tokens = 20;  // valid tokens per account and purpose
constexpr auto first_pause = 2min;        // until the next try; doubles each time; longer than a delivery may take

constexpr std::string_view find_sql =
    "SELECT user_id, email FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3";
constexpr std::string_view use_sql =
    "DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, email";
constexpr std::string_view due_sql =
    "SELECT l.id, l.purpose, l.user_id, l.email, l.tries, u.username FROM letters l"
    " JOIN users u ON u.id = l.user_id WHERE l.due_at <= $1 ORDER BY l.due_at, l.id LIMIT 1";

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox} {}

    asio::awaitable<void> queue_reset(std::optional<token_owner> owner, const security_events::event& e,
                                      larder::timestamp now) override
    {
        std::optional<std::int64_t> user_id;
        if (owner) user_id = owner->user_id;
        const auto address = owner ? owner->email : std::string{};
        // The same rows are written whether or not there is an account, so that both take the same time. claim()
        // deletes rows without an account.
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
            co_await s.exec(
                "INSERT INTO letters (purpose, user_id, email, due_at, created_at) VALUES ($1, $2, $3, $4, $4)",
                purposes::reset, user_id, std::string_view{address}, now);
            co_await security_events::insert(s, e, now);
            co_return true;
        });
    }

    asio::awaitable<void> queue_verification(std::int64_t user_id, larder::timestamp now) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.exec(
                "INSERT INTO letters (purpose, user_id, email, due_at, created_at) SELECT 'verify', user_id, email, $2,"
                " $2 FROM accounts WHERE user_id = $1 AND email_verified_at IS NULL",
                user_id, now);
        });
    }

    asio::awaitable<void> queue_change(const token_owner& wanted, std::string_view old_address,
                                       const security_events::event& e, larder::timestamp now) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
            co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose = $2", wanted.user_id,
                            purposes::confirm_new_address);
            co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2", wanted.user_id,
                            purposes::confirm_new_address);
            co_await accounts::queue_email(s, purposes::confirm_new_address, wanted.user_id, wanted.email, now);
            co_await accounts::queue_email(s, purposes::warn_old_address, wanted.user_id, old_address, now);
            co_await security_events::insert(s, e, now);
            co_return true;
        });
    }

    asio::awaitable<std::optional<token_owner>> find_token(std::string_view hash, std::string_view purpose,
                                                           larder::timestamp now) override
    {
        co_return co_await outbox_.db().first<token_owner>(find_sql, hash, purpose, now);
    }

    asio::awaitable<std::optional<token_owner>> use_token(std::string_view hash, std::string_view purpose,
                                                          larder::timestamp now) override
    {
        co_return co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.first<token_owner>(use_sql, hash, purpose, now);
        });
    }

    asio::awaitable<void> add_token(const queued_email& of, const stored_token& t, larder::timestamp now) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
            co_await s.exec("DELETE FROM one_time_tokens WHERE expires_at <= $1", now);
            // Earlier tokens stay valid, because a stranger who requests emails for a member must not invalidate the
            // token that the member holds.
            co_await s.exec(
                "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND hash NOT IN (SELECT hash FROM"
                " one_time_tokens WHERE user_id = $1 AND purpose = $2 ORDER BY expires_at DESC, hash LIMIT $3)",
                of.user_id, std::string_view{of.purpose}, most_tokens - 1);
            co_await s.exec(
                "INSERT INTO one_time_tokens (hash, purpose, user_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
                std::string_view{t.hash}, std::string_view{of.purpose}, of.user_id, std::string_view{of.email},
                t.expires_at);
            co_return true;
        });
    }

    asio::awaitable<outcome<void>> change_address(std::string_view hash, const http::client_info& client,
                                                  larder::timestamp now) override
    {
        auto write = [&](storage::session& s, storage::invalidations&) -> asio::awaitable<outcome<void>> {
            const auto wanted = co_await s.first<token_owner>(use_sql, hash, purposes::confirm_new_address, now);
            if (!wanted) co_return bad_token();
            const auto user_id = wanted->user_id;
            const auto old = co_await s.first<std::string>("SELECT email FROM accounts WHERE user_id = $1", user_id);
            if (!old) co_return bad_token();
            const auto other = co_await s.first<std::int64_t>(
                "SELECT user_id FROM accounts WHERE email = $1 AND email_verified_at IS NOT NULL AND user_id <> $2",
                std::string_view{wanted->email}, user_id);
            if (other) co_return accounts::email_taken();
            co_await s.exec("UPDATE accounts SET email = $2, email_verified_at = $3 WHERE user_id = $1", user_id,
                            std::string_view{wanted->email}, now);
            co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1", user_id);
            co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose IN ('verify', 'reset')", user_id);
            co_await accounts::queue_email(s, purposes::old_address_replaced, user_id, *old, now);
            const auto changed = security_events::event::of_own_account("email_changed", user_id, client);
            co_await security_events::insert(s, changed, now);
            co_return outcome<void>{};
        };
        try {
            co_return co_await outbox_.write(write);
        } catch (const storage::sql_error& e) {
            if (e.reason() != storage::errc::unique_violation) throw;
            co_return accounts::email_taken();  // another account verified the address a moment earlier
        }
    }

    asio::awaitable<std::optional<queued_email>> claim(larder::timestamp now) override
    {
        const auto any =
            co_await outbox_.db().first<std::int64_t>("SELECT id FROM letters WHERE due_at <= $1 LIMIT 1", now);
        if (!any) co_return std::nullopt;
        co_return co_await outbox_.write(
            [&](storage::session& s, storage::invalidations&) -> asio::awaitable<std::optional<queued_email>> {
                co_await s.exec("DELETE FROM letters WHERE user_id IS NULL");
                auto found = co_await s.first<queued_email>(due_sql, now);
                if (!found) co_return std::nullopt;
                const auto pause = first_pause * (std::int64_t{1} << std::min<std::int64_t>(found->tries, 10));
                const auto mine =
                    co_await s.exec("UPDATE letters SET tries = tries + 1, due_at = $3 WHERE id = $1 AND tries = $2",
                                    found->id, found->tries, now + pause);
                if (mine != 1) co_return std::nullopt;  // another node was faster
                co_return found;
            });
    }

    asio::awaitable<void> remove(std::int64_t id) override
    {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) {
            return s.exec("DELETE FROM letters WHERE id = $1", id);
        });
    }

    asio::awaitable<std::string> owner_beside(const queued_email& e) override
    {
        const auto name = co_await outbox_.db().first<std::string>(
            "SELECT u.username FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.email = $1 AND a.user_id <> $2"
            " AND a.email_verified_at IS NOT NULL AND u.deleted_at IS NULL",
            std::string_view{e.email}, e.user_id);
        co_return name.value_or("");
    }

 private:
    storage::outbox& outbox_;
};

}  // namespace

std::unique_ptr<store> make_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

asio::awaitable<void> void_requests(storage::session& s, storage::invalidations&,
                                    const accounts::password_replacement& p)
{
    co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose IN ('reset', 'change')", p.user_id);
    co_await s.exec("DELETE FROM letters WHERE user_id = $1 AND purpose IN ('reset', 'change')", p.user_id);
}

asio::awaitable<void> remove_emails(storage::session& s, storage::invalidations&, std::int64_t user_id)
{
    co_await s.exec("DELETE FROM letters WHERE user_id = $1", user_id);
    co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1", user_id);
}

}  // namespace agora::account_recovery
