// SPDX-License-Identifier: MIT
// Deleting an account. One transaction erases the profile, the address, the password, the keys and the sign-ins, and
// invalidates everything that is cached about them. What the member wrote stays without the name, or is deleted if the
// member wishes. The row of the user stays, so that its id is never given to anyone else. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/features/users/users.hpp>

namespace agora::auth {

class account_deletion {
 public:
    /// `erasers`: those of all slices that show users or keep what they write. Requires: all references outlive this.
    account_deletion(storage::outbox& outbox, service& accounts, const author_erasers& erasers)
        : outbox_{outbox}, accounts_{accounts}, erasers_{erasers}
    {}

    /// Fails if the password is wrong, or if the member is the only administrator. `scrub` also deletes what the member
    /// wrote.
    asio::awaitable<outcome<void>> remove(std::int64_t user_id, std::string password, bool scrub, origin from);

 private:
    storage::outbox& outbox_;
    service& accounts_;
    const author_erasers& erasers_;
};

}  // namespace agora::auth
