// SPDX-License-Identifier: MIT
// The statements of the table `security_events`.
#include <agora/features/security_events/security_events.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::security_events {
namespace {

std::optional<std::int64_t> or_null(std::int64_t id) { return id == 0 ? std::nullopt : std::optional{id}; }

}  // namespace

asio::awaitable<void> insert(storage::session& s, const event& e, larder::timestamp now)
{
    co_await s.exec(
        "INSERT INTO security_events (at, event, user_id, actor_id, address, request_id, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        now, std::string_view{e.name}, or_null(e.user_id), or_null(e.actor_id), std::string_view{e.from.address},
        std::string_view{e.from.request_id}, std::string_view{e.detail});
}

asio::awaitable<std::vector<recorded_event>> select(storage::database& db, std::int64_t user_id, const api::window& w)
{
    const auto after = w.after.value_or(api::after_all).id;
    co_return co_await db.all<recorded_event>(
        "SELECT id, at, event, user_id, actor_id, address, request_id, detail FROM security_events"
        " WHERE (CAST($1 AS BIGINT) = 0 OR user_id = $1) AND id < $2 ORDER BY id DESC LIMIT $3 OFFSET $4",
        user_id, after, w.limit + 1, w.offset);
}

}  // namespace agora::security_events
