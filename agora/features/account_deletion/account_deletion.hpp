// SPDX-License-Identifier: MIT
// Deleting an account. One transaction erases the profile, the address, the password, the keys and the sign-ins, and
// invalidates everything that is cached about them; each slice has registered its part (services/erasure.hpp). What the
// member wrote stays without the name, or is deleted if the member wishes. The row of the user stays, so that its id is
// never given to anyone else. Thread-safe.
#pragma once

#include <agora/features/authentication/authentication.hpp>
#include <agora/services/erasure.hpp>
#include <larder/json/schema.hpp>
#include <memory>

namespace agora::account_deletion {

namespace asio = boost::asio;

struct deletion_query {
    bool scrub = false;  ///< also delete what the member wrote; otherwise it stays, without the name
};
BOOST_DESCRIBE_STRUCT(deletion_query, (), (scrub))

inline constexpr larder::json::member_facts deletion_query_facts[]{
    {.name = "scrub",
     .meaning = "Whether the member's posts and comments are deleted, too. Otherwise they stay without the name.",
     .initial = "false"},
};
inline larder::json::type_facts facts_of(std::type_identity<deletion_query>)
{
    return {"DeletionQuery", "What else is deleted.", deletion_query_facts};
}

struct deletion_request {
    std::string password;
};
BOOST_DESCRIBE_STRUCT(deletion_request, (), (password))

/// The page on which members delete their accounts.
class page_routes;

inline constexpr larder::json::member_facts deletion_request_facts[]{
    {.name = "password", .meaning = "The current password.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<deletion_request>)
{
    return {"AccountDeletion", "Confirms that the member deletes the account.", deletion_request_facts};
}

/// DELETE /api/users/me. The handler removes the cookie, so it returns a response.
class slice {
 public:
    /// Requires: all references outlive this.
    slice(services& s, accounts::slice& accounts, security_events::slice& events,
          authentication::request_authenticator& authenticator);

    /// Fails if the password is wrong, or if the member is the only administrator. `scrub` also deletes what the member
    /// wrote.
    asio::awaitable<outcome<void>> remove(std::int64_t user_id, std::string password, bool scrub,
                                          http::client_info from);

 private:
    friend class page_routes;  // its form does what the handler does

    asio::awaitable<http::response> handle(http::member who, const http::request& r,
                                           const http::query<deletion_query>& q, const http::body<deletion_request>& b,
                                           const http::client_info& from);
    /// Deletes the sessions of a member whose account is gone. Returns a 204 that removes the cookie.
    asio::awaitable<http::response> end_sessions(http::member who, const http::request& r);

    storage::outbox& outbox_;
    const author_erasers& erasers_;
    const account_removers& removers_;
    accounts::slice& accounts_;
    security_events::slice& events_;
    authentication::request_authenticator& authenticator_;
    larder::session_store& sessions_;
    const larder::clock& clock_;
    const std::shared_ptr<page_routes> pages_;
};

/// Requires: both outlive the pages.
std::shared_ptr<page_routes> make_pages(services& s, slice& deletion);

}  // namespace agora::account_deletion
