// SPDX-License-Identifier: MIT
// Leaving for good. The profile, the address, the password, keys and sign-ins are erased in one transaction, with all
// that caches know of them. What was written stays without the name, or is scrubbed, if that is wished. The row of the
// user stays, so that nobody gets his id or is taken for him. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/features/users/users.hpp>

namespace agora::auth {

class account_deletion {
 public:
    /// `erasers`: of all slices that show or keep what users write. Requires: all references outlive this.
    account_deletion(storage::outbox& outbox, service& accounts, std::vector<users::author_eraser> erasers)
        : outbox_{outbox}, accounts_{accounts}, erasers_{std::move(erasers)}
    {}

    /// Fails when the password is wrong, or when nobody would be left to administer.
    asio::awaitable<outcome<void>> remove(std::int64_t user_id, std::string password, bool scrub, origin from);

 private:
    storage::outbox& outbox_;
    service& accounts_;
    const std::vector<users::author_eraser> erasers_;
};

}  // namespace agora::auth
