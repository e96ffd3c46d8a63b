// SPDX-License-Identifier: MIT
// Leaving for good. The profile, the address, the password, keys and sign-ins are erased in one transaction, with all
// that caches know of them. What was written stays without the name, or is scrubbed, if that is wished. The row of the
// user stays, so that nobody gets his id or is taken for him. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/features/users/users.hpp>

namespace agora::auth {

class leaving {
 public:
    /// `farewells`: of all slices that show or keep what users write. Requires: all references outlive this.
    leaving(storage::outbox& changes, service& accounts, std::vector<users::farewell> farewells)
        : changes_{changes}, accounts_{accounts}, farewells_{std::move(farewells)}
    {}

    /// Fails when the password is wrong, or when nobody would be left to administer.
    asio::awaitable<outcome<void>> leave(std::int64_t user_id, std::string password, bool scrub, origin from);

 private:
    storage::outbox& changes_;
    service& accounts_;
    const std::vector<users::farewell> farewells_;
};

}  // namespace agora::auth
