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

struct list_query : api::page_query {
    std::optional<std::int64_t> user_id;  ///< default: events of all users
};
BOOST_DESCRIBE_STRUCT(list_query, (api::page_query), (user_id))

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
