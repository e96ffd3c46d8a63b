// SPDX-License-Identifier: MIT
// The log of security events, which administrators read: sign-ins, failed sign-ins, and changes of accounts. Other
// slices record events, alone or in the transaction that makes them true. Rows are never changed. Thread-safe.
#pragma once

#include <agora/api/list.hpp>
#include <agora/http/client_info.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <larder/clock.hpp>
#include <larder/json/schema.hpp>
#include <optional>
#include <string>
#include <vector>

namespace agora {
struct services;
}
namespace agora::storage {
class database;
class outbox;
class session;
}  // namespace agora::storage

namespace agora::security_events {

namespace asio = boost::asio;

class event {
 public:
    event(std::string what, http::client_info client) : name{std::move(what)}, from{std::move(client)} {}
    /// An event that the user caused for their own account.
    static event of_own_account(std::string what, std::int64_t user, http::client_info client)
    {
        event e{std::move(what), std::move(client)};
        e.user_id = e.actor_id = user;
        return e;
    }
    std::string name;
    http::client_info from;
    std::int64_t user_id = 0;   ///< the account concerned; 0: none
    std::int64_t actor_id = 0;  ///< the user who caused the event; 0: unknown
    std::string detail;
};

/// An event as administrators read it.
struct recorded_event {
    std::int64_t id = 0;
    larder::timestamp at{};
    std::string event;
    std::optional<std::int64_t> user_id;
    std::optional<std::int64_t> actor_id;
    std::string address;
    std::string request_id;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(recorded_event, (), (id, at, event, user_id, actor_id, address, request_id, detail))

inline constexpr larder::json::member_facts recorded_event_facts[]{
    {.name = "id", .meaning = "The id of the event.", .least = 1},
    {.name = "at", .meaning = "When it happened."},
    {.name = "event", .meaning = "What happened, as a word, such as signed_in or sign_in_failed."},
    {.name = "user_id", .meaning = "The account that it concerns; null: none."},
    {.name = "actor_id", .meaning = "Who caused it; null: unknown."},
    {.name = "address", .meaning = "The client's address."},
    {.name = "request_id", .meaning = "Finds the request in the log of the server."},
    {.name = "detail", .meaning = "More about it, depending on the event."},
};
inline larder::json::type_facts facts_of(std::type_identity<recorded_event>)
{
    return {"SecurityEvent", "Something that concerns the security of an account.", recorded_event_facts};
}

struct list_query : api::page_query {
    std::optional<std::int64_t> user_id;  ///< default: events of all users
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (user_id))

inline constexpr larder::json::member_facts list_query_facts[]{
    {.name = "user_id", .meaning = "Only events of this account.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<list_query>)
{
    return {"SecurityEventQuery", "Which events to return.", list_query_facts};
}

/// Records the event in a transaction of the caller.
asio::awaitable<void> insert(storage::session& s, const event& e, larder::timestamp now);
/// Newest first, up to `w.limit + 1`; `user_id` 0: the events of all accounts.
asio::awaitable<std::vector<recorded_event>> select(storage::database& db, std::int64_t user_id, const api::window& w);

/// /api/admin/security-events.
class slice {
 public:
    explicit slice(services& s);
    asio::awaitable<void> record(event e);

 private:
    asio::awaitable<outcome<api::list<recorded_event>>> list(http::admin, const http::query<list_query>& q);

    storage::outbox& outbox_;
    const storage::cursor_signer& cursors_;
    const larder::clock& clock_;
};

}  // namespace agora::security_events
