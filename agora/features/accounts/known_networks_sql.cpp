// SPDX-License-Identifier: MIT
// The known networks of accounts, in the table `sign_in_networks`. See known_networks.hpp.
#include <agora/features/accounts/known_networks.hpp>
#include <agora/log.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::accounts {
namespace {

constexpr std::chrono::hours exact_to{24};  // precision of seen_at; it is not updated more often

constexpr std::string_view seen_sql = "SELECT seen_at FROM sign_in_networks WHERE user_id = $1 AND network = $2";
constexpr std::string_view remember_sql =
    "INSERT INTO sign_in_networks (user_id, network, seen_at)"
    " SELECT user_id, $2, $3 FROM accounts WHERE user_id = $1"
    " ON CONFLICT (user_id, network) DO UPDATE SET seen_at = excluded.seen_at";
constexpr std::string_view forget_sql =
    "DELETE FROM sign_in_networks WHERE user_id = $1 AND network NOT IN"
    " (SELECT network FROM sign_in_networks WHERE user_id = $1 ORDER BY seen_at DESC, network LIMIT $2)";

}  // namespace

asio::awaitable<bool> known_networks::contains(std::int64_t user_id, std::string network)
{
    const auto seen = co_await outbox_.db().first<std::int64_t>(seen_sql, user_id, std::string_view{network});
    co_return seen.has_value();
}

asio::awaitable<void> known_networks::remember(std::int64_t user_id, std::string network)
{
    const auto now = clock_.wall();
    const auto seen = co_await outbox_.db().first<larder::timestamp>(seen_sql, user_id, std::string_view{network});
    if (seen && now - *seen < exact_to) co_return;
    try {
        co_await outbox_.write([&](storage::session& s, storage::invalidations&) -> asio::awaitable<bool> {
            co_await s.exec(remember_sql, user_id, std::string_view{network}, now);
            co_await s.exec(forget_sql, user_id, max_known_networks);
            co_return true;
        });
    } catch (const storage::sql_error& e) {
        // The account may have been deleted concurrently. Without the row, later sign-ins from the network may be
        // slowed down; nothing else depends on it.
        log::debug("could not record a network of account {}: {}", user_id, e.what());
    }
}

}  // namespace agora::accounts
