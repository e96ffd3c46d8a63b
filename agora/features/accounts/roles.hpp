// SPDX-License-Identifier: MIT
// Who may change whose role. Role changes and account deletions are serialized across all processes: each transaction
// first locks the roles with lock_roles(), and decides by what it reads after that. So if two administrators demote
// each other, or delete their accounts, at the same time, one of them stays.
#pragma once

#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agora::storage {
class session;
}

namespace agora::accounts {

namespace asio = boost::asio;

struct role_facts {
    std::optional<std::string> role;  ///< the member's role; nullopt: the member does not exist any more
    bool has_account = false;         ///< the member can sign in
    bool actor_is_admin = false;      ///< now, within the transaction
    std::int64_t other_admins = 0;    ///< administrators who can sign in, not counting the member
};

/// Locks the roles until the transaction ends. `actor_id`: 0 for the operator.
asio::awaitable<role_facts> lock_roles(storage::session& s, std::int64_t user_id, std::int64_t actor_id);

/// Pure. Whether the member may get the role `next`.
outcome<void> decide_role_change(const role_facts& f, std::string_view next);
/// Pure. Whether the member may delete the account.
outcome<void> decide_deletion(const role_facts& f);

}  // namespace agora::accounts
