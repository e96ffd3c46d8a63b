// SPDX-License-Identifier: MIT
// Who may take a role from whom. Changes of roles and departures of members run one after the other, in whatever
// process: each locks the roles in its transaction first, and decides by what it reads after that. So of two
// administrators who demote each other, or leave, at the same time, one stays.
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

namespace agora::auth {

namespace asio = boost::asio;

struct role_facts {
    std::optional<std::string> role;  ///< of the member concerned; none: there is no such member any more
    bool has_account = false;         ///< and can sign in
    bool actor_is_admin = false;      ///< at this moment
    std::int64_t other_admins = 0;    ///< who can sign in, beside the member concerned
};

/// Locks the roles until the transaction ends. `actor_id`: 0 for the operator.
asio::awaitable<role_facts> lock_roles(storage::session& s, std::int64_t user_id, std::int64_t actor_id);

/// Pure. `next`: the role that the member shall have.
outcome<void> decide_role_change(const role_facts& f, std::string_view next);
/// Pure. Whether a member may leave.
outcome<void> decide_deletion(const role_facts& f);

}  // namespace agora::auth
